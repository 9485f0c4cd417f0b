"""
The template data directory of the tests, made by asking a server over HTTP.

Every record has an id that is told apart from a random one by its run of zeros, so that
comparisons know which ids must be equal and which only have to agree.
"""

from __future__ import annotations

from typing import Any

from scripts.http_client import Client

Body = dict[str, Any]

PASSWORD = "1234567890"
OPEN = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
LOCKED = dict.fromkeys(OPEN)
RULES = list(OPEN)


def make_id(kind: str, number: int) -> str:
    """Return a 15 character id such as `post00000000001`."""
    return f"{kind[:6]}{number:0{15 - len(kind[:6])}d}"


def f(kind: str, name: str, **options: Any) -> Body:
    """Return a field definition."""
    return {"type": kind, "name": name, **options}


def seed(client: Client) -> None:
    """Fill an empty server; *client* speaks as a superuser."""
    ids = {"users": client.must("GET", "/api/collections/users")["id"]}
    for step in (_people, _posts, _kinds, _rules, _cascades, _views):
        step(client, ids)


def _collection(client: Client, ids: dict[str, str], name: str, fields: list[Body], **options: Any) -> None:
    body = {"name": name, "type": "base", "fields": fields, **OPEN, **options}
    ids[name] = client.must("POST", "/api/collections", body)["id"]


def _record(client: Client, collection: str, **body: Any) -> None:
    client.must("POST", f"/api/collections/{collection}/records", body)


STAMPS = [f("autodate", "created", onCreate=True), f("autodate", "updated", onCreate=True, onUpdate=True)]


# -- people --------------------------------------------------------------------------------------


def _people(client: Client, ids: dict[str, str]) -> None:
    _collection(client, ids, "orgs", [f("text", "name"), f("bool", "active")])
    _collection(client, ids, "perms", [f("text", "name"), f("bool", "active"), f("number", "weight")])
    for i, (name, active) in enumerate([("test", True), ("acme", True), ("", False)], 1):
        _record(client, "orgs", id=make_id("org", i), name=name, active=active)
    for i in range(1, 5):
        _record(client, "perms", id=make_id("perm", i), name=f"p{i}", active=i % 2 == 1, weight=i * 10)
    _extend_users(client, ids)
    _staff(client, ids)


def _extend_users(client: Client, ids: dict[str, str]) -> None:
    users = client.must("GET", "/api/collections/users")
    fields = [
        *users["fields"],
        f("text", "username"),
        f("relation", "organization", collectionId=ids["orgs"], maxSelect=1),
        f("relation", "permissions", collectionId=ids["perms"], maxSelect=5),
        f("number", "level"),
        f("text", "secret", hidden=True),
    ]
    index = "CREATE UNIQUE INDEX `idx_username_users` ON `users` (`username` COLLATE NOCASE) WHERE `username` != ''"
    body = {
        "fields": fields,
        "indexes": [*users["indexes"], index],
        "listRule": "",
        "viewRule": "",
        "passwordAuth": {"enabled": True, "identityFields": ["email", "username"]},
    }
    client.must("PATCH", "/api/collections/users", body)
    people = [
        ("alice", 1, [1, 2], 5, True, True),
        ("bob", 2, [2, 4], 3, False, True),
        ("carol", 1, [], 0, False, False),
        ("dave", 0, [1, 3], 9, True, False),
    ]
    for i, (name, org, perms, level, visible, verified) in enumerate(people, 1):
        _record(
            client,
            "users",
            id=make_id("user", i),
            email=f"{name}@example.com",
            emailVisibility=visible,
            verified=verified,
            name=name.title(),
            username=name,
            organization=make_id("org", org) if org else "",
            permissions=[make_id("perm", n) for n in perms],
            level=level,
            secret=f"secret of {name}",
            password=PASSWORD,
            passwordConfirm=PASSWORD,
        )


