"""
Definitions at the edge of what is allowed: options, keys, indexes, sign-in and imports.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import f
from tests.parity.definitions import ALL, LETTER, USERS, Body, auth, base, create
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

BY: dict[str, Any] = {"who": "superuser"}
HUGE = (9007199254740991, 9007199254740992)

# -- fields ----------------------------------------------------------------------------------------

DOMAINS = [
    "EXAMPLE.com", "example.COM", "A.b", "aA.b", "aAb.c", "AAA.c", "a-A.b", "xn--A.b", "a.xn--abc", "a. xn--abc", "a.b.C", "AbC.d",
]  # fmt: skip
KEY = {"primaryKey": True, "required": True, "pattern": "^[a-z]+$"}
FIELDS: dict[str, Body] = {
    **{f"domain {name}": f("email", "e", onlyDomains=[name]) for name in DOMAINS},
    **{f"most links {n}": f("relation", "r", collectionId=USERS, maxSelect=n) for n in HUGE},
    **{f"least links {n}": f("relation", "r", collectionId=USERS, minSelect=n) for n in HUGE},
    **{
        f"sample for pattern {text}": f("text", "t", pattern=text, autogeneratePattern="[a-z]{3}")
        for text in ("(", "*", "+a", "[z-a]", "\\1", "\\Z", "(?#x)", "a**", "\\")
    },
    "sample of a control character": f("text", "t", pattern="^x$", autogeneratePattern="\\t"),
    "sample with a quote": f("text", "t", pattern="^x$", autogeneratePattern='"'),
    "sample beyond a negative limit": f("text", "t", max=-1, autogeneratePattern="[a-z]{9}"),
    "blank sample": f("text", "t", autogeneratePattern="a{0}"),
    "blank sample of a key": f("text", "id", **KEY, autogeneratePattern="a{0}"),
    "key of a bad name": f("text", "x y", primaryKey=True),
    "key of a long name": f("text", "x" * 101, primaryKey=True),
    "key of a reserved name": f("text", "collectionId", primaryKey=True),
    "key of another name": f("text", "other", primaryKey=True),
    "large bound": f("number", "n", min=1e20, max=2),
    "very large bound": f("number", "n", min=1e21, max=2),
    "small bound": f("number", "n", min=2, max=1e-7),
}


@pytest.mark.parametrize("name", FIELDS)
def test_field(name: str, pair: Pair) -> None:
    """Options at their limits, and what the message about them says."""
    pair.check(*create(base("fresh", FIELDS[name]), name))


def test_large_bounds_of_values(pair: Pair) -> None:
    """A refused number tells the bound as the reference prints it."""
    records = f"{ALL}/fresh/records"
    pair.check(
        q(
            ALL,
            "POST",
            base("fresh", f("number", "n", min=1e20), f("number", "m", max=-1e21)),
            **BY,
        ),
        q(records, "POST", {"n": 1, "m": 1}, **BY),
        q(f"{ALL}/fresh", "DELETE", **BY),
    )


def test_two_fields_of_one_name(pair: Pair) -> None:
    """A rule speaks of the first of two fields with one name."""
    fields = (f("relation", "r", collectionId=USERS, id="r1"), f("text", "r", id="r2"))
    pair.check(
        q(ALL, "POST", base("fresh", *fields, listRule="r.name = 'x'"), **BY),
        q(ALL, "POST", base("fresh", *reversed(fields), listRule="r.name = 'x'"), **BY),
    )


def test_rules_about_the_former_name(pair: Pair) -> None:
    """A name in other letters is that of the collection as it was before the change."""
    rule = "@collection.fresh.b ?= 'x'"
    steps = create(base("fresh", f("text", "b", id="fb"), listRule=rule))
    change = {"name": "Fresh", "fields": [f("text", "c", id="fb")]}
    pair.check(
        steps[0], q(f"{ALL}/fresh", "PATCH", change, **BY), q(f"{ALL}/fresh", "DELETE", **BY)
    )


INDEXES = {
    "two without a column": ["CREATE INDEX i1 ON fresh (nope)", "CREATE INDEX i2 ON fresh (gone)"],
    "one good between": [
        "CREATE INDEX i1 ON fresh (nope)",
        "CREATE INDEX i2 ON fresh (a)",
        "CREATE INDEX i3 ON fresh (a COLLATE bad)",
    ],
}


@pytest.mark.parametrize("name", INDEXES)
def test_refused_indexes(name: str, pair: Pair) -> None:
    """Every index that cannot be made is named."""
    pair.check(*create(base("fresh", f("text", "a"), indexes=INDEXES[name]), name))


# -- signing in ------------------------------------------------------------------------------------

IDENTITIES = [["", "nope"], ["email", ""], ["", ""], ["email", "nope."]]


@pytest.mark.parametrize("fields", IDENTITIES, ids=str)
def test_blank_identity_fields(fields: list[str], pair: Pair) -> None:
    """Blank names among the identity fields."""
    pair.check(*create(auth(passwordAuth={"enabled": True, "identityFields": fields})))


SECRETS: list[Body] = [
    {"authRule": "id != ''", "authToken": {"secret": ""}},
    {"authRule": "id != ''", "authToken": {"secret": "short"}},
    {"authRule": "id != ''", "authToken": None},
    {"authRule": "id != ''", "authToken": {"duration": 77}},
    {"authToken": {"secret": ""}},
]


@pytest.mark.parametrize("change", SECRETS, ids=str)
def test_secret_beside_a_new_rule(change: Body, pair: Pair) -> None:
    """A secret is looked at before a new rule replaces it."""
    pair.check(
        q(ALL, "POST", auth(), **BY, blur=LETTER),
        q(f"{ALL}/fresh", "PATCH", change, **BY, blur=LETTER),
        q(f"{ALL}/fresh", "DELETE", **BY),
    )


GOOGLE = {"name": "google", "clientId": "a", "clientSecret": "s"}
EXTRA: Body = {"a": 1, "o": {"x": 1}, "l": [1], "s": "t", "n": None, "b": True}
EXTRAS: list[Any] = [
    {"b": 2}, {"a": 2}, {"a": 2.5}, {"a": "x"}, {"a": [1]}, {"a": None}, {"o": {"y": 2}}, {"o": 1}, {"l": [2, 3]}, {"l": {}}, {"s": 1}, {"n": [2]}, {}, None,
]  # fmt: skip


def test_extras_of_providers(pair: Pair) -> None:
    """What is sent of a provider's `extra` goes over what is there, type by type."""
    where = f"{ALL}/fresh"
    pair.check(
        q(ALL, "POST", auth(oauth2={"providers": [{**GOOGLE, "extra": EXTRA}]}), **BY, blur=LETTER),
        *(_patch_provider({"name": "google", "extra": extra}) for extra in EXTRAS),
        q(where, "DELETE", **BY),
    )


