"""
Changes of collections, with the records they hold.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import VIEW, f
from tests.parity.definitions import ALL, EXAMPLE, USERS, Body, base
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
