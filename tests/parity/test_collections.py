"""
Collections: create, change, delete, import, truncate, scaffolds, views; good and bad bodies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from tests.data.seed import VIEW, f
from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

ALL = "/api/collections"
Body = dict[str, Any]
USERS = "_pb_users_auth_"


EXAMPLE = r"ex\.: .*?\."
LETTER = r'(?<="body":")<p>Hello,(?:[^"\\]|\\.)*'
"""The default letters, which each side words in its own way."""
TEMPORARY = r"pbc_\d+|temp_view_\w+"
KEPT = {USERS, "posts", "POSTS", "users"}


def base(name: str = "fresh", *fields: Body, **more: Any) -> Body:
    return {"name": name, "type": "base", "fields": list(fields), **more}


def create(body: Any, name: str = "") -> list[Scenario]:
    """Create, look, store one empty record, look again, and clean up."""
    target = body.get("name", "") if isinstance(body, dict) else ""
    steps = [q(ALL, "POST", body, who="superuser", name=name, blur=EXAMPLE)]
    if isinstance(target, str) and target and target not in KEPT:
        target = quote(target)
        steps += [
            q(f"{ALL}/{target}", who="superuser"),
            q(f"{ALL}/{target}/records", "POST", {}, who="superuser"),
            q(f"{ALL}/{target}/records", who="superuser"),
            q(f"{ALL}/{target}", "DELETE", who="superuser"),
        ]
    return steps


# -- names, types, rules ---------------------------------------------------------------------------

SHAPES: dict[str, Any] = {
    "empty": {},
    "no type": {"name": "fresh"},
    "null name": {"name": None, "type": "base"},
    "number name": {"name": 12, "type": "base"},
    "bad type": {"name": "fresh", "type": "odd"},
    "number type": {"name": "fresh", "type": 3},
    "plain base": base(),
    "upper name": base("Fresh"),
    "name with dash": base("fre-sh"),
    "name with space": base("fre sh"),
    "name with dot": base("fre.sh"),
    "name starting with digit": base("1fresh"),
    "name underscore": base("_fresh"),
    "unicode name": base("frësh"),
    "long name": base("f" * 255),
    "too long name": base("f" * 256),
    "via name": base("a_via_b"),
    "taken name": base("posts"),
    "taken name, other case": base("POSTS"),
    "id of another": base(USERS),
    "internal table": base("_params"),
    "internal table 2": base("_collections"),
    "sqlite name": base("sqlite_master"),
    "sqlite prefix": base("sqlite_x"),
    "system flag": base(system=True),
    "own id": base(id="freshcollect001"),
    "short id": base(id="abc"),
    "bad id": base(id="has space here1"),
    "taken id": base(id=USERS),
    "id of a name": base(id="posts"),
    "created given": base(created="2020-01-01 00:00:00.000Z"),
    "unknown keys": base(foo=1, schema=[{"name": "x", "type": "text"}]),
    "fields null": {"name": "fresh", "type": "base", "fields": None},
    "fields object": {"name": "fresh", "type": "base", "fields": {}},
    "fields text": {"name": "fresh", "type": "base", "fields": "x"},
    "fields of numbers": {"name": "fresh", "type": "base", "fields": [1]},
    "case-insensitive keys": {"NAME": "fresh", "Type": "base", "FIELDS": [f("text", "a")]},
    "rules": base("fresh", f("text", "a"), listRule="", viewRule="a = '1'", createRule=None),
    "rule on unknown field": base("fresh", listRule="nope = 1"),
    "rule with bad syntax": base("fresh", viewRule="id ="),
    "rule with ==": base("fresh", createRule="id == 'a'"),
    "rule on unknown collection": base("fresh", updateRule="@collection.nope.id = '1'"),
    "rule with request": base("fresh", f("text", "a"), deleteRule="@request.auth.id != '' && @request.body.a:isset = true"),
    "rule unknown auth field": base("fresh", listRule="@request.auth.whatever = 1"),
    "rule unknown body field": base("fresh", createRule="@request.body.whatever = 1"),
    "rule bad macro": base("fresh", listRule="@nope = 1"),
    "rule number": base("fresh", listRule=5),
    "rule bool": base("fresh", listRule=True),
    "all rules wrong": base("fresh", listRule="x=", viewRule="x=", createRule="x=", updateRule="x=", deleteRule="x="),
    "rule whitespace": base("fresh", listRule="  "),
    "two same fields": base("fresh", f("text", "a"), f("text", "a")),
    "two same fields, case": base("fresh", f("text", "a"), f("text", "A")),
    "two same ids": base("fresh", f("text", "a", id="same"), f("text", "b", id="same")),
    "many fields": base("fresh", *(f("text", f"f{i}") for i in range(30))),
    "own id field": base("fresh", f("text", "id", primaryKey=True, required=True, pattern="^[a-z]+$", min=3, max=9, autogeneratePattern="[a-z]{5}")),
    "id field, not primary": base("fresh", f("text", "id")),
    "id field as number": base("fresh", f("number", "id")),
    "second primary key": base("fresh", f("text", "other", primaryKey=True, required=True)),
    "composite key": base("fresh", f("text", "id", primaryKey=True, required=True), f("text", "other", primaryKey=True, required=True)),
    "id field renamed": base("fresh", f("text", "pk", id="text3208210256", primaryKey=True, required=True)),
    "id without autogenerate": base("fresh", f("text", "id", primaryKey=True, required=True, autogeneratePattern="")),
}  # fmt: skip

FIELD_NAMES = [
    "", " ", "a", "A", "_a", "1a", "a-b", "a b", "a.b", "ä", "null", "NULL", "true", "false", "_rowid_", "rowid", "oid",
    "collectionId", "collectionName", "collectionname", "expand", "Expand", "a_via_b", "_via_", "x" * 100, "x" * 101, "id", "ID", "created", "order", "select", "a`b",
    "password", "tokenKey", "email", "verified", None, 5, True,
]  # fmt: skip

# -- field options ---------------------------------------------------------------------------------

REL = {"collectionId": USERS}
OPTIONS: dict[str, list[Body]] = {
    "text": [
        {}, {"min": 1}, {"min": -1}, {"max": -1}, {"min": 5, "max": 3}, {"min": 3, "max": 3}, {"min": 1.5}, {"min": "2"}, {"max": None},
        {"pattern": "^[a-z]+$"}, {"pattern": "("}, {"pattern": "(?=a)"}, {"pattern": "\\d{3}"}, {"pattern": "\\p{L}+"}, {"pattern": 5},
        {"autogeneratePattern": "[a-z]{3}"}, {"autogeneratePattern": "("}, {"autogeneratePattern": "[a-z]{3}", "min": 5}, {"autogeneratePattern": "[a-z]{10}", "max": 3},
        {"autogeneratePattern": "[a-z]{3}", "pattern": "^[0-9]+$"}, {"autogeneratePattern": "a*"}, {"autogeneratePattern": "a|b"}, {"autogeneratePattern": "\\w{5}"},
        {"primaryKey": True}, {"required": True}, {"hidden": True}, {"presentable": True}, {"hidden": True, "presentable": True}, {"system": True},
        {"help": "x"}, {"help": "x" * 301}, {"help": 5}, {"unknown": 1}, {"required": "true"}, {"required": 1}, {"hidden": None}, {"max": 9007199254740991}, {"max": 9007199254740992}, {"max": 1e30}, {"id": "custom_id"}, {"id": ""}, {"id": "a b"}, {"id": "x" * 101}, {"id": 5},
    ],
    "editor": [{}, {"maxSize": 10}, {"maxSize": -1}, {"maxSize": 1.5}, {"convertURLs": True}, {"convertURLs": "x"}, {"required": True}, {"maxSize": 1e20}],
    "number": [{}, {"min": 1, "max": 5}, {"min": 5, "max": 1}, {"min": 1.5, "onlyInt": True}, {"max": 2.5, "onlyInt": True}, {"min": -3, "max": 3, "onlyInt": True}, {"min": "a"}, {"min": "1"}, {"onlyInt": "yes"}, {"min": 0, "max": 0}, {"required": True}, {"min": None, "max": None}],
    "bool": [{}, {"required": True}, {"required": "x"}, {"min": 1}],
    "email": [{}, {"onlyDomains": ["example.com"]}, {"exceptDomains": ["example.com"]}, {"onlyDomains": ["a.b"], "exceptDomains": ["c.d"]}, {"onlyDomains": ["not a domain"]}, {"onlyDomains": "example.com"}, {"exceptDomains": [""]}, {"onlyDomains": [5]}, {"onlyDomains": None}, {"onlyDomains": []}, {"exceptDomains": ["-bad-"]}],
    "url": [{}, {"onlyDomains": ["example.com"]}, {"exceptDomains": ["example.com"]}, {"onlyDomains": ["a.b"], "exceptDomains": ["c.d"]}, {"onlyDomains": ["not a domain"]}, {"exceptDomains": [""]}],
    "date": [{}, {"min": "2020-01-01 00:00:00.000Z"}, {"min": "2020-01-01", "max": "2019-01-01"}, {"min": "nonsense"}, {"max": "nonsense"}, {"min": 5}, {"min": None, "max": ""}, {"min": "2020-01-01", "max": "2020-01-01"}],
    "autodate": [{}, {"onCreate": True}, {"onUpdate": True}, {"onCreate": True, "onUpdate": True}, {"onCreate": "x"}, {"required": True}, {"onCreate": True, "hidden": True, "presentable": True}],
    "select": [{}, {"values": []}, {"values": ["a"]}, {"values": ["a", "a"]}, {"values": ["a", ""]}, {"values": ["a", 5]}, {"values": "a"}, {"values": ["a", "b"], "maxSelect": 0}, {"values": ["a", "b"], "maxSelect": 2}, {"values": ["a", "b"], "maxSelect": 3}, {"values": ["a", "b"], "maxSelect": -1}, {"values": ["a", "b"], "maxSelect": "2"}, {"values": ["a", "b"], "maxSelect": 1.5}, {"values": [" a ", "ä", "x" * 300]}, {"values": ["a", "b"], "minSelect": 1}, {"values": None}],
    "json": [{}, {"maxSize": 1}, {"maxSize": -1}, {"maxSize": "x"}, {"maxSize": 1e20}, {"required": True}],
    "geoPoint": [{}, {"required": True}, {"maxSize": 3}],
    "relation": [{}, {"collectionId": ""}, {"collectionId": "nope"}, {"collectionId": "users"}, REL, {**REL, "maxSelect": 0}, {**REL, "maxSelect": 3}, {**REL, "maxSelect": -1}, {**REL, "minSelect": 2, "maxSelect": 1}, {**REL, "minSelect": 2, "maxSelect": 3}, {**REL, "minSelect": -1}, {**REL, "minSelect": 1}, {**REL, "cascadeDelete": True}, {**REL, "cascadeDelete": "x"}, {**REL, "required": True, "maxSelect": 2}, {"collectionId": "pbc_4107852781"}, {"collectionId": 5}],
    "file": [{}, {"maxSize": -1}, {"maxSize": 100}, {"maxSelect": 3}, {"maxSelect": -1}, {"maxSelect": 0}, {"mimeTypes": ["image/png"]}, {"mimeTypes": ["nonsense"]}, {"mimeTypes": "x"}, {"thumbs": ["100x100"]}, {"thumbs": ["0x0"]}, {"thumbs": ["100x100!"]}, {"thumbs": ["0x50", "50x0", "10x10t", "10x10b", "10x10f"]}, {"thumbs": ["x"]}, {"thumbs": ["a", "b"]}, {"thumbs": []}, {"protected": True}, {"required": True}, {"maxSize": 1e20}],
    "password": [{}, {"min": 5}, {"min": -1}, {"max": 80}, {"max": 71}, {"max": 72}, {"min": 10, "max": 5}, {"min": 72}, {"cost": 4}, {"cost": 3}, {"cost": 31}, {"cost": 32}, {"cost": -1}, {"pattern": "("}, {"pattern": "^a"}, {"required": True}],
    "odd": [{}], "": [{}], "TEXT": [{}], "user": [{}], "schema": [{}],
}  # fmt: skip
OPTION_ROWS = [
    pytest.param(kind, options, id=f"{kind}-{i}-{str(options)[:60]}")
    for kind, rows in OPTIONS.items()
    for i, options in enumerate(rows)
]

# -- indexes ---------------------------------------------------------------------------------------

INDEXES: dict[str, Any] = {
    "plain": ["CREATE INDEX idx_a ON fresh (a)"],
    "quoted": ["CREATE INDEX `idx_a` ON `fresh` (`a`)"],
    "double quotes": ['CREATE INDEX "idx_a" ON "fresh" ("a")'],
    "brackets": ["CREATE INDEX [idx_a] ON [fresh] ([a])"],
    "unique": ["CREATE UNIQUE INDEX idx_a ON fresh (a)"],
    "lower case": ["create unique index idx_a on fresh (a)"],
    "if not exists": ["CREATE INDEX IF NOT EXISTS idx_a ON fresh (a)"],
    "schema": ["CREATE INDEX main.idx_a ON fresh (a)"],
    "two columns": ["CREATE INDEX idx_ab ON fresh (a, b DESC)"],
    "collate and sort": ["CREATE INDEX idx_a ON fresh (a COLLATE NOCASE ASC)"],
    "where": ["CREATE INDEX idx_a ON fresh (a) WHERE a != ''"],
    "expression": ["CREATE INDEX idx_a ON fresh (lower(a))"],
    "many columns": ["CREATE INDEX idx_a ON fresh (a, b, c, id, a)"],
    "other table": ["CREATE INDEX idx_a ON posts (title)"],
    "missing table": ["CREATE INDEX idx_a ON nope (a)"],
    "missing column": ["CREATE INDEX idx_a ON fresh (nope)"],
    "no columns": ["CREATE INDEX idx_a ON fresh ()"],
    "no name": ["CREATE INDEX ON fresh (a)"],
    "nonsense": ["nonsense"],
    "empty text": [""],
    "not an index": ["DROP TABLE posts"],
    "two statements": ["CREATE INDEX idx_a ON fresh (a); DROP TABLE posts"],
    "number": [5],
    "text instead of array": "CREATE INDEX idx_a ON fresh (a)",
    "null": None,
    "same name twice": ["CREATE INDEX idx_a ON fresh (a)", "CREATE INDEX idx_a ON fresh (b)"],
    "same name, other case": ["CREATE INDEX idx_a ON fresh (a)", "CREATE INDEX IDX_A ON fresh (b)"],
    "same definition twice": ["CREATE INDEX idx_a ON fresh (a)", "CREATE INDEX idx_b ON fresh (a)"],
    "name of another collection": ["CREATE INDEX idx_posts_n ON fresh (a)"],
    "long name": ["CREATE INDEX " + "i" * 80 + " ON fresh (a)"],
    "extra spaces": ["  CREATE   INDEX\n idx_a\tON fresh\n(\n a ,\n b )  "],
    "trailing semicolon": ["CREATE INDEX idx_a ON fresh (a);"],
    "comment": ["CREATE INDEX idx_a ON fresh (a) -- note"],
    "json": ["CREATE INDEX idx_a ON fresh (json_extract(c, '$.x'))"],
    "case column": ["CREATE INDEX idx_a ON fresh (A)"],
}
INDEX_FIELDS = (f("text", "a"), f("text", "b"), f("json", "c"))

# -- auth and view ---------------------------------------------------------------------------------


def auth(**more: Any) -> Body:
    return {"name": "fresh", "type": "auth", "fields": [], **more}


AUTHS: dict[str, Body] = {
    "plain": auth(),
    "auth rule": auth(authRule="verified = true", manageRule="id = @request.auth.id"),
    "auth rule null": auth(authRule=None),
    "bad auth rule": auth(authRule="nope = 1", manageRule="nope ="),
    "empty manage rule": auth(manageRule=""),
    "password off": auth(passwordAuth={"enabled": False}),
    "no identity": auth(passwordAuth={"enabled": True, "identityFields": []}),
    "unknown identity": auth(passwordAuth={"enabled": True, "identityFields": ["nope"]}),
    "identity without index": auth(fields=[f("text", "nick")], passwordAuth={"enabled": True, "identityFields": ["email", "nick"]}),
    "identity with index": auth(fields=[f("text", "nick")], indexes=["CREATE UNIQUE INDEX idx_nick ON fresh (nick)"], passwordAuth={"enabled": True, "identityFields": ["nick"]}),
    "identity with partial index": auth(fields=[f("text", "nick")], indexes=["CREATE UNIQUE INDEX idx_nick ON fresh (nick) WHERE nick != ''"], passwordAuth={"enabled": True, "identityFields": ["nick"]}),
    "identity with wide index": auth(fields=[f("text", "nick")], indexes=["CREATE UNIQUE INDEX idx_nick ON fresh (nick, email)"], passwordAuth={"enabled": True, "identityFields": ["nick"]}),
    "mfa alone": auth(mfa={"enabled": True, "duration": 600}),
    "mfa and otp": auth(mfa={"enabled": True, "duration": 600}, otp={"enabled": True, "duration": 180, "length": 8}),
    "mfa bad rule": auth(mfa={"enabled": True, "duration": 600, "rule": "nope ="}, otp={"enabled": True}),
    "mfa short": auth(mfa={"enabled": True, "duration": 1}, otp={"enabled": True, "duration": 180, "length": 8}),
    "otp odd": auth(otp={"enabled": True, "duration": 5, "length": 2}),
    "otp off odd": auth(otp={"enabled": False, "duration": 5, "length": 2}),
    "token short": auth(authToken={"duration": 1}),
    "token long": auth(authToken={"duration": 94670857}),
    "token text": auth(authToken={"duration": "x"}),
    "secret short": auth(authToken={"secret": "abc", "duration": 100}),
    "secret good": auth(authToken={"secret": "x" * 40, "duration": 100}),
    "secret long": auth(fileToken={"secret": "x" * 256, "duration": 100}),
    "templates": auth(verificationTemplate={"subject": "S", "body": "B {TOKEN}"}, resetPasswordTemplate={"subject": "", "body": ""}),
    "template without token": auth(verificationTemplate={"subject": "S", "body": "no token"}),
    "oauth2 on, none": auth(oauth2={"enabled": True}),
    "oauth2 google": auth(oauth2={"enabled": True, "providers": [{"name": "google", "clientId": "a", "clientSecret": "b"}]}),
    "oauth2 unknown": auth(oauth2={"enabled": True, "providers": [{"name": "nope", "clientId": "a", "clientSecret": "b"}]}),
    "oauth2 twice": auth(oauth2={"enabled": True, "providers": [{"name": "google", "clientId": "a", "clientSecret": "b"}] * 2}),
    "oauth2 without secret": auth(oauth2={"enabled": True, "providers": [{"name": "github"}]}),
    "oauth2 bad url": auth(oauth2={"enabled": True, "providers": [{"name": "oidc", "clientId": "a", "clientSecret": "b", "authURL": "x", "tokenURL": "y", "userInfoURL": "z"}]}),
    "oauth2 mapped": auth(fields=[f("text", "nick"), f("number", "num")], oauth2={"enabled": False, "mappedFields": {"username": "nick", "name": "nope", "id": "num", "avatarURL": ""}}),
    "password field twice": auth(fields=[f("password", "other")]),
    "email as text": auth(fields=[f("text", "email")]),
    "email optional": auth(fields=[f("email", "email", required=False, system=False)]),
    "own token key": auth(fields=[f("text", "tokenKey", min=1, max=5)]),
    "no email index": auth(indexes=[]),
    "own email index": auth(indexes=["CREATE UNIQUE INDEX idx_e ON fresh (email COLLATE NOCASE) WHERE email != ''"]),
    "own email index, not unique": auth(indexes=["CREATE INDEX idx_e ON fresh (email)"]),
    "options on base": {"name": "fresh", "type": "base", "authRule": "", "viewQuery": "x"},
    "alert off": auth(authAlert={"enabled": False, "emailTemplate": {"subject": "s", "body": "b {ALERT_INFO}"}}),
    "created fields": auth(fields=[f("autodate", "created", onCreate=True)], createRule="", listRule="id = @request.auth.id"),
}  # fmt: skip

QUERIES = [
    "SELECT id FROM posts",
    "SELECT id, title FROM posts;",
    "select id, title as t, n from posts where n > 1",
    "SELECT * FROM posts",
    "SELECT p.* FROM posts p",
    "SELECT title FROM posts",
    "SELECT id, id FROM posts",
    "SELECT author as id, title FROM posts",
    "SELECT 'x' as id",
    "SELECT (ROW_NUMBER() OVER()) as id, type FROM posts",
    "SELECT id, count(*) as c, total(n) as t, sum(n) as s, avg(n) as a, max(n) as m, min(title) as mi FROM posts GROUP BY id",
    "SELECT id, CAST(n as int) as i, CAST(n as integer) as i2, CAST(n as real) as r, CAST(n as decimal) as d, CAST(n as text) as t, CAST(n as bool) as b, CAST(n as boolean) as b2, CAST(n as numeric) as nu, CAST(n as json) as j, CAST(n as varchar) as v, CAST(n as date) as da FROM posts",
    "SELECT id, (n + 1) as x, n || 'a' as y, 5 as z, 'text' as w, null as nu, 1.5 as fl FROM posts",
    "SELECT id, author, editors, tags, meta, loc, opts, type, `when`, created, body, published FROM posts",
    "SELECT p.id, u.name, u.email, u.id as uid, o.id as oid FROM posts p LEFT JOIN users u ON u.id = p.author LEFT JOIN orgs o ON o.id = u.organization",
    "SELECT p.id, u.name FROM posts as p, users as u WHERE p.author = u.id",
    "SELECT id FROM nope",
    "SELECT nope FROM posts",
    "SELECT id, nope FROM posts",
    "SELEC id FROM posts",
    "",
    "   ",
    "DELETE FROM posts",
    "INSERT INTO tags (id) VALUES ('x')",
    "SELECT id FROM posts; SELECT id FROM tags",
    "SELECT id FROM posts -- note",
    "SELECT id /* note */, title FROM posts",
    "WITH x AS (SELECT id, n FROM posts) SELECT id, n FROM x",
    "SELECT id FROM posts UNION SELECT id FROM tags",
    "SELECT id, title FROM posts UNION ALL SELECT id, label FROM tags",
    "SELECT id, (SELECT count(*) FROM comments c WHERE c.post = posts.id) as cc FROM posts",
    "SELECT id, (SELECT name FROM users LIMIT 1) as un FROM posts",
    "SELECT id, title as `ti tle` FROM posts",
    "SELECT id, title as 'quoted' FROM posts",
    'SELECT id, "title" FROM "posts"',
    "SELECT [id], [title] FROM [posts]",
    "SELECT DISTINCT id, type FROM posts",
    "SELECT id, json_extract(meta, '$.a') as ja FROM posts",
    "SELECT id, strftime('%Y', created) as y FROM posts",
    "SELECT id, coalesce(title, '') as co, iif(n > 1, 'a', 'b') as ii, case when n > 1 then 1 else 0 end as ca FROM posts",
    "SELECT id, password FROM users",
    "SELECT id, email, emailVisibility FROM users",
    "SELECT id, collectionRef FROM _externalAuths",
    "SELECT id, top FROM stats",
    "SELECT id FROM sqlite_master",
    "SELECT id, @request FROM posts",
    "SELECT max(id) as id, type FROM posts GROUP BY type",
    "SELECT id, title AS Title, n AS N FROM posts ORDER BY n LIMIT 3",
    "SELECT id, expand FROM posts",
    "SELECT id, n as expand FROM posts",
    "SELECT id, n as collectionName FROM posts",
    "VALUES (1)",
    "EXPLAIN SELECT id FROM posts",
    "SELECT id, random() as r FROM tags LIMIT 0",
    "SELECT id, n as _rowid_ FROM posts",
    "SELECT '' as id FROM posts",
    "SELECT NULL as id, title FROM posts",
    VIEW,
]  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_create(name: str, pair: Pair) -> None:
    """Names, ids, rules and overall shape are accepted and refused as by the reference."""
    pair.check(*create(SHAPES[name], name))


@pytest.mark.parametrize("field", FIELD_NAMES, ids=repr)
def test_field_name(field: Any, pair: Pair) -> None:
    """A field name is accepted or refused in the same words."""
    pair.check(*create(base("fresh", f("text", field)), f"field {field!r}"))


@pytest.mark.parametrize(("kind", "options"), OPTION_ROWS)
def test_field_options(kind: str, options: Body, pair: Pair) -> None:
    """Every option of every field type, good and bad."""
    pair.check(*create(base("fresh", f(kind, "value", **options)), f"{kind} {options}"))


@pytest.mark.parametrize("name", INDEXES)
def test_indexes(name: str, pair: Pair) -> None:
    """Index texts are parsed, normalised and refused alike."""
    pair.check(*create(base("fresh", *INDEX_FIELDS, indexes=INDEXES[name]), name))


@pytest.mark.parametrize("name", AUTHS)
def test_auth_options(name: str, pair: Pair) -> None:
    """The options of auth collections."""
    pair.check(
        *create(AUTHS[name], name),
        q(f"{ALL}/fresh/auth-methods", look_at=("content-type",))
        if "oauth2" not in name
        else q("/api/health"),
    )


@pytest.mark.parametrize(("number", "query"), list(enumerate(QUERIES)))
def test_view(number: int, query: str, pair: Pair) -> None:
    """A query becomes a view with the same inferred fields, or is refused."""
    body = {"name": "fresh", "type": "view", "viewQuery": query, "listRule": ""}
    pair.check(
        q(f"{ALL}/meta/dry-run-view", "POST", {"query": query}, who="superuser", blur=TEMPORARY),
        q(ALL, "POST", body, who="superuser"),
        q(f"{ALL}/fresh/records?sort=id&perPage=5"),
        q(f"{ALL}/fresh/records/post00000000001", who="superuser"),
        q(f"{ALL}/fresh", "DELETE", who="superuser"),
    )


VIEW_BODIES: dict[str, Body] = {
    "fields given": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "fields": [f("text", "x")]},
    "index": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "indexes": ["CREATE INDEX idx_x ON fresh (id)"]},
    "write rules": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "createRule": "", "updateRule": "", "deleteRule": ""},
    "rule on column": {"name": "fresh", "type": "view", "viewQuery": "SELECT id, n as amount FROM posts", "listRule": "amount > 1"},
    "rule on missing column": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "listRule": "amount > 1"},
    "no query": {"name": "fresh", "type": "view"},
}  # fmt: skip


@pytest.mark.parametrize("name", VIEW_BODIES)
def test_view_bodies(name: str, pair: Pair) -> None:
    """The rest of a view's body."""
    pair.check(
        *create(VIEW_BODIES[name], name), q(f"{ALL}/stats/records", "POST", {}, who="superuser")
    )