def _staff(client: Client, ids: dict[str, str]) -> None:
    """An auth collection with unusual options: managers, an auth rule, no e-mail alert."""
    _collection(
        client,
        ids,
        "staff",
        [f("text", "nick"), f("bool", "boss"), *STAMPS],
        type="auth",
        authRule="verified = true",
        manageRule="@request.auth.collectionName = 'staff' && @request.auth.boss = true",
        listRule="@request.auth.id != ''",
        viewRule="id = @request.auth.id || @request.auth.boss = true",
        updateRule="id = @request.auth.id || @request.auth.boss = true",
        authAlert={"enabled": False},
        authToken={"duration": 3600},
    )
    for i, (name, boss, verified) in enumerate([("erin", True, True), ("frank", False, True), ("grace", False, False)], 1):
        _record(
            client,
            "staff",
            id=make_id("staff", i),
            email=f"{name}@example.com",
            verified=verified,
            nick=name,
            boss=boss,
            password=PASSWORD,
            passwordConfirm=PASSWORD,
        )


# -- content -------------------------------------------------------------------------------------


def _posts(client: Client, ids: dict[str, str]) -> None:
    _collection(client, ids, "tags", [f("text", "label"), f("number", "rank")])
    _collection(
        client,
        ids,
        "posts",
        [
            f("text", "title", required=True),
            f("editor", "body"),
            f("number", "n"),
            f("bool", "published"),
            f("select", "type", values=["a", "b", "c"], maxSelect=1),
            f("select", "opts", values=["x", "y", "z", "w"], maxSelect=4),
            f("relation", "author", collectionId=ids["users"], maxSelect=1),
            f("relation", "editors", collectionId=ids["users"], maxSelect=5),
            f("relation", "tags", collectionId=ids["tags"], maxSelect=9),
            f("json", "meta"),
            f("geoPoint", "loc"),
            f("date", "when"),
            f("text", "secret", hidden=True),
            *STAMPS,
        ],
        indexes=["CREATE INDEX `idx_posts_n` ON `posts` (`n`)"],
    )
    _collection(
        client,
        ids,
        "comments",
        [
            f("text", "text"),
            f("number", "likes"),
            f("relation", "post", collectionId=ids["posts"], maxSelect=1, cascadeDelete=True),
            f("relation", "user", collectionId=ids["users"], maxSelect=1),
        ],
        listRule="@request.auth.id != '' || likes >= 0",
    )
    _link_tags(client, ids)
    for i in range(1, 6):
        _record(client, "tags", id=make_id("tag", i), label=["red", "green", "blue", "", "Red"][i - 1], rank=i)
    for i in range(1, 26):
        _record(client, "posts", **_post(i))
    for i in range(1, 41):
        _record(client, "comments", **_comment(i))


def _link_tags(client: Client, ids: dict[str, str]) -> None:
    """Let tags point at tags (a cycle) and back at a post, for deep expands."""
    tags = client.must("GET", "/api/collections/tags")
    fields = [
        *tags["fields"],
        f("relation", "parent", collectionId=ids["tags"], maxSelect=1),
        f("relation", "star", collectionId=ids["posts"], maxSelect=1),
    ]
    client.must("PATCH", "/api/collections/tags", {"fields": fields})


TITLES = ["Hello world", "hello WORLD", "Ünïcödé straße", "100% sure_thing", "", "O'Reilly \"quoted\"", "emoji 😀 title", "back\\slash", "tab\tand\nline"]
METAS: list[Any] = [
    None,
    {"a": 1, "b": {"c": [1, 2, 3]}},
    [1, "two", None, {"k": "v"}],
    "plain",
    42,
    True,
    {"a": None, "list": [{"x": 1}, {"x": 2}]},
    "",
    {},
    [],
]


