"""
New collections and lists of them; good and bad bodies.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import f
from tests.parity.definitions import ALL, LETTER, USERS, Body, auth, base, create
from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity


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
    "system flag": base("freshsys", system=True),
    "own id": base(id="freshcollect001"),
    "short id": base(id="abc"),
    "bad id": base(id="has space here1"),
    "taken id": base(id=USERS),
    "id of a name": base(id="posts"),
    "created given": base(created="2020-01-01 00:00:00.000Z"),
    "unknown keys": base(foo=1, schema=[{"name": "x", "type": "text"}]),
    "blank type": {"name": "fresh", "type": ""},
    "list of names": {"name": ["fresh"]},
    "number id": {"name": "fresh", "id": 5},
    "text system": {"name": "fresh", "system": "x"},
    "bad created": {"name": "fresh", "created": 5},
    "no date": {"name": "fresh", "created": "zz"},
    "query of a base": {"name": "fresh", "viewQuery": 5},
    "rule of a base": {"name": "fresh", "authRule": 5},
    "list": [1],
    "fields null": {"name": "fresh", "type": "base", "fields": None},
    "fields object": {"name": "fresh", "type": "base", "fields": {}},
    "fields text": {"name": "fresh", "type": "base", "fields": "x"},
    "fields of numbers": {"name": "fresh", "type": "base", "fields": [1]},
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
    "same name, other type": base("fresh", f("text", "a"), f("number", "a")),
    "same name, other ids": base("fresh", f("text", "a", id="x1"), f("number", "a", id="x2")),
    "number as id field": base("fresh", f("number", "id"), f("text", "a", min=-1)),
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
    "relation": [{}, {"collectionId": ""}, {"collectionId": "nope"}, REL, {**REL, "maxSelect": 0}, {**REL, "maxSelect": 3}, {**REL, "maxSelect": -1}, {**REL, "minSelect": 2, "maxSelect": 1}, {**REL, "minSelect": 2, "maxSelect": 3}, {**REL, "minSelect": -1}, {**REL, "minSelect": 1}, {**REL, "cascadeDelete": True}, {**REL, "cascadeDelete": "x"}, {**REL, "required": True, "maxSelect": 2}, {"collectionId": "pbc_4107852781"}, {"collectionId": 5}],
    "file": [{}, {"maxSize": -1}, {"maxSize": 100}, {"maxSelect": 3}, {"maxSelect": -1}, {"maxSelect": 0}, {"mimeTypes": ["image/png"]}, {"mimeTypes": ["nonsense"]}, {"mimeTypes": "x"}, {"thumbs": ["100x100"]}, {"thumbs": ["0x0"]}, {"thumbs": ["0x50", "50x0", "10x10t", "10x10b", "10x10f"]}, {"thumbs": ["x"]}, {"thumbs": ["a", "b"]}, {"thumbs": []}, {"protected": True}, {"required": True}, {"maxSize": 1e20}],
    "password": [{}, {"min": 5}, {"min": -1}, {"max": 80}, {"max": 71}, {"max": 72}, {"min": 10, "max": 5}, {"min": 72}, {"cost": 4}, {"cost": 3}, {"cost": 31}, {"cost": 32}, {"cost": -1}, {"pattern": "("}, {"pattern": "^a"}, {"required": True}],
    "odd": [{}], "": [{}], "TEXT": [{}], "schema": [{}],
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

# -- auth ------------------------------------------------------------------------------------------

NO_IDENTITY = {"enabled": True, "identityFields": ["nope"]}
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
    "token and identity": auth(authToken={"duration": 1}, passwordAuth=NO_IDENTITY, authRule="x ="),
    "mfa and identity": auth(mfa={"enabled": True}, passwordAuth=NO_IDENTITY),
    "mfa rule and identity": auth(mfa={"enabled": True, "rule": "x ="}, otp={"enabled": True}, passwordAuth=NO_IDENTITY),
    "mfa duration alone": auth(mfa={"enabled": True, "duration": 1, "rule": "x ="}),
    "identity and index": auth(passwordAuth=NO_IDENTITY, indexes=["nope"]),
    "identity, other case": auth(passwordAuth={"enabled": True, "identityFields": ["EMAIL"]}),
    "identity is the id": auth(passwordAuth={"enabled": True, "identityFields": ["id", "tokenKey"]}),
    "oauth2 twice and more": auth(oauth2={"enabled": True, "providers": [{"name": "x"}, {"name": "google"}, {"name": "google"}]}, passwordAuth=NO_IDENTITY),
    "oauth2 nameless": auth(oauth2={"enabled": True, "providers": [{"name": ""}, {"name": ""}]}),
    "oauth2 off, wrong": auth(oauth2={"enabled": False, "providers": [{"name": "x"}, {"name": "x"}]}),
    "system fields": auth(fields=[f("email", "email", hidden=True, id="em"), f("bool", "verified", hidden=True), f("password", "password", min=2, hidden=False, required=False)]),
    "system fields of other types": auth(fields=[f("number", "tokenKey"), f("text", "password"), f("text", "verified", id="ve")]),
    "ids of system fields": auth(fields=[f("text", "x", id="text2504183744"), f("text", "VERIFIED2")]),
    "system field, other case": auth(fields=[f("bool", "VERIFIED")]),
    "token key as sent": auth(fields=[f("text", "tokenKey", min=10, autogeneratePattern="[a-z]{5}", pattern="^x$", hidden=False)]),
    "reserved names": auth(fields=[f("text", "passwordConfirm"), f("text", "oldPassword", min=-1)]),
    "created fields": auth(fields=[f("autodate", "created", onCreate=True)], createRule="", listRule="id = @request.auth.id"),
}  # fmt: skip


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


# -- reading ---------------------------------------------------------------------------------------

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
