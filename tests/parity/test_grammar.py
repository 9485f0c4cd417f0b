"""
Sentences of the rule language over a data directory full of odd values, asked of both servers.

`GRAMMAR_EXAMPLES` says how many; the same examples come every time, so that a failing one stays.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scripts.http_client import with_query
from tests.parity.grammar import Grammar
from tests.parity.odd_pair import open_pair
from tests.scenario import Pair, q

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.parity, pytest.mark.slow]

EXAMPLES = int(os.environ.get("GRAMMAR_EXAMPLES", "60"))
BASES = ("items", "users", "stats", "notes", "cards", "tags")
WHO = ("superuser", "alice", "bob", "guest")
FUZZ = {"X-Fuzz": "test"}


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, reference_command: list[str], ours_command: list[str]
) -> Iterator[Pair]:
    """Return both servers on copies of the odd data directory."""
    yield from open_pair(tmp_path_factory, reference_command, ours_command)


def fuzz(share: float = 1.0) -> Any:
    """Settings of one family: repeatable, without a data base or a deadline."""
    return settings(
        max_examples=max(5, int(EXAMPLES * share)),
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def chooser(data: st.DataObject) -> Callable[[Any], Any]:
    """Return a function that lets hypothesis choose one of some options."""
    return lambda options: data.draw(st.sampled_from(options))


def url(base: str) -> str:
    """Return the address of a collection's records."""
    return f"/api/collections/{base}/records"


@pytest.mark.parametrize("base", BASES)
def test_filters(base: str, pair: Pair) -> None:
    """Any filter chooses the same records, counts them alike, and is refused alike."""

    @fuzz(1.0 if base == "items" else 0.4)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        one = chooser(data)
        grammar = Grammar(one, base)
        text = grammar.tied() if one((False, False, True)) else grammar.expression(one((0, 1, 2)))
        asked = {"q": one(("Alice", "5", "")), "blank": "", "perPage": 200, "fields": "id"}
        path = with_query(url(base), filter=text, sort="id", **asked)
        pair.check(q(path, who=one(WHO), headers=FUZZ))

    check()


def test_sorts(pair: Pair) -> None:
    """Any sort puts the records into the same order, or is refused alike."""

    @fuzz(0.5)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        one = chooser(data)
        base = one(BASES)
        grammar = Grammar(one, base)
        text = "" if one((True, False)) else grammar.expression(1)
        path = with_query(
            url(base), filter=text, sort=grammar.sort(), perPage=one((200, 3)), fields="id"
        )
        # NOTE: callers without rules in their way: where a key has several values for one record,
        # which of them counts depends on how the database walks through the joins
        pair.check(q(path, who="superuser"))

    check()


RULES = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")
NEW = "fuzzed000000001"
VALUES: dict[str, tuple[Any, ...]] = {
    "title": ("a", "Alpha", "", 5, None),
    "n": (0, 1, "5", 2.5, "x", None),
    "on": (True, False, "true"),
    "author": ("user00000000001", "user00000000002", "", None),
    "editors": ([], ["user00000000001"], ["user00000000002", "user00000000003"], ""),
    "tags": ([], ["tag000000000001"], ["tag000000000002", "tag000000000003"]),
    "opts": ([], ["x"], ["x", "y"], "z"),
    "type": ("a", "", "1"),
    "meta": (None, {"a": 1}, [1], "x", '{"a":1}', 5, True),
    "tags+": ("tag000000000002",),
    "n+": (1, -2),
    "next": ("item00000000003", ""),
    "loc": ({"lon": 3, "lat": 1},),
    "when": ("2024-01-02", ""),
    "nope": (1, "x", None),
}  # fmt: skip


def body(one: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a body for a record of items."""
    names = {one(tuple(VALUES)) for _ in range(one((0, 1, 2, 4)))}
    return {name: one(VALUES[name]) for name in sorted(names)}


def test_rules(pair: Pair) -> None:
    """Any rule lets the same callers list, view, update, create and delete, or is refused alike."""
    collection, records = "/api/collections/items?fields=id", url("items")

    @fuzz(0.4)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        one = chooser(data)
        rule = Grammar(one).expression(one((0, 1, 2)))
        pair.check(q(collection, "PATCH", dict.fromkeys(RULES, rule), who="superuser"))
        who = one(("alice", "bob", "guest"))
        by = {"who": who, "headers": FUZZ}
        query = with_query("", q=one(("Alice", "5", "")), blank="", fields="id")
        try:
            pair.check(
                q(f"{records}{query}&sort=id&perPage=100", **by),
                q(f"{records}/item00000000002{query}", **by),
                q(f"{records}/item00000000002{query}", "PATCH", body(one), **by),
                q(f"{records}{query}", "POST", {**body(one), "id": NEW}, **by),
                q(f"{records}/{NEW}", "DELETE", **by),
            )
        finally:
            for side in (pair.reference, pair.ours):
                side.client("superuser").delete(f"{records}/{NEW}")

    check()
