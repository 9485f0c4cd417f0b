"""
Bodies of definitions: names of keys, ids, lengths, and what an import makes of fields it names.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.data.seed import f
from tests.parity.definitions import ALL, LETTER, USERS, Body, auth, base
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

FRESH = f"{ALL}/fresh"
STAMP = "2019-01-01 00:00:00.000Z"


def root(url: str, method: str = "GET", body: Any = None) -> Scenario:
    return q(url, method, body, who="superuser", blur=LETTER)


def post(body: Body) -> Scenario:
    return root(ALL, "POST", body)


def patch(body: Body, name: str = "fresh") -> Scenario:
    return root(f"{ALL}/{name}", "PATCH", body)


def put(*bodies: Body) -> Scenario:
    return root(f"{ALL}/import", "PUT", {"collections": list(bodies)})


def gone(*names: str) -> list[Scenario]:
    return [root(f"{ALL}/{quote(name)}", "DELETE") for name in names]


# -- keys ------------------------------------------------------------------------------------------

KEYS: list[Body] = [
    {"NAME": "other"}, {"Type": "auth"}, {"TYPE": 5}, {"LISTRULE": ""}, {"FIELDS": [f("text", "a")]}, {"Name": 5}, {"SYSTEM": True},
    {"Id": "x"}, {"listRule": "", "LISTRULE": 5}, {"type": "auth", "TYPE": "base"}, {"Created": STAMP}, {"PasswordAuth": {"enabled": False}},
    {"created": STAMP}, {"updated": STAMP}, {"created": "2019-01-01"}, {"type": None}, {"system": None}, {"indexes": None},
]  # fmt: skip


@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_letter_case_of_keys(keys: Body, pair: Pair) -> None:
    """Keys are exact, but for name and type of a new collection; dates are not taken from outside."""
    pair.check(
        post({"name": "fresh", **keys}),
        *gone("fresh", "other"),
        post(keys),
        *gone("other"),
        post({"name": "fresh"}),
        patch(keys),
        root(FRESH),
        *gone("fresh", "other"),
        put({"name": "fresh", **keys}),
        root(FRESH),
        *gone("fresh"),
    )


def test_null_as_a_change(pair: Pair) -> None:
    """Null is a collection without a name, nothing at all is no change."""
    head = {"Content-Type": "application/json"}
    texts = ("null", " null ", "", "{}", "[]", "5")
    pair.check(*(q(f"{ALL}/tags", "PATCH", x, headers=head, who="superuser") for x in texts))


def test_bodies_that_nobody_reads(pair: Pair) -> None:
    """A malformed body does no harm where none is expected."""
    by: Body = {"who": "superuser", "headers": {"Content-Type": "application/json"}}
    urls = (f"{ALL}/tags", f"{ALL}?perPage=1", "/api/settings", f"{ALL}/nope")
    pair.check(
        *(q(url, "GET", "{", **by) for url in urls),
        post(base("fresh")),
        q(FRESH, "DELETE", '{"a":1,"a":2}', **by),
        q(FRESH, "DELETE", "[]", **by),
    )


def test_import_with_a_blank_id(pair: Pair) -> None:
    """A blank id is none of a collection that the import means by its name."""
    pair.check(
        put({"name": "fresh"}), *(put({"name": "fresh", "id": id}) for id in (None, "")), *gone("fresh")
    )  # fmt: skip


# -- ids and names ---------------------------------------------------------------------------------

INDEXES: list[Body] = [
    {}, {"indexes": []}, {"indexes": None}, {"indexes": ["create unique index ix on fresh (email)"]}, {"indexes": ["nonsense"]},
]  # fmt: skip


@pytest.mark.parametrize("id", ["chosen", "c" * 80, "a b", USERS])
@pytest.mark.parametrize("body", INDEXES, ids=str)
def test_indexes_of_an_auth_collection(body: Body, id: str, pair: Pair) -> None:
    """Its first indexes are called after the name's id, those that it lacks after its own."""
    pair.check(post(auth(id=id, **body)), *gone("fresh"))


def test_taken_id_of_a_name(pair: Pair) -> None:
    """A name that was another's gets an id that is free, and so do its indexes."""
    for kind in ("base", "auth"):
        body: Body = {"name": "fresh", "type": kind}
        pair.check(
            post(body),
            patch({"name": "fresh2"}),
            post(body),
            patch({"name": "fresh3"}),
            put(body),
            root(FRESH),
            *gone("fresh", "fresh2", "fresh3"),
        )