def _post(i: int) -> Body:
    """Return the i-th post: every field walks through its own cycle of values."""
    return {
        "id": make_id("post", i),
        "title": TITLES[i % len(TITLES)] or f"Post {i}",
        "body": f"<p>Body {i} &amp; <b>bold</b></p>" if i % 3 else "",
        "n": [0, 1, -1, 2.5, 10, 100, -7.25, 3][i % 8],
        "published": i % 2 == 0,
        "type": ["", "a", "b", "c"][i % 4],
        "opts": [[], ["x"], ["x", "y"], ["y", "z", "w"], ["z"]][i % 5],
        "author": make_id("user", i % 5) if i % 5 else "",
        "editors": [make_id("user", n) for n in ([], [1], [1, 2], [3, 4], [2])[i % 5]],
        "tags": [make_id("tag", n) for n in ([], [1], [1, 2], [3], [4, 5], [5, 2])[i % 6]],
        "meta": METAS[i % len(METAS)],
        "loc": {"lon": (i * 13) % 180, "lat": (i * 7) % 90} if i % 4 else {"lon": 0, "lat": 0},
        "when": f"2024-{i % 12 + 1:02d}-{i:02d} 0{i % 10}:30:00.000Z" if i % 6 else "",
        "secret": f"secret {i % 3}",
    }


def _comment(i: int) -> Body:
    return {
        "id": make_id("comment"[:6], i),
        "text": f"comment {i}",
        "likes": i % 7,
        "post": make_id("post", i % 11) if i % 11 else "",
        "user": make_id("user", i % 5) if i % 5 else "",
    }


# -- one field of each type ----------------------------------------------------------------------


def kind_fields(ids: dict[str, str]) -> list[Body]:
    """Return one plain and one strict field of each type."""
    return [
        f("text", "text"),
        f("text", "text_strict", min=2, max=5, pattern="^[a-z]+$"),
        f("text", "text_auto", autogeneratePattern="[a-z]{4}-[0-9]{3}"),
        f("editor", "editor"),
        f("editor", "editor_small", maxSize=20),
        f("number", "number"),
        f("number", "number_strict", min=-5, max=10, onlyInt=True),
        f("bool", "bool"),
        f("email", "email"),
        f("email", "email_strict", onlyDomains=["example.com", "example.org"]),
        f("url", "url"),
        f("url", "url_strict", exceptDomains=["example.com"]),
        f("date", "date"),
        f("date", "date_strict", min="2020-01-01 00:00:00.000Z", max="2030-01-01 00:00:00.000Z"),
        f("select", "select_one", values=["a", "b", "c"], maxSelect=1),
        f("select", "select_many", values=["a", "b", "c", "d"], maxSelect=3),
        f("json", "json"),
        f("json", "json_small", maxSize=20),
        f("geoPoint", "geo"),
        f("relation", "rel_one", collectionId=ids["tags"], maxSelect=1),
        f("relation", "rel_many", collectionId=ids["tags"], minSelect=0, maxSelect=3),
        f("relation", "rel_min", collectionId=ids["tags"], minSelect=2, maxSelect=3),
        f("password", "password", min=4, max=20, cost=4),
        f("text", "hidden", hidden=True),
        *STAMPS,
    ]


def _kinds(client: Client, ids: dict[str, str]) -> None:
    _collection(client, ids, "kinds", kind_fields(ids))
    _collection(client, ids, "must", [{**field, "required": True} for field in _requirable(ids)])
    _collection(
        client,
        ids,
        "uniq",
        [f("text", "one"), f("text", "two"), f("number", "num")],
        indexes=[
            "CREATE UNIQUE INDEX `idx_uniq_one` ON `uniq` (`one`)",
            "CREATE UNIQUE INDEX `idx_uniq_pair` ON `uniq` (`two`, `num`)",
        ],
    )
    for i in range(1, 4):
        _record(client, "kinds", id=make_id("kind", i), text=f"text {i}", number=i, select_many=["a", "b"], rel_many=[make_id("tag", i)], text_auto=f"auto-{i}", json={"v": i})
        _record(client, "uniq", id=make_id("uniq", i), one=f"one {i}", two="same", num=i)


def _requirable(ids: dict[str, str]) -> list[Body]:
    kept = {"text", "editor", "number", "bool", "email", "url", "date", "select_one", "select_many", "json", "geo", "rel_one", "rel_many", "password"}
    return [field for field in kind_fields(ids) if field["name"] in kept]