# -- changes ---------------------------------------------------------------------------------------

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


# -- lists, deletes, imports -----------------------------------------------------------------------

READS = [
    *as_each(q(ALL), "guest", "alice", "superuser"),
    *as_each(q(f"{ALL}/users"), "guest", "alice", "superuser"),
    *as_each(q(f"{ALL}/meta/scaffolds", blur=LETTER), "guest", "superuser"),
    *as_each(q(f"{ALL}/meta/dry-run-view", "POST", {"query": "select id from posts"}), "guest", "alice"),
    *(
        q(f"{ALL}?{query}", who="superuser")
        for query in (
            "perPage=2", "page=2&perPage=3", "page=999", "perPage=0", "perPage=-1", "perPage=abc", "page=abc", "page=-1", "perPage=2000",
            "sort=name", "sort=-name", "sort=-created,name", "sort=nope", "sort=@random&fields=page", "sort=fields", "filter=name='posts'", "filter=name~'rule'&sort=name",
            "filter=system=true&sort=name", "filter=type='view'", "filter=nope=1", "filter=id=", "filter=listRule=''", "skipTotal=1&perPage=1", "fields=name&perPage=2",
            "fields=items.name,totalItems&sort=name", "fields=name,id&sort=name", "fields=*&perPage=1", "filter=type='auth'%26%26name!='users'&sort=-name",
        )
    ),
    q(f"{ALL}/pbc_3142635823", who="superuser"),
    q(f"{ALL}/POSTS?fields=name,fields", who="superuser"),
    q(f"{ALL}/stats?fields=fields.name", who="superuser"),
    q(f"{ALL}/meta/unknown", who="superuser"),
]  # fmt: skip