IDS = [*(f"a{sign}" for sign in "-.!@#&+~é° _"), "é" * 50, "é" * 51, "x" * 100, "x" * 101, "PBC_x", "posts", USERS]  # fmt: skip


@pytest.mark.parametrize("id", IDS)
def test_id(id: str, pair: Pair) -> None:
    """An id is made of letters, digits and `_`; bytes are counted."""
    body = auth(id=id, listRule="x =")
    pair.check(post(base(id=id)), post(base(id=id)), *gone("fresh"), post(body))


def test_name_that_is_an_id(pair: Pair) -> None:
    """A stored collection cannot have the name that is its own id."""
    pair.check(
        post(base(id="fresh")),
        patch({"listRule": ""}),
        patch({"name": "fresh2"}),
        patch({"name": "fresh"}, "fresh2"),
        *gone("fresh2"),
        put({"name": "fresh", "id": "fresh"}),
        patch({"name": USERS}, "users"),
        put({"name": USERS}),
    )


NAMELESS = [
    {}, {"name": None}, {"name": ""}, {"name": "", "authToken": {"duration": 1}, "listRule": "x ="}, {"name": "a b"},
    {"name": "", "indexes": ["create index a on fresh (email)", "nonsense"]}, {"name": "x" * 256},
]  # fmt: skip


@pytest.mark.parametrize("body", NAMELESS, ids=str)
def test_auth_collection_without_a_name(body: Body, pair: Pair) -> None:
    """A missing name is told alone, not with the indexes that would be called after it."""
    pair.check(post({"type": "auth", **body}))


TEXTS: list[Body] = [
    *(base("fresh", f("text", "é" * n)) for n in (50, 51)),
    *(base("fresh", f("text", "a", id="é" * n)) for n in (50, 51)),
    *(base("fresh", f("text", "a", help="é" * n)) for n in (150, 151)),
    *(auth(authToken={"duration": 100, "secret": "é" * n}) for n in (14, 15, 127, 128)),
    {"name": "é" * 128},
]


@pytest.mark.parametrize("body", TEXTS, ids=str)
def test_lengths_are_bytes(body: Body, pair: Pair) -> None:
    """Limits of names, ids, help texts and secrets count bytes."""
    pair.check(post(body), *gone("fresh"))


def test_length_of_a_query(pair: Pair) -> None:
    """So does the limit of a query that is tried out."""
    texts = [f"select id, '{'é' * n}' as a from tags" for n in (2480, 2490)]
    pair.check(
        *(root(f"{ALL}/meta/dry-run-view?fields=fields", "POST", {"query": text}) for text in texts)
    )


# -- changes ---------------------------------------------------------------------------------------

A, B, C = f("text", "a", id="fa"), f("number", "b", id="fb"), f("bool", "c", id="fc")
CHANGED = [
    [f("number", "a", id="fa"), f("text", "b", id="fb")],
    [f("number", "a", id="fa"), f("text", "b", id="fb"), f("text", "c", id="fc")],
    [f("number", "a", id="fa"), {**B, "min": 5, "max": 1}],
]


@pytest.mark.parametrize("fields", CHANGED, ids=str)
def test_all_changed_types_are_told(fields: list[Body], pair: Pair) -> None:
    """Every field whose type would change is named."""
    pair.check(
        post(base("fresh", A, B, C)),
        patch({"fields": fields}),
        put({"name": "fresh", "fields": fields}),
        *gone("fresh"),
    )


TWINS = [
    [f("number", "b", id="fa")], [A, f("number", "b", id="fa")], [f("text", "a", id="fb")], [f("text", "b", id="fa"), f("number", "b")],
    [f("text", "a", id="1"), f("text", "a", id="2")], [f("text", "a", min=1)], [f("text", "a", min=1, id="z")], [f("number", "c", id="fa")],
    [f("number", "a")], [f("text", "a", id="fb"), f("number", "b", id="fa")], [f("text", "x"), f("number", "x")],
]  # fmt: skip