# -- rules ---------------------------------------------------------------------------------------

RULE_SETS: dict[str, Body] = {
    "rule_locked": LOCKED,
    "rule_open": OPEN,
    "rule_auth": dict.fromkeys(RULES, "@request.auth.id != ''"),
    "rule_owner": dict.fromkeys(RULES, "owner = @request.auth.id"),
    "rule_org": dict.fromkeys(RULES, "owner.organization.name = 'test'"),
    "rule_perm": dict.fromkeys(RULES, "@request.auth.permissions.active ?= true && state = 'on'"),
    "rule_body": {
        **OPEN,
        "createRule": "@request.body.state = 'on' && @request.body.owner:isset = false",
        "updateRule": "@request.body.state:isset = false || state:changed = false || @request.auth.level > 4".replace("state:changed", "@request.body.state:changed"),
        "deleteRule": "state = 'off'",
    },
    "rule_query": dict.fromkeys(RULES, "@request.query.key = 'open' || @request.headers.x_key = 'open'"),
    "rule_join": dict.fromkeys(RULES, "@collection.perms.name ?= state || @request.auth.level >= 5"),
    "rule_back": dict.fromkeys(RULES, "owner.comments_via_user.likes ?> 4"),
}


def _rules(client: Client, ids: dict[str, str]) -> None:
    fields = [
        f("text", "title"),
        f("select", "state", values=["on", "off", "p1"], maxSelect=1),
        f("relation", "owner", collectionId=ids["users"], maxSelect=1),
    ]
    for name, rules in RULE_SETS.items():
        _collection(client, ids, name, fields, **rules)
        for i in range(1, 6):
            _record(
                client,
                name,
                id=make_id("rule", i),
                title=f"{name} {i}",
                state=["on", "off", "p1"][i % 3],
                owner=make_id("user", i) if i < 5 else "",
            )


# -- deletes and views ---------------------------------------------------------------------------


def _cascades(client: Client, ids: dict[str, str]) -> None:
    _collection(client, ids, "parents", [f("text", "name")])
    shapes: dict[str, Body] = {
        "kids_cascade": {"cascadeDelete": True, "maxSelect": 1},
        "kids_unset": {"maxSelect": 1},
        "kids_required": {"maxSelect": 1, "required": True},
        "kids_many": {"maxSelect": 5},
        "kids_many_cascade": {"maxSelect": 5, "cascadeDelete": True},
        "kids_many_required": {"maxSelect": 5, "required": True},
    }
    for name, options in shapes.items():
        _collection(client, ids, name, [f("text", "name"), f("relation", "parent", collectionId=ids["parents"], **options)])
    _collection(client, ids, "grandkids", [f("relation", "kid", collectionId=ids["kids_cascade"], cascadeDelete=True, maxSelect=1)])
    for i in range(1, 9):
        _record(client, "parents", id=make_id("parent", i), name=f"parent {i}")
    many = "kids_many", "kids_many_cascade", "kids_many_required"
    for i, name in enumerate(shapes, 1):
        for k in (1, 2):
            parent: Any = [make_id("parent", i), make_id("parent", 8)] if name in many and k == 1 else make_id("parent", i)
            _record(client, name, id=make_id("kid", k), name=f"{name} {k}", parent=parent)
    for k in (1, 2):
        _record(client, "grandkids", id=make_id("grand", k), kid=make_id("kid", 1))


VIEW = "SELECT p.id, p.title, p.author, p.n as amount, COUNT(c.id) as total, CAST(p.n as text) as label, (p.n * 2) as twice, MAX(c.likes) as top FROM posts p LEFT JOIN comments c ON c.post = p.id GROUP BY p.id"


def _views(client: Client, ids: dict[str, str]) -> None:
    body = {"name": "stats", "type": "view", "viewQuery": VIEW, "listRule": "", "viewRule": ""}
    client.must("POST", "/api/collections", body)
