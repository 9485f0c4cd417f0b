"""
A data directory for generated filters: relations of every shape, locked and hidden places, odd values.

Seeded over HTTP like the template; some values that no API lets in are then put into the file itself.
"""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

from tests.data.seed import OPEN, PASSWORD, STAMPS, f, make_id

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.http_client import Client

Body = dict[str, Any]
PEOPLE = ("alice", "bob", "carol", "dave", "eve")
ITEMS = 18


def seed_odd(client: Client) -> None:
    """Fill an empty server; *client* speaks as a superuser."""
    ids = {"users": client.must("GET", "/api/collections/users")["id"]}
    for step in (_small, _users, _items, _around, _records):
        step(client, ids)


def _collection(client: Client, ids: dict[str, str], name: str, fields: list[Body], **options: Any) -> None:
    body = {"name": name, "type": "base", "fields": fields, **OPEN, **options}
    ids[name] = client.must("POST", "/api/collections", body)["id"]


def _rel(name: str, target: str, most: int = 1, **options: Any) -> Body:
    return f("relation", name, collectionId=target, maxSelect=most, **options)


def _record(client: Client, collection: str, body: Body) -> None:
    client.must("POST", f"/api/collections/{collection}/records", body)


def _small(client: Client, ids: dict[str, str]) -> None:
    _collection(client, ids, "orgs", [f("text", "name"), f("bool", "active"), f("number", "score")])
    _collection(client, ids, "perms", [f("text", "name"), f("bool", "active"), f("number", "weight")], listRule="weight < 40")
    _collection(client, ids, "vault", [f("text", "name"), f("number", "n")], listRule=None, viewRule=None)
    _collection(client, ids, "tags", [f("text", "label"), f("number", "rank"), f("select", "kinds", values=["k", "l"], maxSelect=2)], listRule="rank != 4 || @request.auth.level > 4")
    tags = client.must("GET", "/api/collections/tags")
    client.must("PATCH", "/api/collections/tags", {"fields": [*tags["fields"], _rel("parent", ids["tags"])]})


def _users(client: Client, ids: dict[str, str]) -> None:
    users = client.must("GET", "/api/collections/users")
    fields = [
        *users["fields"],
        _rel("org", ids["orgs"]),
        _rel("perms", ids["perms"], 4),
        _rel("boss", ids["users"]),
        _rel("friends", ids["users"], 5),
        f("number", "level"),
        f("date", "born"),
        f("json", "prefs"),
        f("geoPoint", "home"),
        f("select", "roles", values=["admin", "editor", "reader"], maxSelect=3),
        f("text", "secret", hidden=True),
    ]
    client.must("PATCH", "/api/collections/users", {"fields": fields, "listRule": "", "viewRule": ""})


def _items(client: Client, ids: dict[str, str]) -> None:
    fields = [
        f("text", "title"),
        f("editor", "body"),
        f("number", "n"),
        f("bool", "on"),
        f("email", "email"),
        f("url", "site"),
        f("select", "type", values=["a", "b", "c", "1"], maxSelect=1),
        f("select", "opts", values=["x", "y", "z", "w"], maxSelect=4),
        f("file", "doc", maxSelect=1),
        f("file", "pics", maxSelect=3),
        _rel("author", ids["users"]),
        _rel("editors", ids["users"], 5),
        _rel("tags", ids["tags"], 9),
        _rel("safe", ids["vault"]),
        _rel("shadow", ids["orgs"], hidden=True),
        f("json", "meta"),
        f("geoPoint", "loc"),
        f("date", "when"),
        f("password", "pw", cost=4),
        f("text", "secret", hidden=True),
        *STAMPS,
    ]
    index = ["CREATE INDEX `idx_items_n` ON `items` (`n`)", "CREATE INDEX `idx_items_author` ON `items` (`author`)"]
    _collection(client, ids, "items", fields, indexes=index)
    items = client.must("GET", "/api/collections/items")
    more = [_rel("next", ids["items"]), _rel("near", ids["items"], 4)]
    client.must("PATCH", "/api/collections/items", {"fields": [*items["fields"], *more]})


VIEW = (
    "SELECT i.id, i.title, i.author, i.editors, i.meta, i.opts, i.n, i.loc, COUNT(t.id) as total,"
    " CAST(i.n AS TEXT) as label, (i.n * 2) as twice FROM items i LEFT JOIN notes t ON t.item = i.id GROUP BY i.id"
)


