"""
Changes of collections, with the records they hold.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import VIEW, f
from tests.parity.definitions import ALL, EXAMPLE, LETTER, USERS, Body, base
from tests.parity.test_collections import OPTIONS
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

CHANGED = "/api/collections/changed"
START = base(
    "changed",
    f("text", "a", id="fa"),
    f("number", "b", id="fb"),
    f("select", "s", id="fs", values=["x", "y", "z"], maxSelect=1),
    f("select", "m", id="fm", values=["x", "y", "z"], maxSelect=3),
    f("relation", "r", id="fr", collectionId=USERS, maxSelect=1),
    f("relation", "rr", id="frr", collectionId=USERS, maxSelect=3),
    indexes=["CREATE INDEX idx_changed_a ON changed (a)"],
    listRule="a != 'hidden'",
)
PK = f(
    "text",
    "id",
    id="text3208210256",
    primaryKey=True,
    required=True,
    system=True,
    min=15,
    max=15,
    pattern="^[a-z0-9]+$",
    autogeneratePattern="[a-z0-9]{15}",
)
A, B = f("text", "a", id="fa"), f("number", "b", id="fb")
S = f("select", "s", id="fs", values=["x", "y", "z"], maxSelect=1)
M = f("select", "m", id="fm", values=["x", "y", "z"], maxSelect=3)
R = f("relation", "r", id="fr", collectionId=USERS, maxSelect=1)
RR = f("relation", "rr", id="frr", collectionId=USERS, maxSelect=3)
CHANGES: dict[str, Body] = {
    "nothing": {},
    "rename": {"name": "renamed"},
    "rename case": {"name": "Changed"},
    "rename to taken": {"name": "posts"},
    "type": {"type": "auth"},
    "same type": {"type": "base"},
    "id": {"id": "otherid00000000"},
    "rules": {"listRule": None, "viewRule": "a = 'x'"},
    "bad rule": {"listRule": "nope = 1"},
    "drop indexes": {"indexes": []},
    "new index": {"indexes": ["CREATE UNIQUE INDEX idx_changed_b ON changed (b)"]},
    "index kept, case": {"indexes": ["create index IDX_CHANGED_A on CHANGED (A)"]},
    "unique impossible": {"indexes": ["CREATE UNIQUE INDEX idx_changed_m ON changed (s)"]},
    "add field": {"fields": [PK, A, B, S, M, R, RR, f("bool", "flag")]},
    "reorder": {"fields": [RR, R, M, S, B, A, PK]},
    "without id field": {"fields": [A, B]},
    "drop fields": {"fields": [PK, A]},
    "drop indexed field": {"fields": [PK, B]},
    "drop all": {"fields": []},
    "rename field": {"fields": [PK, {**A, "name": "aa"}, B, S, M, R, RR]},
    "rename field and index": {"fields": [PK, {**A, "name": "aa"}, B, S, M, R, RR], "indexes": ["CREATE INDEX idx_changed_a ON changed (aa)"], "listRule": "aa != ''"},
    "swap names": {"fields": [PK, {**A, "name": "b"}, {**B, "name": "a"}, S, M, R, RR], "listRule": ""},
    "same name, new id": {"fields": [PK, f("text", "a"), B, S, M, R, RR]},
    "same name, new type": {"fields": [PK, f("number", "a"), B, S, M, R, RR]},
    "same id, new type": {"fields": [PK, A, f("text", "b", id="fb"), S, M, R, RR]},
    "single to multi": {"fields": [PK, A, B, {**S, "maxSelect": 2}, M, {**R, "maxSelect": 4}, RR]},
    "multi to single": {"fields": [PK, A, B, S, {**M, "maxSelect": 1}, R, {**RR, "maxSelect": 1}]},
    "fewer values": {"fields": [PK, A, B, {**S, "values": ["x"]}, {**M, "values": ["x", "y"], "maxSelect": 2}, R, RR]},
    "multi to single and rename": {"fields": [PK, A, B, S, {**M, "maxSelect": 1, "name": "mm"}, R, RR]},
    "other collection": {"fields": [PK, A, B, S, M, {**R, "collectionId": "pbc_4107852781"}, RR]},
    "required": {"fields": [PK, {**A, "required": True}, B, S, M, R, RR]},
    "hidden": {"fields": [PK, {**A, "hidden": True}, B, S, M, R, RR]},
    "system field": {"fields": [{**PK, "name": "key"}, A]},
    "pk options": {"fields": [{**PK, "min": 3, "max": 0, "pattern": ""}, A]},
    "bad field": {"fields": [PK, {**A, "min": -1}]},
    "two errors": {"name": "posts", "fields": [PK, {**A, "min": -1}], "listRule": "x ="},
    "system": {"system": True},
    "fields null": {"fields": None},
    "indexes null": {"indexes": None},
    "name null": {"name": None},
    "name empty": {"name": ""},
    "rename while rule": {"name": "renamed2", "listRule": "@collection.renamed2.a = 'x'"},
}  # fmt: skip
ROWS = [
    {"id": "chg000000000001", "a": "one", "b": 1, "s": "x", "m": ["x", "y"], "r": "user00000000001", "rr": ["user00000000001", "user00000000002"]},
    {"id": "chg000000000002", "a": "12", "b": 2.5, "s": "", "m": [], "r": "", "rr": []},
    {"id": "chg000000000003", "a": "", "b": 0, "s": "z", "m": ["z"], "r": "user00000000003", "rr": ["user00000000004"]},
    {"id": "chg000000000004", "a": "hidden", "s": "x"},
]  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_change(name: str, pair: Pair) -> None:
    """A change of the definition changes the stored records as it does in the reference."""
    by = {"who": "superuser"}
    where = CHANGES[name].get("name")
    after = where if isinstance(where, str) and where.startswith("renamed") else "changed"
    pair.check(
        q(ALL, "POST", START, **by),
        *(q(f"{CHANGED}/records", "POST", row, **by) for row in ROWS),
        q(CHANGED, "PATCH", CHANGES[name], **by),
        q(f"{ALL}/{after}", **by),
        q(f"{ALL}/{after}/records?sort=id", **by),
        q(f"{ALL}/{after}/records?sort=id"),
        q(
            f"{ALL}/{after}/records",
            "POST",
            {"id": "chg000000000009", "a": "new", "m": ["y"]},
            **by,
        ),
        q(f"{ALL}/{after}/records/chg000000000001", "PATCH", {"a": "upd", "b+": 1}, **by),
        q(f"{ALL}/{after}/records/chg000000000001", **by),
        q(f"{ALL}/{after}", "DELETE", **by),
    )


# -- options of fields -----------------------------------------------------------------------------

VALUES: dict[str, list[Any]] = {
    "text": ["", "abc", "12"], "editor": ["", "<p>x</p>"], "number": [0, 5, 2.5, -1], "bool": [True, False],
    "email": ["", "a@example.com"], "url": ["", "http://example.com"], "date": ["", "2020-01-01 00:00:00.000Z"],
    "autodate": [""], "select": ["", "a", ["a", "b"]], "json": [None, {"a": 1}, "x"], "geoPoint": [{"lon": 1, "lat": 2}],
    "relation": ["", "user00000000001", ["user00000000001", "user00000000002"]], "file": [""], "password": ["", "1234567890"],
}  # fmt: skip
NEEDED: dict[str, Body] = {
    "select": {"values": ["a", "b", "c"], "maxSelect": 2},
    "relation": {"collectionId": USERS, "maxSelect": 2},
    "autodate": {"onCreate": True},
}
LAST: dict[str, list[Body]] = {
    "select": [{"values": ["a", "b"], "maxSelect": n} for n in (1, 0, 5, 2)],
    "relation": [{"collectionId": USERS, "maxSelect": n} for n in (1, 0, 5, 2)],
    "file": [{"maxSelect": n} for n in (1, 5, 0, 2)],
}


@pytest.mark.parametrize("kind", VALUES)
def test_options_of_a_field_change(kind: str, pair: Pair) -> None:
    """Every option can be set, refused and taken back on a field with records."""
    by, where = {"who": "superuser"}, f"{ALL}/opts_{kind}"
    needed = NEEDED.get(kind, {})

    def change(name: str = "v", type: str = kind, **options: Any) -> list[Scenario]:
        body = {"fields": [f(type, name, id="vv", **options)]}
        return [
            q(where, "PATCH", body, blur=EXAMPLE, **by),
            q(f"{where}/records?sort=id", **by),
        ]

    stored = [{"id": f"opt00000000000{i}", "v": value} for i, value in enumerate(VALUES[kind])]
    rows = [options for options in OPTIONS[kind] if "id" not in options]
    pair.check(
        q(ALL, "POST", base(f"opts_{kind}", f(kind, "v", id="vv", **needed)), **by),
        *(q(f"{where}/records", "POST", row, **by) for row in stored),
        *(step for options in (*rows, *LAST.get(kind, [])) for step in change(**options)),
        *change("V", **needed),
        *change("V", "json" if kind == "text" else "text", **needed),
        *change("other", **needed),
        q(where, "DELETE", **by),
    )


RELATION = f("relation", "r", id="rr", collectionId=USERS)
ELSEWHERE = {**RELATION, "collectionId": "pbc_3142635823", "minSelect": -1}
TEXT = f("text", "t", id="tt")
MIXED: dict[str, list[Body]] = {
    "relation and options": [ELSEWHERE, {**TEXT, "min": -1}],
    "relation and type": [ELSEWHERE, f("number", "t", id="tt")],
    "name and type": [RELATION, f("number", "t", id="tt"), f("text", "r", id="zz")],
    "another id": [f("text", "id", id="nid"), ELSEWHERE],
    "renamed id": [f("text", "idd", id="text3208210256"), f("number", "t", id="tt")],
    "no relation": [{**RELATION, "collectionId": ""}],
}


@pytest.mark.parametrize("name", MIXED)
def test_several_issues(name: str, pair: Pair) -> None:
    """The same one of several wrong things is told."""
    by = {"who": "superuser"}
    pair.check(
        q(ALL, "POST", base("mixed", RELATION, TEXT), **by),
        q(f"{ALL}/mixed", "PATCH", {"fields": MIXED[name]}, **by),
        q(f"{ALL}/mixed", "DELETE", **by),
    )


# -- indexes ---------------------------------------------------------------------------------------

IA = "create index ix_a on ix (a)"
INDEXES: dict[str, list[str]] = {
    "impossible": ["create unique index ix_u on ix (a)"],
    "other tables": ["create index ix_a on whatever (a)", "create index ix_b on `x y` (b)"],
    "name twice": [IA, "create index ix_a on ix (b)"],
    "if not exists": ["create index if not exists ix_a on ix (a)"],
    "schema": ["create index main.ix_a on ix (a)"],
    "temporary": ["create index temp.ix_a on ix (a)"],
    "schema of the table": ["create index ix_a on main.ix (a)"],
    "everything": ["create index ix_a on ix (a collate nocase desc, lower(b)) where a > '' and b is not null"],
    "name with space": ["create index 'ix a' on ix (a)"],
    "name with dash": ['create index "ix-a" on ix (`a`, [b])'],
    "where unknown": ["create index ix_a on ix (a) where nope = 1"],
    "unknown collation": ["create index ix_a on ix (a collate nope)"],
    "column twice": ["create index ix_a on ix (a, a)"],
    "sqlite's name": ["create index sqlite_x on ix (a)"],
    "no space": ["create index ix_a on ix(a)"],
    "lines": ["create index ix_a on ix\n(\n\ta\n)\n"],
    "comment before": ["/* c */ create index ix_a on ix (a)"],
    "comment inside": ["create index ix_a /* c */ on ix (a)"],
    "comment behind": ["create index ix_a on ix (a) -- c"],
    "function": ["create index ix_a on ix (substr(a,1,2), b)"],
    "expression": ["create index ix_a on ix (a || b)"],
    "parentheses": ["create index ix_a on ix ((a))"],
    "text": ['create index ix_a on ix ("nope")'],
    "name taken": ["create index idx_tokenKey__pb_users_auth_ on ix (b)"],
    "last": [IA],
}  # fmt: skip


def test_indexes_change(pair: Pair) -> None:
    """Indexes are normalised, refused and follow their collection and its fields."""
    by, where = {"who": "superuser"}, f"{ALL}/ix"
    a, b = f("text", "a", id="fa"), f("text", "b", id="fb")
    names = [a, {**a, "name": "b"}, {**b, "name": "a"}]
    pair.check(
        q(
            ALL,
            "POST",
            base("ix", a, b, indexes=[IA, "create unique index ix_ab on ix (a,b)"]),
            **by,
        ),
        *(q(f"{where}/records", "POST", {"a": "1", "b": x}, **by) for x in ("1", "2", "2")),
        *(q(where, "PATCH", {"indexes": texts}, **by) for texts in INDEXES.values()),
        q(where, "PATCH", {"name": "iy", "indexes": [IA]}, **by),
        q(f"{ALL}/iy", "PATCH", {"name": "ix"}, **by),
        q(where, "PATCH", {"fields": [{**a, "name": "aa"}, b]}, **by),
        q(where, "PATCH", {"fields": [a, b], "indexes": [IA]}, **by),
        q(where, "PATCH", {"fields": names[1:]}, **by),
        q(f"{where}/records?sort=b", **by),
        q(where, "PATCH", {"fields": [b]}, **by),
        q(where, "PATCH", {"fields": [b], "indexes": []}, **by),
        q(where, "DELETE", **by),
    )


E = "create unique index idx_e2 on users (email) where email != ''"
T = "create unique index idx_t2 on users (tokenKey)"
USER_INDEXES = [
    [], [E], [E, T], [E.replace("(email)", "(email collate nocase)"), T], [E.replace("(email)", "(email, name)"), T],
    [E.replace(" where email != ''", ""), T], [E.replace("unique ", ""), T], [E, T, "create unique index idx_n on users (name)"],
]  # fmt: skip


def test_indexes_of_system_fields(pair: Pair) -> None:
    """Those that sign-in needs cannot be lost."""
    by = {"who": "superuser"}
    pair.check(
        *(q(f"{ALL}/users", "PATCH", {"indexes": texts}, **by) for texts in USER_INDEXES),
        *(q(f"{ALL}/{name}", "PATCH", {"indexes": []}, **by) for name in ("_superusers", "_mfas")),
    )


SYSTEM: dict[str, tuple[str, Body]] = {
    "users options": (
        "users",
        {
            "authToken": {"duration": 1000},
            "mfa": {"enabled": False},
            "otp": {"enabled": True, "duration": 100, "length": 6},
        },
    ),
    "users password off": (
        "users",
        {"passwordAuth": {"enabled": False, "identityFields": ["email"]}},
    ),
    "users identity": ("users", {"passwordAuth": {"enabled": True, "identityFields": ["name"]}}),
    "users without index": ("users", {"indexes": []}),
    "users rename": ("users", {"name": "people"}),
    "people back": ("people", {"name": "users"}),
    "superusers rename": ("_superusers", {"name": "admins"}),
    "superusers rule": ("_superusers", {"listRule": ""}),
    "superusers field": ("_superusers", {"fields": [f("text", "extra")]}),
    "superusers password off": ("_superusers", {"passwordAuth": {"enabled": False}}),
    "superusers otp": ("_superusers", {"otp": {"enabled": True, "duration": 180, "length": 8}}),
    "superusers oauth2": ("_superusers", {"oauth2": {"enabled": True}}),
    "superusers token": ("_superusers", {"authToken": {"duration": 5000}}),
    "mfas rule": ("_mfas", {"listRule": ""}),
    "mfas rename": ("_mfas", {"name": "mfas"}),
    "origins fields": ("_authOrigins", {"fields": []}),
    "view query": ("stats", {"viewQuery": "SELECT id, title FROM posts"}),
    "view query bad": ("stats", {"viewQuery": "SELECT nope FROM posts"}),
    "view to base": ("stats", {"type": "base"}),
    "view back": ("stats", {"viewQuery": VIEW}),
    "posts title gone under a view": (
        "posts",
        {"fields": [f("text", "id", primaryKey=True, required=True, system=True)]},
    ),
}


@pytest.mark.parametrize("name", SYSTEM)
def test_change_existing(name: str, pair: Pair) -> None:
    """System collections keep what is theirs; existing ones change alike."""
    target, body = SYSTEM[name]
    pair.check(
        q(f"{ALL}/{target}", "PATCH", body, who="superuser", name=name),
        q(f"{ALL}/{target}", who="superuser"),
        q(f"{ALL}/users/auth-methods"),
    )


def test_truncate(pair: Pair) -> None:
    """Truncating empties a collection, unless a required relation points into it."""
    by = {"who": "superuser"}
    pair.check(
        q(f"{ALL}/rule_open/truncate", "DELETE", **by),
        q(f"{ALL}/rule_open/records", **by),
        q(f"{ALL}/parents/truncate", "DELETE", **by),
        q(f"{ALL}/parents/records", **by),
        q(f"{ALL}/kids_cascade/records", **by),
        q(f"{ALL}/_authOrigins/truncate", "DELETE", **by),
        q(f"{ALL}/perms/truncate", "DELETE", **by),
        q(f"{ALL}/users/records?sort=id&fields=id,permissions", **by),
    )


def test_rename_follows(pair: Pair) -> None:
    """References to a renamed collection and field follow the name where the reference's do."""
    by = {"who": "superuser"}
    tags = q(f"{ALL}/tags", "PATCH", {"name": "labels"}, **by)
    pair.check(
        tags,
        q(f"{ALL}/labels/records?sort=id", **by),
        q(f"{ALL}/posts/records?expand=tags&perPage=3&sort=id"),
        q(f"{ALL}/labels/records/tag000000000001?expand=posts_via_tags", **by),
        q(f"{ALL}/labels", "PATCH", {"name": "tags"}, **by),
        q(f"{ALL}/users", "PATCH", {"name": "members"}, **by),
        q(f"{ALL}/members", **by),
        q(f"{ALL}/members/records?sort=id", who="alice"),
        q(f"{ALL}/members", "PATCH", {"name": "users"}, **by),
    )


def test_rules_of_system_accounts(pair: Pair) -> None:
    """Nobody changes who may sign in to, or manage, an auth collection that is the system's own."""
    by = {"who": "superuser"}
    made = {"name": "sysauth", "type": "auth", "system": True, "manageRule": "id = 'a'"}
    bodies: list[dict[str, Any]] = [
        {"manageRule": "1 = 1"},
        {"manageRule": None},
        {"authRule": "1 = 1", "listRule": "1 = 1"},
        {"authRule": None},
        {"manageRule": "nope = 1"},
    ]
    pair.check(
        q(ALL, "POST", made, blur=LETTER, **by),
        *(q(f"{ALL}/sysauth", "PATCH", body, **by) for body in bodies),
    )