@pytest.mark.parametrize("scenario", READS, ids=str)
def test_read(scenario: Scenario, pair: Pair) -> None:
    """Listing and viewing definitions."""
    pair.check(scenario)


REFUSED = [
    *as_each(q(f"{ALL}/posts", "DELETE"), "guest", "alice"),
    *as_each(q(f"{ALL}/posts", "PATCH", {"name": "x"}), "guest", "alice"),
    *as_each(q(f"{ALL}/posts/truncate", "DELETE"), "guest", "alice"),
    *as_each(q(f"{ALL}/import", "PUT", {"collections": []}), "guest", "alice", "superuser"),
    *(
        q(f"{ALL}/{name}", "DELETE", who="superuser")
        for name in ("_superusers", "_mfas", "users", "orgs", "posts", "nope", "tags")
    ),
    q(f"{ALL}/stats/truncate", "DELETE", who="superuser"),
    q(f"{ALL}/nope/truncate", "DELETE", who="superuser"),
    q(f"{ALL}/import", "PUT", {}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": None}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": "x"}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": [{}]}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": [{"name": "i1"}]}, who="superuser"),
    q(
        f"{ALL}/import",
        "PUT",
        {"collections": [base("i1"), {"name": "i2", "type": "odd"}]},
        who="superuser",
    ),
    q(f"{ALL}/import", "PUT", {"collections": [base("i1"), base("i1")]}, who="superuser"),
    q(
        f"{ALL}/import",
        "PUT",
        {"collections": [base("i1", f("relation", "r", collectionId="nope"))]},
        who="superuser",
    ),
    q(f"{ALL}/import", "PUT", {"collections": [base("i1", listRule="nope=1")]}, who="superuser"),
    q(f"{ALL}/i1", who="superuser"),
]