def _around(client: Client, ids: dict[str, str]) -> None:
    _collection(client, ids, "notes", [_rel("item", ids["items"]), _rel("who", ids["users"]), f("number", "likes"), f("text", "text"), f("json", "extra")], listRule="likes >= 2 || @request.auth.id != ''")
    _collection(client, ids, "cards", [_rel("items", ids["items"], 6), f("text", "label"), f("number", "n")], indexes=["CREATE INDEX `idx_cards_n` ON `cards` (`n`)"])
    _collection(client, ids, "passports", [_rel("owner", ids["users"]), f("number", "code"), _rel("stamps", ids["tags"], 3)], indexes=["CREATE UNIQUE INDEX `idx_pass` ON `passports` (`owner`)"])
    _collection(client, ids, "secrets", [_rel("item", ids["items"]), f("text", "text")], listRule=None)
    _collection(client, ids, "stats", [], type="view", viewQuery=VIEW, createRule=None, updateRule=None, deleteRule=None)


# -- records ---------------------------------------------------------------------------------------

TITLES = ["Alpha", "beta", "", "100%", "a_b", "ünï", "5", "0", "O'Reilly", "back\\slash", "null", "true", "[\"x\"]", "item00000000001", "ALPHA", "2024", " a ", "%"]
METAS: list[Any] = [None, {"a": 1, "b": {"c": [1, "x", None]}}, [1, "two", None], "plain", 42, True, {"a": None}, "", {}, [], 0, False, {"a": "1"}, {"a": [{"b": 1}, {"b": 2}]}, "5", 1.5, {"a": True, "lon": 3}, {"0": "zero"}]


def _records(client: Client, ids: dict[str, str]) -> None:
    for i, name in enumerate(("test", "", "acme"), 1):
        _record(client, "orgs", {"id": make_id("org", i), "name": name, "active": i != 2, "score": i - 1})
        _record(client, "vault", {"id": make_id("vault", i), "name": f"v{i}", "n": i})
    for i in range(1, 6):
        _record(client, "perms", {"id": make_id("perm", i), "name": ["p1", "p2", "", "P1", "p5"][i - 1], "active": i % 2 == 1, "weight": i * 10})
        parent = make_id("tag", i - 1) if i > 2 else ""
        _record(client, "tags", {"id": make_id("tag", i), "label": ["red", "Red", "", "blue", "x"][i - 1], "rank": i, "kinds": [["k"], [], ["k", "l"], ["l"], []][i - 1], "parent": parent})
    for i, name in enumerate(PEOPLE, 1):
        _record(client, "users", _user(i, name))
    for i in range(1, len(PEOPLE) + 1):
        client.must("PATCH", f"/api/collections/users/records/{make_id('user', i)}", _bonds(i))
    for i in range(1, ITEMS + 1):
        _record(client, "items", _item(i))
    for i in range(1, ITEMS + 1):
        near = [make_id("item", n) for n in ([], [i], [1, i % ITEMS + 1], [3, 5])[i % 4]]
        client.must("PATCH", f"/api/collections/items/records/{make_id('item', i)}", {"next": make_id("item", i * 5 % ITEMS + 1) if i % 3 else "", "near": near})
    for i in range(1, 26):
        _record(client, "notes", {"id": make_id("note", i), "item": make_id("item", i % 12) if i % 12 else "", "who": make_id("user", i % 6) if i % 6 else "", "likes": i % 7 - 1, "text": f"note {i % 4}", "extra": [None, {"a": i % 3}, i % 3][i % 3]})
    for i in range(1, 10):
        _record(client, "cards", {"id": make_id("card", i), "items": [make_id("item", n) for n in ([], [1, 2], [i], [2, 4, 6], [3])[i % 5]], "label": f"c{i % 3}", "n": i % 4})
    for i in range(1, 5):
        _record(client, "passports", {"id": make_id("pass", i), "owner": make_id("user", i), "code": i * 3, "stamps": [make_id("tag", n) for n in ([], [1], [2, 3], [5])[i % 4]]})
        _record(client, "secrets", {"id": make_id("secret", i), "item": make_id("item", i), "text": f"s{i}"})


