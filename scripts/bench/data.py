"""
The one data directory that both servers are measured on.

Collections are made through the reference's API, records are written straight into its SQLite
file (a quarter of a million of them), and the result is kept under `.cache/bench/` by content.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import servers
from scripts.http_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

USERS, ORGS, PERMS, POSTS, BIG, COMMENTS, DELETES = 500, 50, 40, 10_000, 100_000, 20_000, 120_000
TYPES, TAGS = ["news", "howto", "review", "note"], ["a", "b", "c", "d", "e"]
WORDS = [
    "river",
    "stone",
    "lamp",
    "cloud",
    "paper",
    "garden",
    "winter",
    "engine",
    "silver",
    "market",
    "harbour",
    "window",
    "copper",
    "forest",
    "letter",
    "summer",
    "bridge",
    "candle",
    "island",
    "mirror",
]
STAMP = "2024-05-{:02d} {:02d}:{:02d}:{:02d}.000Z"
MINE = '@request.auth.id != "" && author = @request.auth.id'
PASSWORD = "bench-password"
CACHE = servers.ROOT / ".cache" / "bench"


def record_id(kind: str, number: int) -> str:
    """Return the id of the n-th record of a kind: 15 characters, stable, in random order."""
    digest = hashlib.md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest()
    return digest[:15]


def ready() -> Path:
    """Return the seeded data directory, building it when this version of it does not exist."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    home = CACHE / version
    if not (home / "done").exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        home.mkdir(parents=True)
        _build(home / "pb_data")
        (home / "done").touch()
    return home / "pb_data"


def _build(data: Path) -> None:
    command = servers.reference_command()
    servers.make_superuser(command, data)
    with servers.Server(command, data, ("--automigrate=false",)) as server:
        client = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        secret = _create_collections(client)
    _fill(data / "data.db", secret)


# -- collections ---------------------------------------------------------------------------------


def _field(kind: str, name: str, **options: Any) -> Row:
    return {"type": kind, "name": name, **options}


def _create_collections(client: Client) -> str:
    """Create all collections and return one bcrypt hash made by the reference itself."""
    ids = {"users": client.must("GET", "/api/collections/users")["id"]}
    for name, fields in (("orgs", ["name"]), ("perms", ["name"])):
        ids[name] = _create(client, name, [*map(_text, fields), _field("bool", "active")])
    _extend_users(client, ids)
    for name in ("posts", "posts_big", "posts_mine", "posts_new", "posts_gone"):
        ids[name] = _create(client, name, _post_fields(ids))
    index = "CREATE INDEX `idx_author_mine` ON `posts_mine_indexed` (`author`)"
    _create(client, "posts_mine_indexed", _post_fields(ids), indexes=[index], listRule=MINE)
    client.must("PATCH", "/api/collections/posts_mine", {"listRule": MINE})
    _create(client, "comments", _comment_fields(ids))
    return _any_hash(client)


def _text(name: str) -> Row:
    return _field("text", name)


def _create(client: Client, name: str, fields: list[Row], **options: Any) -> str:
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    body = {"name": name, "type": "base", "fields": fields, **rules, **options}
    return str(client.must("POST", "/api/collections", body)["id"])


def _extend_users(client: Client, ids: dict[str, str]) -> None:
    users = client.must("GET", "/api/collections/users")
    extra = [
        _field("relation", "organization", collectionId=ids["orgs"], maxSelect=1),
        _field("relation", "permissions", collectionId=ids["perms"], maxSelect=10),
    ]
    body = {"fields": users["fields"] + extra, "listRule": "", "viewRule": ""}
    client.must("PATCH", "/api/collections/users", body)


def _post_fields(ids: dict[str, str]) -> list[Row]:
    return [
        _field("text", "title", required=True),
        _field("editor", "body"),
        _field("number", "n"),
        _field("bool", "published"),
        _field("select", "type", values=TYPES, maxSelect=1),
        _field("select", "tags", values=TAGS, maxSelect=5),
        _field("relation", "author", collectionId=ids["users"], maxSelect=1),
        _field("relation", "editors", collectionId=ids["users"], maxSelect=5),
        _field("json", "meta"),
        _field("geoPoint", "loc"),
        _field("date", "when"),
        _field("autodate", "created", onCreate=True),
        _field("autodate", "updated", onCreate=True, onUpdate=True),
    ]


def _comment_fields(ids: dict[str, str]) -> list[Row]:
    return [
        _field("text", "text"),
        _field("relation", "post", collectionId=ids["posts"], maxSelect=1),
        _field("relation", "user", collectionId=ids["users"], maxSelect=1),
    ]