@pytest.mark.parametrize(("number", "scenario"), list(enumerate(REFUSED)))
def test_refused(number: int, scenario: Scenario, pair: Pair) -> None:
    """What may not be deleted, emptied or imported stays as it is."""
    scenario = replace(scenario, blur=r"reference in [\w, ]+")
    pair.check(scenario, q(f"{ALL}?fields=totalItems", who="superuser"))


def test_import_story(pair: Pair) -> None:
    """Imports create, change, tie collections to each other and are all or nothing."""
    one = base("imp1", f("text", "t", id="ft"), id="imp000000000001")
    two = base(
        "imp2",
        f("relation", "r", collectionId="imp000000000001"),
        id="imp000000000002",
        listRule="r.t = 'x'",
    )
    by = {"who": "superuser"}
    pair.check(
        q(f"{ALL}/import", "PUT", {"collections": [two, one]}, **by),
        q(f"{ALL}/imp1", **by),
        q(f"{ALL}/imp2", **by),
        q(f"{ALL}/imp1/records", "POST", {"id": "imp000000000001", "t": "x"}, **by),
        q(f"{ALL}/imp2/records", "POST", {"id": "imp000000000002", "r": "imp000000000001"}, **by),
        q(f"{ALL}/imp2/records?expand=r"),
        q(f"{ALL}/import", "PUT", {"collections": [{**one, "fields": [f("number", "num")]}]}, **by),
        q(f"{ALL}/imp1", **by),
        q(f"{ALL}/imp1/records", **by),
        q(
            f"{ALL}/import",
            "PUT",
            {"collections": [{**one, "fields": [f("text", "renamed", id="ft")], "name": "imp1r"}]},
            **by,
        ),
        q(f"{ALL}/imp1r", **by),
        q(f"{ALL}/import", "PUT", {"collections": [base("imp3"), {**one, "name": "posts"}]}, **by),
        q(f"{ALL}/imp3", **by),
        q(f"{ALL}/imp1/truncate", "DELETE", **by),
        q(f"{ALL}/imp1r/truncate", "DELETE", **by),
        q(f"{ALL}/imp1r/records", **by),
        q(f"{ALL}/imp2/records", **by),
        q(f"{ALL}/imp1r", "DELETE", **by),
        q(f"{ALL}/imp2", "DELETE", **by),
        q(f"{ALL}/imp1r", "DELETE", **by),
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


def test_delete_all_story(pair: Pair) -> None:
    """An import with deleteMissing removes everything that is not a system collection."""
    by = {"who": "superuser"}
    pair.check(
        q(
            f"{ALL}/import",
            "PUT",
            {"deleteMissing": True, "collections": [base("only", id="only00000000001")]},
            **by,
        ),
        q(f"{ALL}?sort=name&fields=name,id", **by),
        q(f"{ALL}/only/records", **by),
    )