@pytest.mark.parametrize("fields", TWINS, ids=str)
def test_import_names_fields_under_other_ids(fields: list[Body], pair: Pair) -> None:
    """A stored field takes the place of the first that is called as it is and has its type."""
    name = "twin" + str(TWINS.index(fields))
    pair.check(
        post(base(name, A, B)),
        put({"name": name, "fields": fields}),
        # NOTE: the reference shows what it refused until the next change
        patch({"listRule": ""}, "tags"),
        root(f"{ALL}/{name}"),
        root(f"{ALL}/{name}/records", "POST", {}),
        *gone(name),
    )


KEY = f("text", "a", id="text3208210256", primaryKey=True, required=True)
ODD_FIELDS: dict[str, tuple[str, list[Body]]] = {
    "id of the id": ("base", [A, B, KEY]),
    "another id": ("base", [A, f("text", "pk", primaryKey=True, required=True)]),
    "id of the e-mail": ("auth", [A, f("text", "x", id="email3885137012")]),
    "e-mail under another id": ("auth", [A, f("email", "email", id="zz")]),
    "id of the e-mail for another": ("auth", [A, f("email", "verified", id="email3885137012")]),
    "two of one new name": ("base", [A, f("editor", "z", id="z1"), f("bool", "z", id="z2")]),
}


@pytest.mark.parametrize("name", ODD_FIELDS)
def test_fields_in_place_of_system_fields(name: str, pair: Pair) -> None:
    """Fields with the ids of system fields, and what a table cannot be changed to."""
    kind, fields = ODD_FIELDS[name]
    body: Body = {"name": "fresh", "type": kind, "fields": fields}
    pair.check(
        post(body),
        *gone("fresh"),
        post({**body, "fields": [A]}),
        patch({"fields": fields}),
        put(body),
        *gone("fresh"),
        put(body),
        # NOTE: the reference shows what it refused until the next change
        patch({"listRule": ""}, "tags"),
        *gone("fresh"),
    )


def test_import_moves_a_relation(pair: Pair) -> None:
    """An import may let a relation point elsewhere, which a change may not."""
    link = f("relation", "r", id="rr", collectionId=USERS)
    moved = {**link, "collectionId": "pbc_1125843985"}
    pair.check(
        post(base("fresh", link)),
        patch({"fields": [moved]}),
        put({"name": "fresh", "fields": [moved]}),
        root(FRESH),
        *gone("fresh"),
    )


PROVIDER = {"name": "google", "clientId": "a", "clientSecret": "b"}


def test_superusers_have_no_providers(pair: Pair) -> None:
    """What is sent of providers for superusers is dropped; the names of fields stay."""
    where, mapped = f"{ALL}/_superusers", {"id": "id", "name": "email"}
    oauth2 = {"enabled": True, "providers": [PROVIDER], "mappedFields": mapped}
    pair.check(
        patch({"oauth2": oauth2}, "_superusers"),
        put({"name": "_superusers", "oauth2": {"providers": [{"name": "nope"}]}}),
        root(f"{where}?fields=oauth2"),
    )


def test_json_limit_and_null(pair: Pair) -> None:
    """The shortest limit of a JSON field lets nothing pass, not even a written null."""
    values: list[Body] = [{}, {"v": None}, {"v": "null"}, {"v": ""}, {"v": 5}, {"v": 55}]
    pair.check(
        post(base("fresh", f("json", "v", maxSize=1))),
        *(root(f"{FRESH}/records", "POST", body) for body in values),
        *gone("fresh"),
    )


# -- lists -----------------------------------------------------------------------------------------

FILTERS = [
    "name = '@request.x'", "name = '@collection.posts.id'", "name != 'x' // @request", "name:lower = 'posts'", "name:length > 1", "name:each = 'x'",
    "name:isset = true", "@request.auth:isset = true", "strftime('%Y', created:lower) = '2026'", "@collection.posts.id = ''", "@now:lower = 1",
]  # fmt: skip
SORTS = ["name:lower", "-name:length", "@collection.posts.id", "@request.auth.id", "name:each"]


@pytest.mark.parametrize("where", ["/api/collections", "/api/logs"])
def test_lists_know_columns_only(where: str, pair: Pair) -> None:
    """Modifiers, requests and other collections are no columns; texts and comments may say what they like."""
    filters = [text if "coll" in where else text.replace("name", "message") for text in FILTERS]
    urls = [f"filter={quote(text)}" for text in filters] + [f"sort={quote(text)}" for text in SORTS]
    pair.check(*(root(f"{where}?fields=page&skipTotal=1&perPage=1&{url}") for url in urls))