def _user(i: int, name: str) -> Body:
    return {
        "id": make_id("user", i),
        "email": f"{name}@example.com",
        "emailVisibility": i % 2 == 1,
        "verified": i % 3 == 1,
        "name": name.title(),
        "org": make_id("org", i) if i < 4 else "",
        "perms": [make_id("perm", n) for n in ([1, 2], [4], [], [1, 3, 5], [2])[i - 1]],
        "level": [5, 3, 0, -1, 2.5][i - 1],
        "born": f"19{60 + i * 7}-0{i}-11 0{i}:00:00.000Z" if i != 3 else "",
        "prefs": [None, {"a": 1}, ["x"], {"a": "x", "lang": "en"}, 5][i - 1],
        "home": {"lon": i * 10, "lat": i * 5} if i < 4 else {"lon": 0, "lat": 0},
        "roles": [["admin", "editor"], ["reader"], [], ["editor"], ["admin"]][i - 1],
        "secret": f"s{i}",
        "password": PASSWORD,
        "passwordConfirm": PASSWORD,
    }


def _bonds(i: int) -> Body:
    friends = ([2, 3], [1], [], [4, 5], [1, 2, 3])[i - 1]
    return {"boss": make_id("user", i + 1) if i < 4 else "", "friends": [make_id("user", n) for n in friends]}


def _item(i: int) -> Body:
    return {
        "id": make_id("item", i),
        "title": TITLES[i % len(TITLES)],
        "body": f"<p>{i}</p>" if i % 3 else "",
        "n": [0, 1, -1, 2.5, 10, 5, -7.25, 3][i % 8],
        "on": i % 2 == 0,
        "email": f"e{i % 4}@a.co" if i % 4 else "",
        "site": "https://a.co" if i % 3 == 1 else "",
        "type": ["", "a", "b", "c", "1"][i % 5],
        "opts": [[], ["x"], ["x", "y"], ["y", "z", "w"], ["z"]][i % 5],
        "author": make_id("user", i % 6) if i % 6 else "",
        "editors": [make_id("user", n) for n in ([], [1], [1, 2], [3, 4, 5], [2])[i % 5]],
        "tags": [make_id("tag", n) for n in ([], [1], [1, 2], [3], [4, 5], [5, 2])[i % 6]],
        "safe": make_id("vault", i % 4) if i % 4 else "",
        "shadow": make_id("org", i % 3 + 1),
        "meta": METAS[i % len(METAS)],
        "loc": {"lon": (i * 13) % 180, "lat": (i * 7) % 90} if i % 4 else {"lon": 0, "lat": 0},
        "when": f"2024-{i % 12 + 1:02d}-{i:02d} 0{i % 10}:30:00.000Z" if i % 6 else "",
        "secret": f"s{i % 3}",
    }


ODD = [
    ("items", 1, {"doc": "a_1.txt", "pics": '["p1.png","p2.png"]', "opts": "x"}),
    ("items", 2, {"doc": "b.txt", "pics": '["p1.png"]', "editors": "user00000000001"}),
    ("items", 3, {"pics": "p3.png", "tags": '["tag000000000001", "", 5, null, "gone"]'}),
    ("items", 4, {"opts": "", "editors": "", "meta": "not json", "author": "gone"}),
    ("items", 5, {"n": "abc", "meta": "[1,", "loc": ""}),
    ("items", 6, {"opts": "{\"a\":\"x\"}", "editors": '["gone"]', "near": "null"}),
    ("items", 7, {"n": 5, "title": "5", "when": "2024-01-02", "meta": '"2024-01-02"'}),
    ("users", 4, {"perms": "perm00000000001", "roles": "", "prefs": "oops"}),
    ("cards", 5, {"items": "item00000000007"}),
    ("cards", 6, {"items": ""}),
    ("notes", 3, {"extra": "{bad", "likes": "3"}),
]  # fmt: skip
"""Values that stand in grown data directories, or were put there by other programs."""


def make_odd(data: Path) -> None:
    """Put the odd values into the data directory, which nobody may be serving."""
    with sqlite3.connect(data / "data.db") as db:
        for collection, number, values in ODD:
            names = ", ".join(f'"{name}" = ?' for name in values)
            record = make_id({"cards": "card", "notes": "note"}.get(collection, collection[:-1]), number)
            done = db.execute(f'UPDATE "{collection}" SET {names} WHERE id = ?', (*values.values(), record))
            assert done.rowcount == 1, (collection, record)
    db.close()


def copy(data: Path, to: Path) -> None:
    """Copy the data directory, which nobody may be serving."""
    shutil.copytree(data, to)
