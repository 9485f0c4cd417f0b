"""
Filters, sorts, pages, expands and the fields picker.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts.http_client import with_query
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

POSTS = "/api/collections/posts/records"
USERS = "/api/collections/users/records"
COMMENTS = "/api/collections/comments/records"
KINDS = "/api/collections/kinds/records"

OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"]
ALL_OPERATORS = [*OPERATORS, *(f"?{one}" for one in OPERATORS)]
OPERANDS = {
    "title": [
        "'Hello world'",
        "'hello'",
        "'%world'",
        "''",
        "null",
        "5",
        "'100\\%'",
        "body",
        "'O\\'Reilly%'",
        '"emoji 😀 title"',
    ],
    "n": ["1", "2.5", "'1'", "''", "null", "true", "-1", "id", "'%1%'"],
    "published": ["true", "false", "1", "0", "'true'", "null", "''"],
    "type": ["'a'", "''", "null", "'%'"],
    "opts": ["'x'", "'[\"x\"]'", "''", "null"],
    "opts:each": ["'x'", "''", "null", "'%y%'"],
    "opts:length": ["0", "2", "'2'", "null", "3.0"],
    "author": ["'user00000000001'", "''", "null", "@request.auth.id"],
    "author.name": ["'Alice'", "''", "null", "'%a%'"],
    "author.level": ["3", "0", "null", "''"],
    "author.organization.name": ["'test'", "''", "null"],
    "author.permissions.active": ["true", "false", "null"],
    "author.permissions.name": ["'p1'", "'p'", "null", "''"],
    "editors": ["'user00000000002'", "'[]'", "''", "null"],
    "editors:each": ["'user00000000001'", "''"],
    "editors.name": ["'Alice'", "'Bob'", "''", "null", "'%o%'"],
    "editors.level": ["3", "4", "null"],
    "tags.label": ["'red'", "'Red'", "''", "null"],
    "tags.label:lower": ["'red'", "''"],
    "tags:length": ["0", "2"],
    "meta": ["null", "''", "'plain'", "42", "true", "'{}'"],
    "meta.a": ["1", "'1'", "null", "''"],
    "meta.b.c": ["'[1,2,3]'", "null"],
    "meta.b.c[1]": ["2", "null"],
    "meta.b.c.1": ["2", "null"],
    "meta[1]": ["'two'", "null"],
    "meta.list.x": ["1", "null"],
    "meta:length": ["0", "1"],
    "meta.list:length": ["2"],
    "loc": ["''", "null", '\'{"lon":0,"lat":0}\''],
    "loc.lon": ["0", "13", "'13'", "null"],
    "when": ["'2024-05-04 04:30:00.000Z'", "'2024'", "''", "null", "@now", "'2024-05%'"],
    "created": ["@now", "@todayStart", "''", "null", "'2020'"],
    "title:lower": ["'hello world'", "'HELLO WORLD'"],
    "comments_via_post.likes": ["3", "0", "null"],
    "comments_via_post.user.name": ["'Bob'", "null"],
    "comments_via_post:length": ["0", "4"],
    "comments_via_post": ["'commen000000001'", "''", "null"],
    "comments_via_post.id": ["'commen000000001'", "''"],
    "author.comments_via_user.likes": ["6"],
    "id": ["'post00000000003'", "''", "'POST00000000003'", "null", "author"],
    "collectionName": ["'posts'", "''"],
    "collectionId": ["''"],
}
SPEC = [
    pytest.param(f"{left} {op} {right}", id=f"{left} {op} {right}")
    for left, rights in OPERANDS.items()
    for op in ALL_OPERATORS
    for right in rights
]

FILTERS = [
    "", " ", "id", "id =", "= id", "id = ", "id == 'x'", "id = 'a' AND id = 'b'", "id = 'a' && ", "&& id = 'a'", "(id = 'a'", "id = 'a')", "()", "((id='a'))", "id = 'a' || (n > 1 && (n < 5 || title ~ 'x'))",
    "id='a'||id='post00000000001'&&n>0", "n>0&&n<3||published=true", "(n>0||published=true)&&type='a'", "id = 'unclosed", 'id = "unclosed', "id = 'it''s'", "id = `x`", "id = x", "id = 5x", "id = 1e5", "n = 1.", "n = .5", "n = --1", "n = +1", "n = 01",
    "n = 99999999999999999999999", "title = 'a\\'b'", 'title = "a\\"b"', "title = 'a\\\\b'", "title ~ '\\%'", "title ~ '100\\% sure\\_thing'", "title ~ '_ello'", "title ~ 'HELLO'", "title ~ 'ünï'", "title ~ 'ÜNÏ'", "title !~ 'hello'", "title ~ ''", "title !~ ''", "title ~ '%'", "'hello' ~ title", "title ~ title",
    "nope = 1", "nope.x = 1", "title.x = 1", "author.nope = 1", "author.name.x = 1", "@nope = 1", "@request.nope = 1", "@request.auth.nope = 1", "@request.auth.id = ''", "@request.auth.id != ''", "@collection.users.id != ''", "@collection.nope.id = 1", "@request.query.filter ~ 'x'", "@request.method = 'GET'", "@request.headers.user_agent != ''", "@request.body.x = 1", "@request.context = 'default'",
    "secret = 'secret 1'", "secret ~ 's'", "author.secret ~ 's'", "author.email ~ 'alice'", "author.email = ''", "author.password != ''", "author.tokenKey != ''", "author.emailVisibility = true", "editors.email ?~ 'example'", "comments_via_post.user.email ?~ 'alice'",
    "nope_via_post.id = 1", "comments_via_nope.id = 1", "posts_via_author.id != ''", "tags_via_star.label = null", "comments_via_user.id = 1", "rule_auth_via_owner.id = ''", "author.rule_locked_via_owner.title ?~ 'x'", "author.rule_auth_via_owner.title ?~ 'auth'", "author.staff_via_x.id = 1",
    "title:nope = 1", "title:each = 1", "title:length = 1", "title:isset = true", "title:changed = true", "n:lower = 1", "n:length = 1", "author:each != ''", "author:length = 1", "type:each = 'a'", "type:length = 1", "opts:lower ~ 'x'", "opts:each:lower = 'x'", "title:LOWER = 'x'", "meta:each = 1", "loc:length = 1", "published:lower = 'true'",
    "author.permissions:length > 1", "author.permissions:each ~ 'perm'", "editors.permissions:each ?= 'perm00000000001'", "editors.permissions.weight > 5", "editors.permissions.weight ?> 25", "editors.permissions.name ?= 'p2' && editors.permissions.active ?= false", "editors.name ?= 'Bob' && editors.level ?= 3", "editors.name ?= 'Bob' && editors.level ?= 5", "tags.label = 'red' || tags.rank > 3", "tags.parent.label = null", "tags.star.title ~ 'x'",
    "author = editors", "author ?= editors", "author ?= editors.id", "author.id ?= editors.id", "editors.id ?= author.id", "author.name != editors.name", "n > author.level", "author.level > n", "comments_via_post.user ?= author", "comments_via_post.likes > n", "n = meta.a", "tags.rank ?= editors.level",
    "1 = 1", "1 = 2", "'a' = 'a'", "'a' = 'A'", "null = null", "null = ''", "'' = ''", "true = 1", "true = true", "false = ''", "1 = '1'", "'a' ~ 'A'", "5 > 3", "'b' > 'a'", "null != 1", "'x' ?= 'x'", "0 = ''", "0 = null", "false = null",
    "id != null", "id > 'post00000000020'", "n > 'a'", "published > 0", "published", "!published", "not published", "published = TRUE", "published = True", "n = NULL", "n = Null",
    "title = 'x' // note", "// note only", "title != 'x' // note\n && n > 1", "title != '//' && n = 1", "n > 1 // a // b", "// first\nn > 1", "/* x */ n > 1",
    "@now > created", "created <= @now", "when < @now", "when > @yearStart", "@second >= 0", "@minute < 60", "@hour < 24 && @day > 0", "@month <= 12 && @weekday < 7", "@year > 2020", "@yesterday < @now", "@tomorrow > @now", "@todayStart <= @now && @todayEnd >= @now", "@monthStart <= @now && @monthEnd >= @now", "@yearEnd > @yearStart", "@now", "@NOW > created", "@now() > created", "created > @yesterday && created < @tomorrow",
    "geoDistance(loc.lon, loc.lat, 13, 7) < 100", "geoDistance(loc.lon, loc.lat, 13, 7) = 0", "geoDistance(13, 7, 13, 8) > 110", "geoDistance(loc.lon, loc.lat, 13) < 1", "geoDistance() < 1", "geoDistance('a', 1, 2, 3) < 1", "geoDistance(loc.lon, loc.lat, author.level, n) > 0", "geodistance(1,2,3,4) > 0", "geoDistance(loc.lon, loc.lat, tags.rank, 0) > 100", "geoDistance(loc.lon, loc.lat, tags.rank, 0) ?> 100", "geoDistance(1,2,3,4,5) > 1", "1 < geoDistance(loc.lon, loc.lat, 0, 0)", "geoDistance(null, 1, 2, 3) > 0", "geoDistance(title, 1, 2, 3) >= 0", "geoDistance(geoDistance(1,2,3,4), 1, 2, 3) > 0",
    "strftime('%Y', when) = '2024'", "strftime('%Y-%m', when) > '2024-05'", "strftime('%m', when, '+1 month') = '06'", "strftime('%Y', 'now') > '2020'", "strftime('%Y') = '2024'", "strftime() = 1", "strftime('%s', when) > 0", "strftime('%d', created, 'start of month') = '01'", "strftime('%Y', when) = strftime('%Y', '2024-01-01')", "strftime('%H', when) ~ '0'", "strftime(title, when) = ''", "strftime('%Y', author.created) > '2020'", "strftime('%Y', editors.created) ?> '2020'", "strftime('%q', when) = null", "strftime('%Y', when, 'bad') = null", "strftime('%Y', when, '+1 day', '-1 day', '+1 year') = '2025'", "nope(1) = 1", "lower(title) = 'x'", "count(id) > 1", "strftime('%Y', strftime('%Y', when)) = ''", "strftime(1, when) = ''",
    "((((((((((n > 1))))))))))", "(" * 60 + "n > 1" + ")" * 60, " && ".join(["n > 1"] * 50), " || ".join(["n > 1"] * 201), " && ".join(["id != ''"] * 200), "title = '" + "x" * 3450 + "'", "title = '" + "x" * 3600 + "'", "id = 'a" + "\u0000" + "'", "id\t=\n'post00000000001'", "id='post00000000001'", "n>1&&n<=10", "n>1 & n<5", "n>1 | n<5", "n => 1", "n <> 1", "n ! = 1", "n ?== 1", "n ~= 1", "n ?~ 1 && n ?!~ 2", "n ?>= 1", "n ? > 1",
    "collectionName = 'posts'", "collectionId != ''", "expand = ''", "@rowid > 3", "_rowid_ > 1", "rowid > 1", "id ?!= ''", "posts.n > 1", "posts.title ~ 'x'", "`id` = 'x'", "[id] = 'x'", "id = 'x'; DROP TABLE posts", "id = 'x') OR 1=1 --", "author.organization.name.x = 1", "author.organization.id.name = 1", "a.b.c.d.e.f.g.h = 1", "tags.parent.parent.parent.parent.parent.parent.label = 'x'", "tags.star.author.comments_via_user.post.tags.label ?= 'red'",
]  # fmt: skip

SORTS = [
    "id", "-id", "+id", "title", "-title", "n,-id", "-n,+title,id", "published,-n,id", "author,id", "author.name,id", "-author.organization.name,id", "author.level,-id", "tags.label,id", "editors.name,id", "opts,id", "meta,id", "meta.a,id", "-meta.a,id", "loc,id", "loc.lon,id", "when,id", "created,id",
    "@rowid", "-@rowid", "@random&fields=n/a", "-@random&fields=n/a", "nope", "-nope", "author.nope", "secret", "author.secret", "author.email,id", "author.password", "title:lower,id", "opts:length,id", "-opts:length,id", "opts:each,id", "comments_via_post.likes,id", "comments_via_post:length,id",
    "", ",", "id,", ",id", "id,,n", " id ", "id , -n", "--id", "+-id", "id desc", "ID", "-N,id", "id,id", "a,b,c,d,e,f,g,h,i", "id,n,title,type,when,created,updated,published", "id,n,title,type,when,created,updated,published,body", "@now", "@request.auth.id", "@collection.users.id", "geoDistance(loc.lon,loc.lat,1,1)", "1", "'x'", "`id`", "id;", "collectionId", "expand", "count(*)", "%2Bid", "author,-author.name,id",
]  # fmt: skip

PAGES = [
    {"page": 1}, {"page": 2, "perPage": 10}, {"page": 3, "perPage": 10}, {"page": 4, "perPage": 10}, {"page": 999}, {"page": 0}, {"page": -1}, {"page": "x"}, {"page": ""}, {"page": 1.5}, {"page": "9223372036854775808"},
    {"perPage": 1}, {"perPage": 0}, {"perPage": -1}, {"perPage": 1000}, {"perPage": 1001}, {"perPage": "x"}, {"perPage": ""}, {"perPage": "1e2"}, {"perPage": " 5"}, {"perPage": "0x10"}, {"perPage": "+5"}, {"perPage": "05"},
    {"skipTotal": 1}, {"skipTotal": "true"}, {"skipTotal": "t"}, {"skipTotal": 0}, {"skipTotal": "x"}, {"skipTotal": ""}, {"skipTotal": "1", "page": 3, "perPage": 10}, {"skipTotal": "TRUE", "perPage": 3}, {"PERPAGE": 3}, {"perpage": 3}, {"unknown": 1},
]  # fmt: skip

EXPANDS = [
    "author", "editors", "tags", "author,editors", "author.organization", "author.permissions", "author.organization,author.permissions", "editors.permissions,author", "tags.parent", "tags.star", "tags.parent.parent.parent", "nope", "author.nope", "title", "author,nope,tags", "", ",", " author ", "author , tags", "author.", ".author", "author..organization", "Author",
    "comments_via_post", "comments_via_post.user", "comments_via_post.user.organization", "comments_via_post.post", "comments_via_nope", "nope_via_post", "tags_via_star", "author.comments_via_user", "author.comments_via_user.post.author", "author.posts_via_author", "editors.posts_via_editors", "author.rule_locked_via_owner", "author.rule_auth_via_owner", "author.rule_open_via_owner", "author.rule_owner_via_owner",
    "author.organization.x.y.z.a.b.c", "a.b.c.d.e.f.g", "tags.star.tags.star.tags.star.tags", "author,author", "author.organization,author", "expand.author", "collectionId", "comments_via_post(x)", "author:lower", ",".join(["author"] * 50),
]  # fmt: skip

FIELDS = [
    "id", "id,title", "*", "*,id", "nope", "", " ", ",", " id , title ", "ID", "items", "items.id", "totalItems", "page,perPage", "id,expand", "expand", "expand.author", "expand.author.name", "expand.author.id,expand.editors.name", "*,expand.author.name", "expand.*", "expand.*.name", "expand.author.*", "meta", "meta.a", "meta.b.c", "meta.*", "loc.lon", "opts", "opts.0", "title:excerpt(3)", "title:excerpt(3,true)", "title:excerpt(3,false)", "body:excerpt(10, true)", "title:excerpt()", "title:excerpt(x)", "title:excerpt(-1)", "title:excerpt(0)", "title:nope(1)", "title:excerpt", "*:excerpt(3)", "title:excerpt(5),body", "n:excerpt(2)", "meta:excerpt(2)", "opts:excerpt(1)", "secret", "password", "author.name", "collectionName,collectionId", "id,id", "title:excerpt(1000,true)", "body:excerpt(6,true),title:excerpt(2)", "(id)", "id;title", "expand.editors", "expand.comments_via_post.text",
]  # fmt: skip


def _list(url: str = POSTS, **query: object) -> str:
    return with_query(url, **query)


@pytest.mark.parametrize("text", SPEC)
def test_operators(text: str, pair: Pair) -> None:
    """Every operator between every kind of field and every kind of value."""
    url = _list(filter=text, sort="id", perPage=100, fields="id")
    pair.check(q(url, who="superuser"), q(url, who="alice"))


@pytest.mark.parametrize(("number", "text"), list(enumerate(FILTERS)))
def test_filters(number: int, text: str, pair: Pair) -> None:
    """Good, odd and broken filters."""
    url = _list(filter=text, sort="id", perPage=100, fields="id")
    pair.check(*(q(url, who=who) for who in ("superuser", "alice", "guest")))


@pytest.mark.parametrize(("number", "text"), list(enumerate(SORTS)))
def test_sorts(number: int, text: str, pair: Pair) -> None:
    """Sorting by anything, or refusing to."""
    url = (
        f"{POSTS}?perPage=50&sort={text}"
        if "&" in text or "%" in text
        else _list(sort=text, perPage=50)
    )
    pair.check(*(q(url, who=who) for who in ("superuser", "alice", "guest")))


@pytest.mark.parametrize("query", PAGES, ids=str)
def test_pages(query: dict[str, object], pair: Pair) -> None:
    """Pages, page sizes and totals at and beyond their edges."""
    pair.check(
        q(_list(sort="id", fields="id", **query)),
        q(_list(COMMENTS, sort="-id", **query)),
        q(_list("/api/collections/rule_locked/records", **query)),
    )


@pytest.mark.parametrize("text", EXPANDS)
def test_expands(text: str, pair: Pair) -> None:
    """Expanded relations, forward and back, as far as each caller may see."""
    pair.check(
        *(
            q(_list(expand=text, sort="id", perPage=12), who=who)
            for who in ("superuser", "alice", "guest")
        ),
        q(with_query(f"{POSTS}/post00000000001", expand=text), who="alice"),
        q(with_query(f"{USERS}/user00000000001", expand=text.replace("author.", "")), who="bob"),
    )


@pytest.mark.parametrize("text", FIELDS)
def test_fields(text: str, pair: Pair) -> None:
    """The fields picker on lists and on single records."""
    both = "author.organization,editors,comments_via_post"
    pair.check(
        q(_list(fields=text, expand=both, sort="id", perPage=7)),
        q(_list(fields=text and f"items.{text}", expand=both, sort="id", perPage=4), who="alice"),
        q(with_query(f"{POSTS}/post00000000002", fields=text, expand=both)),
        q(with_query(f"{POSTS}/nope", fields=text)),
    )


SHOWN = [
    q(f"{USERS}?sort=id"),
    q(f"{USERS}?sort=id&filter=email~'example'"),
    q(f"{USERS}?sort=email,id"),
    q(f"{USERS}?sort=id&filter=emailVisibility=false"),
    q(f"{USERS}?sort=id&filter=verified=true"),
    q(f"{USERS}?sort=id&filter=secret~'alice'"),
    q(f"{USERS}?sort=id&filter=password!=''"),
    q(f"{USERS}?sort=id&filter=tokenKey~'a'"),
    q(f"{USERS}/user00000000001"),
    q(f"{USERS}/user00000000002"),
    q(f"{USERS}/user00000000002?fields=email,name"),
    q(f"{POSTS}?expand=author,editors&sort=id&fields=expand"),
    q(f"{COMMENTS}?expand=user&sort=id&perPage=6"),
    q("/api/collections/staff/records?sort=id"),
    q("/api/collections/staff/records/staff0000000001"),
    q("/api/collections/staff/records/staff0000000002"),
    q("/api/collections/stats/records?sort=id&expand=author"),
    q(f"{KINDS}?sort=id&filter=hidden=''"),
    q(f"{KINDS}?filter=password=''"),
]


@pytest.mark.parametrize("who", ["guest", "alice", "bob", "erin", "frank", "superuser"])
@pytest.mark.parametrize(("number", "scenario"), list(enumerate(SHOWN)))
def test_visibility(number: int, scenario: Scenario, who: str, pair: Pair) -> None:
    """Hidden fields and e-mail addresses are shown to nobody else."""
    pair.check(replace(scenario, who=who))