def test_nameless_providers(pair: Pair) -> None:
    """A provider with a blank name keeps what is not said of it, one without a name does not."""
    pair.check(
        q(ALL, "POST", auth(), **BY, blur=LETTER),
        *(_patch_provider(body) for body in ({**GOOGLE, "name": ""}, {"name": ""}, {})),
        q(f"{ALL}/fresh", "DELETE", **BY),
    )


def _patch_provider(body: Body) -> Scenario:
    change = {"oauth2": {"enabled": False, "providers": [body]}}
    return q(f"{ALL}/fresh", "PATCH", change, **BY, blur=LETTER)


# -- imports ---------------------------------------------------------------------------------------

OLD = base(
    "imp", f("text", "t", id="ft", max=9), f("number", "n", id="fn", min=1), id="imp000000000009"
)
IMPORTS: dict[str, Body] = {
    "no fields": {"id": OLD["id"], "name": "imp"},
    "no fields, but a type": {"id": OLD["id"], "name": "imp", "type": "base"},
    "no fields, by name": {"name": "imp"},
    "blank fields": {"id": OLD["id"], "name": "imp", "fields": []},
    "null fields": {"id": OLD["id"], "name": "imp", "fields": None},
    "field under another id": {"id": OLD["id"], "fields": [f("number", "n", id="other", min=5)]},
    "field without an id": {"id": OLD["id"], "fields": [f("number", "n", min=5)]},
    "key under another id": {"id": OLD["id"], "fields": [f("text", "id", id="zz", min=3)]},
    "key without an id": {"id": OLD["id"], "fields": [f("text", "id", min=3)]},
    "blank created": {"id": OLD["id"], "created": ""},
}


@pytest.mark.parametrize("is_exact", [False, True])
@pytest.mark.parametrize("name", IMPORTS)
def test_import_over(name: str, pair: Pair, *, is_exact: bool) -> None:
    """What an import leaves of a collection that it names in part."""
    others = pair.reference.client("superuser").get(ALL, perPage=500).value["items"]
    kept = [c for c in others if c["type"] != "view" and not c["name"].startswith("imp")]
    body = {"collections": [*kept, {"name": "imp", **IMPORTS[name]}], "deleteMissing": is_exact}
    pair.check(
        q(f"{ALL}/import", "PUT", {"collections": [OLD]}, **BY),
        q(f"{ALL}/import", "PUT", body, **BY, name=name),
        q(f"{ALL}/imp?fields=name,type,fields,indexes,listRule", **BY),
        q(f"{ALL}/imp", "DELETE", **BY),
    )
