"""
Generated filters, sorts and bodies, asked of both servers.

The same examples every time (derandomised); `PARITY_EXAMPLES` says how many per family, and a
failing example is shrunk to a small one before it is shown.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scripts.http_client import with_query
from tests.scenario import Pair, q

pytestmark = [pytest.mark.parity, pytest.mark.slow]

EXAMPLES = int(os.environ.get("PARITY_EXAMPLES", "300"))
POSTS = "/api/collections/posts/records"
KINDS = "/api/collections/kinds/records"
SHOW = "id"


def fuzz(share: float = 1.0) -> Any:
    """Settings of one family: repeatable, without a data base or a deadline."""
    return settings(
        max_examples=max(10, int(EXAMPLES * share)),
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


OPERATORS = st.sampled_from(["=", "!=", ">", ">=", "<", "<=", "~", "!~"])
ANY_OF = st.sampled_from(["", "", "?"])
TEXTS = [
    "",
    "a",
    "x",
    "test",
    "Alice",
    "hello",
    "Hello world",
    "red",
    "p1",
    "%o%",
    "_",
    "user00000000001",
    "tag000000000002",
    "0",
    "1",
    "2024",
    "[]",
    '["x"]',
    "ünï",
    "\\",
    "it\\'s",
]
LITERALS = st.one_of(
    st.sampled_from([f"'{text}'" for text in TEXTS]),
    st.sampled_from(['"b"', '""', '"O\'Reilly"']),
    st.integers(-3, 12).map(str),
    st.sampled_from(
        ["2.5", "-7.25", "100", "true", "false", "null", "null", "@now", "@todayStart", "@yearEnd"]
    ),
)
FAMILIES: dict[str, list[str]] = {
    "plain": ["id", "title", "body", "n", "published", "type", "when", "created", "title:lower", "type:lower", "collectionName"],
    "multi": ["opts", "opts:each", "opts:length", "editors", "editors:each", "editors:length", "tags", "tags:each", "tags:length", "author", "author.id"],
    "single relation": ["author.name", "author.level", "author.organization", "author.organization.name", "author.organization.active", "author.username:lower", "author.verified", "author.organization.id", "n", "title"],
    "multiple relation": ["editors.name", "editors.level", "editors.organization.name", "tags.label", "tags.rank", "tags.label:lower", "author.permissions.active", "author.permissions.name", "author.permissions.weight", "editors.permissions.active", "editors.permissions.weight", "author.permissions:each", "editors.permissions:length", "n"],
    "back relation": ["comments_via_post.id", "comments_via_post.likes", "comments_via_post.text", "comments_via_post:length", "comments_via_post.user.name", "comments_via_post.user.permissions.weight", "author.comments_via_user.likes", "author.posts_via_author.n", "tags_via_star.label", "tags.posts_via_tags.n", "editors.posts_via_editors.type", "n"],
    "json and geo": ["meta", "meta.a", "meta.b", "meta.b.c", "meta.b.c[0]", "meta[0]", "meta[1]", "meta.list", "meta.list.x", "meta:length", "meta.list:length", "loc", "loc.lon", "loc.lat", "n"],
    "functions": ["geoDistance(loc.lon, loc.lat, 13, 7)", "geoDistance(loc.lon, loc.lat, n, author.level)", "geoDistance(loc.lon, loc.lat, tags.rank, 0)", "strftime('%Y', when)", "strftime('%m', when, '+1 month')", "strftime('%Y-%m', created)", "strftime('%d', editors.created)", "n", "@month", "@hour"],
    "caller": ["@request.auth.id", "@request.auth.name", "@request.auth.level", "@request.auth.organization.name", "@request.auth.permissions.weight", "@request.auth.email", "@request.method", "@request.context", "@request.query.page", "@request.query.none", "author", "author.level", "n"],
    "other collections": ["@collection.users.level", "@collection.users.name", "@collection.users:x.name", "@collection.users:x.level", "@collection.tags.rank", "@collection.tags.label", "@collection.comments.likes", "@collection.comments.post", "author.name", "id", "n"],
}  # fmt: skip


def conditions(paths: list[str]) -> st.SearchStrategy[str]:
    """Return a strategy of filters over some paths, nested and mixed."""
    path = st.sampled_from(paths)
    right = st.one_of(LITERALS, LITERALS, LITERALS, path)
    one = st.tuples(path, ANY_OF, OPERATORS, right).map(lambda t: f"{t[0]} {t[1]}{t[2]} {t[3]}")
    flipped = st.tuples(LITERALS, ANY_OF, OPERATORS, path).map(
        lambda t: f"{t[0]} {t[1]}{t[2]} {t[3]}"
    )
    return st.recursive(
        st.one_of(one, one, one, flipped),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join),
            inner.map(lambda text: f"({text})"),
        ),
        max_leaves=4,
    )


def _mixed() -> st.SearchStrategy[str]:
    paths = [
        path
        for name, family in FAMILIES.items()
        if name not in {"caller", "other collections"}
        for path in family
    ]
    return conditions(paths)


@pytest.mark.parametrize("family", FAMILIES)
def test_filters(family: str, pair: Pair) -> None:
    """Random conditions over one family of paths choose the same records."""
    who = "superuser" if family in {"caller", "other collections"} else "alice"

    @fuzz(0.5)
    @given(conditions(FAMILIES[family]))
    def check(text: str) -> None:
        pair.check(q(with_query(POSTS, filter=text, sort="id", perPage=100, fields=SHOW), who=who))

    check()


def test_mixed_filters(pair: Pair) -> None:
    """Random conditions over all paths choose the same records, in the same order."""

    @fuzz()
    @given(
        _mixed(),
        st.sampled_from(
            [
                "id",
                "-id",
                "n,id",
                "-title,id",
                "author.name,-id",
                "-when,id",
                "opts:length,id",
                "loc.lon,id",
                "type,-n,id",
            ]
        ),
    )
    def check(text: str, sort: str) -> None:
        pair.check(
            q(with_query(POSTS, filter=text, sort=sort, perPage=100, fields=SHOW), who="alice")
        )

    check()


def test_rules(pair: Pair) -> None:
    """Random conditions as a rule let the same records through to the same people."""
    rule_paths = [
        *FAMILIES["caller"][:8],
        "owner",
        "owner.level",
        "owner.name",
        "title",
        "state",
        "owner.permissions.name",
        "owner.comments_via_user.likes",
    ]
    url = "/api/collections/rule_open"

    @fuzz(0.25)
    @given(conditions(rule_paths))
    def check(text: str) -> None:
        pair.check(
            q(url, "PATCH", {"listRule": text, "viewRule": text}, who="superuser"),
            *(
                q(f"{url}/records?sort=id&fields={SHOW}", who=who)
                for who in ("guest", "alice", "bob")
            ),
            q(f"{url}/records/rule00000000001?fields=id", who="alice"),
        )

    check()
    for side in (pair.reference, pair.ours):
        side.client("superuser").patch(url, {"listRule": "", "viewRule": ""})


SORTABLE = [
    path
    for name in ("plain", "single relation", "multi", "json and geo")
    for path in FAMILIES[name]
] + ["@rowid", "tags.label", "nope", "secret"]


def test_sorts(pair: Pair) -> None:
    """Random sorts put the records into the same order."""
    key = st.tuples(st.sampled_from(["", "-", "+"]), st.sampled_from(SORTABLE)).map("".join)

    @fuzz(0.5)
    @given(st.lists(key, min_size=1, max_size=3), st.integers(1, 3), st.integers(1, 12))
    def check(keys: list[str], page: int, per_page: int) -> None:
        sort = ",".join([*keys, "id"])
        pair.check(
            q(with_query(POSTS, sort=sort, page=page, perPage=per_page, fields=SHOW), who="alice")
        )

    check()


GARBAGE = st.text(alphabet="anidx.@_:'\"()=!<>~?&|/ 0159-%,\\[]ü\n", max_size=25)


def test_garbage(pair: Pair) -> None:
    """Text that is hardly a filter, sort, expand or fields list is refused in the same way."""

    @fuzz()
    @given(st.sampled_from(["filter", "filter", "sort", "expand", "fields"]), GARBAGE)
    def check(name: str, text: str) -> None:
        query = {"sort": "id", "perPage": 3, name: text}
        pair.check(q(with_query(POSTS, **query), who="alice"))

    check()


# -- bodies ----------------------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.sampled_from([0.5, -2.25, 1e20, 1e-9]), st.text(alphabet="aé😀 '\"\\<\n0", max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "lon"]), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
TAGS = [f"tag00000000000{i}" for i in range(1, 7)]
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=12),
    "text_strict": st.text(alphabet="abcA1", max_size=7),
    "editor_small": st.text(alphabet="aä<>", max_size=24),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
    "number_strict": st.integers(-8, 14) | st.sampled_from([0.5, "3", "-6"]),
    "bool": st.sampled_from([True, False, "true", "0", 1, "x"]),
    "email": st.text(alphabet="ab.@-+", max_size=8).map(lambda text: f"{text}@a.co") | st.text(alphabet="ab.@", max_size=8),
    "email_strict": st.sampled_from(["a@example.com", "b@example.org", "c@example.net"]),
    "url": st.text(alphabet="ab.:/?#@-", max_size=8).map(lambda text: f"http://{text}") | st.text(alphabet="htp:/a.", max_size=9),
    "date": st.datetimes().map(str) | st.datetimes().map(lambda d: d.isoformat()) | st.dates().map(str) | st.integers(0, 2 * 10**9),
    "date_strict": st.dates().map(str),
    "select_one": st.sampled_from(["a", "b", "c", "d", ""]),
    "select_many": st.lists(st.sampled_from(["a", "b", "c", "d", "e", ""]), max_size=5),
    "json": JSON,
    "json_small": JSON,
    "geo": st.fixed_dictionaries({"lon": st.floats(-200, 200), "lat": st.floats(-100, 100)}),
    "rel_one": st.sampled_from([*TAGS, ""]),
    "rel_many": st.lists(st.sampled_from(TAGS), max_size=5),
    "rel_min": st.lists(st.sampled_from(TAGS), max_size=5),
    "select_many+": st.sampled_from(["a", "d", "e"]),
    "select_many-": st.lists(st.sampled_from(["a", "b"]), max_size=2),
    "+rel_many": st.sampled_from(TAGS),
    "number+": st.integers(-5, 5),
    "number-": st.sampled_from([0.5, "1", "x"]),
}  # fmt: skip


def _modified(key: str) -> str:
    """Return what only one key of a body may have: the modifiers of a field share it."""
    field = key.strip("+-")
    return key if key == field else f"{field}, modified"


@st.composite
def bodies(draw: Any) -> dict[str, Any]:
    """Draw a body: a few fields, mostly with likely values, sometimes with any JSON at all.

    Of the modifiers of one field there is one: the reference applies several in random order.
    """
    keys = st.lists(st.sampled_from(list(LIKELY)), min_size=1, max_size=5, unique_by=_modified)
    names = draw(keys)
    return {name: draw(LIKELY[name] if draw(st.integers(0, 3)) else JSON) for name in names}


def test_bodies(pair: Pair) -> None:
    """Random bodies are stored, changed and refused alike, with the same error codes."""

    @fuzz()
    @given(bodies(), bodies())
    def check(made: dict[str, Any], changed: dict[str, Any]) -> None:
        where = f"{KINDS}/fuzz00000000001"
        pair.check(
            q(KINDS, "POST", {"id": "fuzz00000000001", **made}),
            q(where, "PATCH", changed),
            q(where, who="superuser"),
            q(where, "DELETE"),
        )

    check()


RAW = st.one_of(
    JSON.map(json.dumps),
    st.text(alphabet='{}[]":,\\ntrue10.e-a \u00e4', max_size=20),
    st.binary(max_size=12),
)


def test_raw_bodies(pair: Pair) -> None:
    """Text that is hardly JSON is refused alike."""

    @fuzz()
    @given(RAW)
    def check(raw: str | bytes) -> None:
        pair.check(
            q(POSTS, "POST", raw, headers={"Content-Type": "application/json"}),
            q(
                "/api/collections/users/auth-with-password",
                "POST",
                raw,
                headers={"Content-Type": "application/json"},
            ),
        )

    check()