def _any_hash(client: Client) -> str:
    """Let the reference hash the password once; all users share it."""
    body = {"email": "hash@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
    client.must("POST", "/api/collections/users/records", body)
    return "hash@example.com"


# -- records -------------------------------------------------------------------------------------


def _fill(path: Path, donor: str) -> None:
    database = sqlite3.connect(path)
    secret = database.execute("SELECT password FROM users WHERE email=?", (donor,)).fetchone()[0]
    database.execute("DELETE FROM users")
    tables: dict[str, tuple[int, Callable[[random.Random, int], Row]]] = {
        "orgs": (ORGS, _org),
        "perms": (PERMS, _perm),
        "users": (USERS, lambda rng, i: _user(rng, i, secret)),
        "posts": (POSTS, _post("posts")),
        "posts_mine": (POSTS, _post("posts_mine")),
        "posts_mine_indexed": (POSTS, _post("posts_mine_indexed")),
        "posts_big": (BIG, _post("posts_big")),
        "posts_new": (POSTS, _post("posts_new")),
        "posts_gone": (DELETES, _post("posts_gone")),
        "comments": (COMMENTS, _comment),
    }
    for name, (count, make) in tables.items():
        rng = random.Random(name)
        _insert(database, name, (make(rng, i) for i in range(count)))
    database.commit()
    database.execute("PRAGMA optimize=0x10002")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def _insert(database: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    first = next(rows)
    names = ", ".join(f"`{name}`" for name in first)
    marks = ", ".join("?" for _ in first)
    sql = f"INSERT INTO `{table}` ({names}) VALUES ({marks})"
    database.execute(sql, tuple(first.values()))
    database.executemany(sql, (tuple(row.values()) for row in rows))


def _org(rng: random.Random, i: int) -> Row:
    name = "test" if i % 5 == 0 else f"{rng.choice(WORDS)} {i}"
    return {"id": record_id("orgs", i), "name": name, "active": i % 2}


def _perm(_: random.Random, i: int) -> Row:
    return {"id": record_id("perms", i), "name": f"perm {i}", "active": int(i % 4 != 0)}


def _user(rng: random.Random, i: int, secret: str) -> Row:
    perms = [record_id("perms", n) for n in rng.sample(range(PERMS), rng.randrange(6))]
    return {
        "id": record_id("users", i),
        "email": f"user{i}@example.com",
        "emailVisibility": i % 2,
        "verified": 1,
        "name": f"{rng.choice(WORDS)} {rng.choice(WORDS)}",
        "password": secret,
        "tokenKey": f"{record_id('key', i)}{record_id('yek', i)}{i:020d}",
        "organization": record_id("orgs", rng.randrange(ORGS)),
        "permissions": json.dumps(perms),
        "created": _stamp(rng),
        "updated": _stamp(rng),
    }


def _stamp(rng: random.Random) -> str:
    return STAMP.format(
        rng.randrange(1, 29), rng.randrange(24), rng.randrange(60), rng.randrange(60)
    )


def _post(kind: str) -> Callable[[random.Random, int], Row]:
    def make(rng: random.Random, i: int) -> Row:
        editors = [record_id("users", n) for n in rng.sample(range(USERS), rng.randrange(4))]
        return {
            "id": record_id(kind, i),
            "title": f"{rng.choice(WORDS)} {rng.choice(WORDS)} {i}",
            "body": f"<p>{' '.join(rng.choices(WORDS, k=40))}</p>",
            "n": rng.randrange(1000),
            "published": rng.randrange(2),
            "type": rng.choice(TYPES),
            "tags": json.dumps(rng.sample(TAGS, rng.randrange(4))),
            "author": record_id("users", rng.randrange(USERS)),
            "editors": json.dumps(editors),
            "meta": json.dumps({"views": rng.randrange(100), "words": rng.choices(WORDS, k=3)}),
            "loc": json.dumps({"lon": rng.randrange(-180, 180), "lat": rng.randrange(-90, 90)}),
            "when": _stamp(rng),
            "created": _stamp(rng),
            "updated": _stamp(rng),
        }

    return make


def _comment(rng: random.Random, i: int) -> Row:
    return {
        "id": record_id("comments", i),
        "text": " ".join(rng.choices(WORDS, k=12)),
        "post": record_id("posts", rng.randrange(POSTS)),
        "user": record_id("users", rng.randrange(USERS)),
    }
