"""
Sentences of the rule language as rules of any collection, on what is expanded and on what is heard.

`GRAMMAR_EXAMPLES` says how many; the same examples come every time, so that a failing one stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.http_client import with_query
from tests.data.seed import make_id
from tests.parity.grammar import PLACES, Grammar
from tests.parity.odd_pair import open_pair
from tests.parity.story import BELLS, Story, options
from tests.parity.test_grammar import FUZZ, VALUES, chooser, fuzz, url
from tests.scenario import Pair, Scenario, q

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.parity, pytest.mark.slow]

WHO = ("alice", "bob", "guest", "eve")
RULES = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")
NEW = "fuzzed000000001"
ITEM, OTHER_ITEM, USER, OTHER_USER = (make_id(kind, n) for kind in ("item", "user") for n in (1, 2))
TAG, OTHER_TAG = make_id("tag", 1), make_id("tag", 2)
BODIES: dict[str, dict[str, tuple[Any, ...]]] = {
    "notes": {"item": (ITEM, "", None, "gone"), "who": (USER, ""), "likes": (0, 5, "3", "x"), "text": ("a", "note 1", 5), "extra": ({"a": 1}, None, "x", [1], "{bad")},
    "cards": {"items": ([ITEM, OTHER_ITEM], [], ITEM, "", ["gone"]), "items+": (make_id("item", 4),), "items-": (ITEM,), "label": ("a", "c1", ""), "n": (1, "2", None)},
    "tags": {"label": ("red", "x", ""), "rank": (1, 4, None), "kinds": (["k"], ["k", "l"], "k", "", ["zz"]), "kinds+": ("l",), "parent": (TAG, OTHER_TAG, "")},
    "passports": {"owner": (USER, make_id("user", 5), ""), "code": (3, 5), "stamps": ([TAG], [OTHER_TAG, TAG], [])},
    "users": {"email": ("alice@example.com", "new@example.com", "", "bad"), "emailVisibility": (True, False, "x"), "verified": (True, False), "name": ("Alice", "x", ""), "password": ("1234567890", "123"), "passwordConfirm": ("1234567890", ""), "oldPassword": ("1234567890", "x"), "level": (5, 0, "3"), "perms": (["perm00000000001"], ["perm00000000002", "perm00000000003"], []), "roles": (["admin"], ["reader", "editor"], "x"), "secret": ("s1", ""), "friends": ([USER], [OTHER_USER]), "prefs": ({"a": 1}, None, "{"), "home": ({"lon": 1, "lat": 2}, "")},
    "items": {**VALUES, "doc-": ("a_1.txt",), "pics-": ("p1.png", ["p2.png"]), "near": ([ITEM],)},
}  # fmt: skip
"""By collection: what bodies may say."""
KEPT = {"notes": "note", "cards": "card", "passports": "pass", "tags": "tag", "users": "user", "items": "item"}  # fmt: skip
ENDS = ("", "", ":isset", ":changed", ":each", ":length", ":lower", ".id", ".a", ".0", ".x:lower")


class BodyGrammar(Grammar):
    """Sentences that speak of the body of the collection they stand for."""

    def identifier(self) -> str:
        """Return any identifier that stands for a value, often one of the body."""
        if not self.chance(5):
            return super().identifier()
        name = self.one(tuple(BODIES[self.base])).strip("+-")
        target = dict(PLACES[self.base].steps).get(name)
        if target and self.one((True, False)):
            return f"@request.body.{name}.{self.path(target, 2)}"
        return f"@request.body.{name}{self.one(ENDS)}"


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, reference_command: list[str], ours_command: list[str]
) -> Iterator[Pair]:
    """Return both servers on copies of the odd data directory."""
    for both in open_pair(tmp_path_factory, reference_command, ours_command):
        both.check(q("/api/collections", "POST", BELLS, who="superuser"))
        yield both


def rules(base: str, **changed: Any) -> Scenario:
    return q(f"/api/collections/{base}?fields=id", "PATCH", changed, who="superuser")


def body(one: Callable[[Any], Any], base: str) -> dict[str, Any]:
    """Return a body for a record of *base*."""
    names = {one(tuple(BODIES[base])) for _ in range(one((0, 1, 2, 4)))}
    return {name: one(BODIES[base][name]) for name in sorted(names)}


def query(one: Callable[[Any], Any], base: str) -> str:
    """Return a query that expands whatever there is."""
    asked = {"q": one(("Alice", "5", "")), "blank": "", "perPage": 60}
    steps = ",".join(name for name, _ in PLACES[base].steps)
    return with_query("", expand=steps, fields=one(("id", "*", "*,expand.*.id")), **asked)


@pytest.mark.parametrize("base", BODIES)
def test_rules(base: str, pair: Pair) -> None:
    """Rules of any collection let the same callers do the same, whatever the bodies say."""
    records, kept = url(base), f"{url(base)}/{make_id(KEPT[base], 2)}"

    @fuzz(0.2)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        one = chooser(data)
        grammar = BodyGrammar(one, base)
        five = {rule: grammar.expression(one((0, 1, 2))) if one((0, 1)) else "" for rule in RULES}
        asked = query(one, base)
        made = {**(ACCOUNT if base == "users" else {}), **body(one, base), "id": NEW}
        pair.check(
            rules(base, **five),
            q(f"{records}{asked}&sort=id", who=one(WHO), headers=FUZZ),
            q(f"{kept}{asked}", who=one(WHO), headers=FUZZ),
            q(f"{kept}{asked}", "PATCH", body(one, base), who=one(WHO), headers=FUZZ),
            q(f"{records}{asked}", "POST", made, who=one(WHO), headers=FUZZ),
            q(f"{records}/{NEW}{asked}", "PATCH", body(one, base), who=one(WHO), headers=FUZZ),
            q(f"{records}/{NEW}", "DELETE", who=one(WHO), headers=FUZZ),
            q(f"{records}/{NEW}", "DELETE", who="superuser"),
        )

    check()
    pair.check(rules(base, **dict.fromkeys(RULES, "")))


ACCOUNT = {"email": "zz@example.com", "password": "1234567890", "passwordConfirm": "1234567890"}


def expand_path(one: Callable[[Any], Any], base: str, depth: int) -> str:
    """Return a path to expand."""
    steps = PLACES[base].steps
    name, target = one(steps)
    return name if not depth else f"{name}.{expand_path(one, target, depth - 1)}"


def test_expands(pair: Pair) -> None:
    """Whatever rule stands before what is expanded, the same is shown."""

    @fuzz(0.5)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        one = chooser(data)
        target = one(("users", "items", "tags", "notes", "orgs", "perms", "cards"))
        rule = one((None, "", Grammar(one, target).expression(1)))
        base = one(tuple(PLACES))
        paths = [expand_path(one, base, one((0, 1, 2, 4, 7))) for _ in range(one((1, 2, 4)))]
        fields = one(("*", "id,expand", "*,expand.*.id", "id,expand.*.*:excerpt(3)"))
        shown = {"expand": ",".join(paths), "fields": fields, "sort": "id", "perPage": 20}
        try:
            pair.check(
                rules(target, viewRule=rule),
                q(with_query(url(base), q="Alice", **shown), who=one(WHO), headers=FUZZ),
            )
        finally:
            pair.check(rules(target, viewRule=""))

    check()


def test_what_is_heard(pair: Pair) -> None:
    """Whatever the rules and the options are, the same changes are heard."""

    @fuzz(0.3)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        one = chooser(data)
        base = one(tuple(BODIES))
        record, grammar = make_id(KEPT[base], 3), BodyGrammar(one, base)
        steps = ",".join(name for name, _ in PLACES[base].steps)
        asked = one(
            ({"expand": steps}, {"filter": grammar.expression(1), "q": "Alice"}, {"q": "5"})
        )
        topics = (f"{base}/*{options(query=asked, headers=FUZZ)}", f"{base}/{record}")
        story = Story(pair)
        try:
            story.do(rules(base, listRule=grammar.expression(1), viewRule=grammar.expression(1)))
            story.subscribe(*topics, who=one((*WHO, "superuser")))
            story.hear(q(f"{url(base)}/{record}", "PATCH", body(one, base), who="superuser"))
        finally:
            story.close()
            pair.check(rules(base, listRule="", viewRule=""))

    check()
