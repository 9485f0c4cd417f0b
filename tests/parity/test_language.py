"""
The rule language at its edges: what is easily forgotten, asked of both servers over odd values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts.http_client import with_query
from tests.parity.odd_pair import open_pair
from tests.scenario import Pair, Scenario, q

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.parity, pytest.mark.slow]

COLLECTION = "/api/collections/items?fields=id"
ITEMS = "/api/collections/items/records"
STATS = "/api/collections/stats/records"
TAGS = "/api/collections/tags/records"
HEADERS = {"X-Fuzz": "test", "X-Two": "a, b"}
QUERY = {"q": "Alice", "n": "5", "e": "", "d": "2024-05-05", "a.b": "1", "a_b": "1"}
MOMENTS = [
    "@now",
    "@yesterday",
    "@tomorrow",
    "@second",
    "@minute",
    "@hour",
    "@day",
    "@month",
    "@weekday",
    "@year",
    "@todayStart",
    "@todayEnd",
    "@monthStart",
    "@monthEnd",
    "@yearStart",
    "@yearEnd",
]
FILTERS = {
    "macros": [f"strftime('%Y', {m}) != ''" for m in MOMENTS]+[f"{m} {o} {v}" for m in ("@month","@weekday","@day","@year","@monthEnd","@yearStart") for o in ("=","!=",">","~") for v in ("11","'11'","6","null","''","'2026-11'","true")],
    "callers": ["@NOW = 1","@now:lower != ''","@now.x = 1","@todaystart != ''","now = 1","@ = 1","@request = 1","@request. = 1","@request.x = 1","@request.auth = 1","@request.body = 1","@request.query = 1","@request.headers = 1","@request.context.x = 1","@request.method:lower = 'get'","@request.method:isset = true","@request.context:isset = true","@request.context:each = 'x'","@request.auth.id:isset = true","@request.auth.id:lower != ''","@request.auth:isset = true","@request.auth.perms:each ?~ 'perm'","@request.auth.perms:length = 2","@request.auth.perms.name ?= 'p1'","@request.auth.org.name:lower = 'test'","@request.auth.org.users_via_org.name ?= 'alice'","@request.auth.items_via_author.title ~ 'a'","@request.auth.items_via_author.n ?> 3","@request.auth.items_via_author:length > 1","@request.auth.notes_via_who.likes > 0","@request.auth.boss.boss.name != ''","@request.auth.friends.level > 1","@request.auth.friends.level ?> 1","@request.auth.prefs.lang = 'en'","@request.auth.prefs != null","@request.auth.home.lon > 1","@request.auth.roles:each ?= 'admin'","@request.auth.roles ~ 'admin'","@request.auth.roles = '[\"admin\"]'","@request.auth.secret != ''","@request.auth.password != ''","@request.auth.tokenKey != ''","@request.auth.collectionId != ''","@request.auth.collectionName:lower = 'users'","@request.auth.nope.x = 1","@request.auth.nope_via_x.y = 1","@request.auth.level.x = 1","@request.auth.created > '2000'","@request.auth.verified = on","@request.auth.emailVisibility = true","@request.auth.username = ''","@request.auth.passports_via_owner.code > 0","@request.auth.passports_via_owner.stamps.label ?= 'red'"],
    "queries": ["@request.query.filter != ''","@request.query.filter:isset = true","@request.query.filter:length > 1","@request.query.filter:each != ''","@request.query.perPage = 200","@request.query.perPage = '200'","@request.query.perPage > 100","@request.query.perPage ~ 20","@request.query.q ~ title","title ~ @request.query.q","@request.query.q:lower = 'alice'","@request.query.a.b = 1","@request.query.a_b = 1","@request.query.Q = 1","@request.query.q = @request.query.q","@request.query.none = @request.query.none2","@request.query.n = n","@request.query.n > 2","@request.query.e = ''","@request.query.e = null","@request.query.e:isset = true","@request.query.e != @request.query.none"],
    "headers": ["@request.headers.x_fuzz = 'test'","@request.headers.X_Fuzz = 'test'","@request.headers.x-fuzz = 'test'","@request.headers.x_fuzz:lower = 'test'","@request.headers.x_fuzz:isset = true","@request.headers.user_agent != ''","@request.headers.host != ''","@request.headers.host:isset = true","@request.headers.authorization:isset = true","@request.headers.authorization != ''","@request.headers.accept_encoding:isset = true","@request.headers.content_type = 'application/json'","@request.headers.content_length:isset = true","@request.headers.x_two = 'a'","@request.headers.x_two ~ 'b'","@request.headers.x_üni = ''","@request.headers.a__b = 1","@request.headers.cookie:isset = true","@request.headers.connection:isset = true"],
    "collections": ["@collection.users.id ?= author","@collection.users:a.id ?= author && @collection.users:b.level ?> 3","@collection.users:a.id ?= author && @collection.tags:a.rank ?> 3","@collection.users.name = 'alice'","@collection.users.name != 'alice'","@collection.users.level ?= n","@collection.users.friends.level ?> n","@collection.users.items_via_author.n ?= n","@collection.users:x.id = @collection.users:y.id","@collection.users:x.id ?!= @collection.users:x.boss","@collection.nope.id = 1","@collection.users = 1","@collection.users.nope = 1","@collection.users:.id = 1","@collection.users:a:b.id = 1","@collection.:a.id = 1","@collection.USERS.id ?= author","@collection.stats.total ?> 1","@collection.stats.id ?= id && @collection.stats.total ?> 1","@collection.items.id ?= next","@collection.items.id ?= id && @collection.items.n ?> 2","@collection.secrets.text ?~ 'x'","@collection.tags.parent.label ?= 'Red'","@collection.users:a.perms.weight ?> @collection.users:b.perms.weight","@collection.users.roles:each ?= 'admin' && @collection.users.id ?= author","@collection.users.roles:length ?> 1","@collection.notes.item ?= id && @collection.notes.likes ?> 2","@collection.notes.item = id","@collection.notes.extra.a ?= 1","@collection.users.email ?~ 'alice'","@collection.users.secret ?~ 'x'","@collection._superusers.email ?~ 'root'","@collection._superusers.id ?!= ''","@collection._collections.id != ''","@collection._params.id != ''","@collection.sqlite_master.name != ''"],
    "distances": ["geoDistance(loc.lon, loc.lat, 0, 0) = null","geoDistance(loc.lon, loc.lat, 0, 0) != null","geoDistance(loc.x, loc.lat, 0, 0) = null","geoDistance(loc, loc, 0, 0) >= 0","geoDistance(author.home.lon, author.home.lat, loc.lon, loc.lat) < 5000","geoDistance(editors.home.lon, editors.home.lat, loc.lon, loc.lat) < 5000","geoDistance(editors.home.lon, editors.home.lat, loc.lon, loc.lat) ?< 5000","geoDistance(1,2,3,@now) > 0","geoDistance(@request.auth.home.lon,@request.auth.home.lat,0,0) > 10","geoDistance(@request.query.n,2,3,4) > 0","geoDistance(@request.query.none,2,3,4) = null","geoDistance(-1,-2,-3,-4) > 0","geoDistance(1.5,2,3,4.25) > 0","geoDistance(181,0,0,0) > 0","geoDistance(999999999999,0,0,91) > 0","geoDistance( 1 , 2 , 3 , 4 ) > 0","geoDistance(1 2 3 4) > 0","geoDistance(1,,2,3) > 0","geoDistance(1,2,3,4,) > 0","geoDistance(,1,2,3) > 0","geoDistance (1,2,3,4) > 0","geoDistance(1,2,3,4) = geoDistance(3,4,1,2)","geoDistance(1,2,3,4) = true","geoDistance(true,2,3,4) > 0","geoDistance(n,n,n,n) = 0","geoDistance(opts:length,0,0,0) > 0","geoDistance(tags:each,0,0,0) >= 0","geoDistance(title:lower,0,0,0) >= 0","geoDistance(title,0,0,0) >= 0","geoDistance(nope,0,0,0) >= 0","GeoDistance(1,2,3,4) > 0","geoDistance('1',2,3,4) > 0","geoDistance(strftime('%Y','now'),2,3,4) > 0","geoDistance(meta.lon, 0,0,0) > 1","geoDistance(notes_via_item.likes,0,0,0) > 1","geoDistance(notes_via_item.likes,0,0,0) ?> 1"],
    "times": ["'-210866760000' ~ strftime('%s', @request.body.tags:length)","'x' !~ strftime('%s', @request.body.tags:length)","strftime('%Y-%m-%d', when) = '2024-05-05'","strftime('%Y', when) > 2020","strftime('%Y', when) > '2020'","strftime('%Y', when) = 2024","strftime('%s', when) > 1700000000","strftime('%J', when) > 1","strftime('%%', when) = '%'","strftime('%f', when) != ''","strftime('%j', when) = '126'","strftime('%W', when) ~ '1'","strftime('%Y', n) != ''","strftime('%Y', n, 'unixepoch') = '1970'","strftime('%Y', n, 'auto') != ''","strftime('%Y', '2024-01-31', '+1 month') = '2024'","strftime('%m', '2024-01-31', '+1 month', 'floor') = '02'","strftime('%m', '2024-01-31', '+1 month', 'ceiling') = '03'","strftime('%Y', meta) != ''","strftime('%Y', meta.a) != ''","strftime('%Y', opts) = null","strftime('%Y', opts:each) = null","strftime('%Y', editors.born) = '1990'","strftime('%Y', editors.born) ?= '1990'","strftime('%Y', editors.born) != '1990'","strftime('%Y', notes_via_item.id) = ''","strftime('%Y', null) = ''","strftime('%Y', '') = ''","strftime('%Y', '') = null","strftime('%Y', true) != ''","strftime('%Y', 0) != ''","strftime('%Y', 2460000.5) = '2023'","strftime('%Y', -1) != ''","strftime('', when) = ''","strftime('', when) = null","strftime(null, when) = ''","strftime(@now, when) = ''","strftime(title, when) = ''","strftime(@request.query.q, when) = ''","strftime('%Y', @request.query.q) = ''","strftime('%Y', @request.query.d) = '2024'","strftime('%Y', @request.auth.born) != ''","strftime('%Y', when, when) = ''","strftime('%Y', when, 1) = ''","strftime('%Y', when, null) = ''","strftime('%Y', when, '') = ''","strftime('%Y', when, '+1 day','+1 day','+1 day','+1 day','+1 day','+1 day','+1 day','+1 day') != ''","strftime('%Y', when, '+1 day','+1 day','+1 day','+1 day','+1 day','+1 day','+1 day','+1 day','+1 day') != ''","strftime('%Y' when) = ''",'strftime("%Y", when) = "2024"',"strftime('%Y', strftime('%Y', when)) = ''","strftime('%Y', 'now') = @year","strftime('%Y', 'now') = strftime('%Y', @now)","strftime('%Y', when) ~ '20'","strftime('%Y', when) !~ '24'","strftime('%Y', when):lower = 'x'","strftime('%Y', when) ?= '2024'","'2024' = strftime('%Y', when)","@year = strftime('%Y', 'now')","strftime('%Y', geoDistance(1,2,3,4)) = ''","Strftime('%Y', when) = ''","strftime ('%Y', when) = ''"],
    "comments": ["// c","title = 'a' // c","title = 'a'// c","// c\ntitle = 'a'","title // c\n = 'a'","title = // c\n 'a'","title = 'a' // c\n && // d\n n > 1","title = 'a' / c","title = 'a' /// c","title = 'http://x'","title = 'a' //","//\ntitle='a'","title = 'a' // '","title = 'a' // (","(title = 'a' // )\n)","(title = 'a' // x\n)","title = 'a' # c","title = 'a' -- c","title = 'a' /* c */","title = 'a';","strftime('%Y', // c\n when) != ''","strftime('%Y', when // )\n) != ''"],
    "groups": ["("*k+"n > 1"+")"*k for k in (1,2,50,300,800)]+["("*3+"n > 1"+")"*2,"(n > 1))","(n > 1)(n < 3)","(n>1) n<3","n>1 (n<3)","(n>1)&&(n<3)","()","(())","( )","(n>1)&&()","n>1&&","&&n>1","n>1||","n>1&&&&n<3","n>1&&||n<3","n>1&n<3","n>1|n<3","n>1&&&n<3","n>1 && (n<3","(n>1) || (n<3) && (n=2)","n","n>","n>>1","n=>1","n=<1","n<>1","n==1","n===1","n!1","n!!=1","!n=1","n ! = 1","n ?=? 1","n ??= 1","n =? 1","n ~~ 1","n !~~ 1","n <=> 1","n ~! 1","n>1 and n<3","n>1 AND n<3","n>1 OR n<3","not n>1","n in 1","n like 'x'","n is null","n between 1"],
    "quoting": ["title = 'a\\'b'","title = 'a\\\\'","title = 'a\\\\\\'b'",'title = "a\\"b"',"title = \"a'b\"","title = 'a\"b'","title = 'O\\'Reilly'","title = 'a",'title = "a',"title = a'","title = ''a'","title = 'a''b'","title = '\\n'","title = '\\t'","title = '\\x'","title = '\\u00fc'","title = 'ünï'","title ~ 'ÜNÏ'","title:lower = 'ünï'","title:lower = 'ÜNÏ'","title = '\u200b'","title = '😀'","tïtle = 'a'","title = \uff58","title = \u00a0'a'","title\u00a0= 'a'","title\u2003= 'a'","title\r= 'a'","title\x0b= 'a'","title\t=\t'a'","title = '\x7f'","title ~ 'a\x01b'","title = `a`","`title` = 'a'","[title] = 'a'","\"title\" = 'Alpha'","'title' = 'title'","title = title","TITLE = 'Alpha'","Title = 'Alpha'","items.title = 'Alpha'","_title = 1","#title = 1","@title = 1","title. = 1",".title = 1","title..x = 1","title: = 1","title:lower:lower = 1","title:LOWER = 'a'","title :lower = 'a'","title: lower = 'a'","title:lower.x = 1","tags:each.label = 'red'","tags.:each = 1","tags.label:each = 1","tags.label:length = 1","tags:length:each = 1","author:each.name = 'x'","author:each = 'x'","author:length = 1","type:each = 'a'","type:length = 1","doc:each ~ 'x'","doc:length = 1","pics:length > 0","pics:each ~ 'png'","pics:each !~ 'png'","opts:lower ~ 'X'","tags:lower ~ 'TAG'","meta:lower = 'plain'","meta.a:lower = '1'","loc:lower ~ 'lon'","on:lower = 'true'","n:lower = '5'","when:lower ~ '2024'","id:lower != ''","opts:isset = true","opts:changed = true"],
    "numbers": ["n = 1.","n = .1","n = 1.5.5","n = 1e3","n = 1E3","n = 0x10","n = +1","n = --1","n = -","n = -.5","n = - 1","n = 1_000","n = 1,000","n = 007","n = 00.5","n = -0","n = -0.0","n = 9007199254740993","n = 99999999999999999999","n = 1"+"0"*308,"n = 1"+"0"*309,"n = 1"+"0"*400,"n > -1"+"0"*309,"n = 0."+"0"*320+"1","n=5","n=-5","n>-5","n>=-7.25","n<=-7.25","n-1 = 0","n = 5a","n = 5 a","n = 5'a'","1n = 5","5 = n","-7.25 = n","n = 'NaN'","n = 'Infinity'","n = NaN","n = Infinity"],
    "ties": ["notes_via_item.likes ?> 2 && notes_via_item.text ?~ '1'","notes_via_item.likes > 2 && notes_via_item.text ~ '1'","notes_via_item.likes ?> 2 && notes_via_item.text ~ '1'","notes_via_item.likes ?> 2 || notes_via_item.text ?~ '1'","(notes_via_item.likes ?> 2) && (notes_via_item.text ?~ '1')","notes_via_item.who.name ?= 'alice' && notes_via_item.likes ?> 2","notes_via_item.who.perms.name ?= 'p1' && notes_via_item.who.perms.weight ?> 10","editors.perms.name ?= 'p1' && editors.perms.weight ?> 10","editors.perms.name = 'p1' && editors.perms.weight > 10","editors.perms.name ?= 'p1' && editors.perms.weight > 10","editors.perms.name != 'p1' && editors.level > 1","editors.friends.friends.level ?> 3","editors.friends.friends.level > 0","editors.boss.friends.name ?!= 'bob'","tags.label ?= 'red' && tags.label ?= 'Red'","tags.label = 'red' && tags.label != 'Red'","tags:each ?= 'tag000000000001' && tags.label ?= 'red'","tags:each = tags","tags ?= tags:each","tags.id = tags:each","tags.id ?= tags:each","near.near.n ?= n","near.next.n ?> near.n","cards_via_items.n ?> 1 && cards_via_items.label ?!= ''","cards_via_items.items.title ?= title","cards_via_items.items:length > 1","cards_via_items.items:each ?= id","items_via_next.n > n","items_via_near.n ?> n","items_via_near.notes_via_item.likes ?> 1","passports_via_owner.code = 1","author.passports_via_owner.code > 0","author.passports_via_owner.stamps.label = 'red'","notes_via_item = ''","notes_via_item:each != ''","notes_via_item:length = 2","notes_via_item.id = ''","notes_via_item.id != ''","notes_via_item.id ?= ''","notes_via_item.item = id","notes_via_item.item.id = id","notes_via_item.item.notes_via_item.id ?!= ''","notes_via_item.extra.a = 1","notes_via_item.extra.a ?= 1","notes_via_item.collectionId = 1","next.next.next.next.next.next.n > 0","next.next.next.next.next.next.next.n > 0","next.id.x = 1","next.id = id","next.id.id = 1","next = next.id","next:each = id","shadow.name = 'test'","shadow = 'x'","safe.name = 'v1'","safe.id = 'vault0000000001'","safe = 'vault0000000001'","secrets_via_item.text ~ 'x'","secrets_via_item.id != ''","author.email ~ 'a'","author.email = ''","author.email:lower ~ 'a'","editors.email ?~ 'a'","email ~ 'a'","author.secret ~ 'x'","secret ~ 'x'","pw != ''","author.password ~ 'x'","author.verified = true","author.emailVisibility = true"],
    "limits": [" && ".join(["n > 0"]*k) for k in (100,199,200,201)]+["n > 0 && ("+" || ".join(["n > 1"]*199)+")","n > 0 && ("+" || ".join(["n > 1"]*200)+")","title = '"+"x"*3480+"'","title = '"+"ü"*1742+"'","title = '"+"ü"*1744+"'","title != '"+"x"*3479+"'", "x"*300+" = 1","title = 'a' && "+"y"*3400+" = 1","  title = 'Alpha'  ","\n\n","title='Alpha'&&n>0","title='Alpha'&&n>0||n<0","n>0||n<0&&title='Alpha'","n > 1 && n > 1 && n > 1","n = n && n != n","true = true","true","false","null","1","'x'","1 = 1 && n > 1","1 > 2 || n > 1","'a' > 'B'","'a' < 'b'","'' < 'a'","null > 1","null < 1","null ~ ''","'' ~ null","null !~ ''","1 ~ 1","'10' > 9","'10' > '9'","10 > '9'","true > false","true ~ 't'","true = 'true'","1 = true","1.0 = 1","'1.0' = 1","0 = false","0 != ''","0 = null","'null' = null","@now ~ '20'","@now !~ '20'"],
}  # fmt: skip
SORTS = ["@random", "-@random", "@rowid", "-@rowid", "+@rowid", "@rowid:lower", "@rand", "meta.a", "-meta.b.c", "meta.b.c.0", "meta", "loc.lon,-loc.lat", "loc", "author.name,-author.level", "author.org.name", "opts", "opts:length", "-opts:length,title", "next.next.n", "safe.name", "safe", "shadow", "shadow.name", "secret", "author.secret", "author.email", "author.password", "pw", "nope", "author.nope", "nope.x", "collectionId", "id,id,id,id,id,id,id,id", "id,id,id,id,id,id,id,id,id", "", "-", "+", ",", ",,", "id,", "--id", "-+id", "+-id", " id", "- id", "id desc", "ID", "title:lower", "title:nope", "title:isset", "n:changed", "@request.auth.id", "@request.query.q", "@collection.users.id", "@now", "1", "'x'", "null", "true", "geoDistance(1,2,3,4)", "strftime('%Y',when)", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "title,id", "-title", "n,-title", "type,n", "on,n", "when", "created", "-created,id", "updated", "doc", "pics", "pics:length", "email", "site", "body", "items.id", "_rowid_", "rowid", "tags", "-tags:length", "author", "editors", "meta:length", "title.x", "author.id", "author.id.x", "@rowid,title", "title,@rowid", "title,@random"]  # fmt: skip
VIEW_FILTERS = ["total > 1","total ?> 1","label = '5'","label ~ '5'","label = 5","twice > 4","twice = '10'","n = 5","meta.a = 1","meta = null","opts:each ?= 'x'","opts:length > 1","opts ~ 'x'","editors.name ?= 'bob'","editors:each ?= 'user00000000002'","author.name = 'alice'","author.perms.name ?= 'p1'","loc.lon > 1","notes_via_item.likes > 1","id = 'item00000000001'","id != ''","title:lower = 'alpha'","@collection.items.id ?= id && @collection.items.n ?> 2","@request.auth.id = author","collectionName = 'stats'","created > ''","@rowid > 1"]  # fmt: skip


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, reference_command: list[str], ours_command: list[str]
) -> Iterator[Pair]:
    """Return both servers on copies of the odd data directory."""
    yield from open_pair(tmp_path_factory, reference_command, ours_command)


def _asked(url: str, who: str, **query: object) -> Scenario:
    return q(with_query(url, **query, **QUERY), who=who, headers=HEADERS)


@pytest.mark.parametrize("family", FILTERS)
def test_filters(family: str, pair: Pair) -> None:
    """Every sentence chooses the same records, or is refused alike."""
    page = {"sort": "id", "perPage": 200, "fields": "id"}
    pair.check(
        *(
            _asked(ITEMS, who, filter=text, **page)
            for text in FILTERS[family]
            for who in ("superuser", "alice")
        )
    )


@pytest.mark.parametrize(
    "family", ["distances", "times", "comments", "groups", "quoting", "numbers"]
)
def test_rules(family: str, pair: Pair) -> None:
    """Every sentence is a rule for both, or is refused with the same words."""
    rules = (text for text in FILTERS[family] if len(text) < 3000)
    steps = (q(COLLECTION, "PATCH", {"listRule": rule}, who="superuser") for rule in rules)
    pair.check(*steps, q(COLLECTION, "PATCH", {"listRule": ""}, who="superuser"))


@pytest.mark.parametrize("who", ["superuser", "alice"])
def test_sorts(who: str, pair: Pair) -> None:
    """Every key sorts alike, or is refused alike; keys with several values depend on the query's plan."""
    steps = []
    for text in SORTS:
        is_whole = not text or "@random" in text or text.count(",") > 6
        sort, fields = (text if is_whole else f"{text},id"), "totalItems" if is_whole else "id"
        steps.append(_asked(ITEMS, who, filter="n > 0", sort=sort, perPage=3, fields=fields))
    pair.check(*steps)


@pytest.mark.parametrize("who", ["superuser", "alice", "guest"])
def test_totals_of_sorted_lists(who: str, pair: Pair) -> None:
    """Whoever sorts by what he may not list sees less, and the total says so."""
    sorts = ("", "rank,id", "parent.rank,id", "-parent.parent.label,id", "items_via_tags.n,id")
    page = {"perPage": 2, "fields": "totalItems,totalPages"}
    pair.check(
        *(_asked(TAGS, who, sort=sort, **page) for sort in sorts),
        *(_asked(TAGS, who, sort=sort, filter="label > '0'", **page) for sort in sorts),
        *(_asked(TAGS, who, sort=sort, page=2, **page) for sort in sorts),
    )


def test_views(pair: Pair) -> None:
    """A view is filtered as any collection."""
    page = {"sort": "-total,id", "perPage": 50, "fields": "id"}
    pair.check(
        *(
            _asked(STATS, who, filter=text, **page)
            for text in VIEW_FILTERS
            for who in ("superuser", "alice", "guest")
        )
    )


NEW = "newitem00000001"
BODY_RULES = [
    *(f"@request.body.meta {sign} {value}" for sign in ("=", "!=", "~") for value in ("'x'", "'\"x\"'", "5", "null", "''", "'{\"a\":1,\"b\":2}'", "meta")),
    *(f"@request.body.meta:lower {sign} {value}" for sign in ("=", "~") for value in ("'x'", "''", "'a'", "'null'", "meta:lower")),
    *(f"@request.body.loc {sign} {value}" for sign in ("=", "!=", "~") for value in ("''", "null", "'{\"lon\":3,\"lat\":1}'", "loc")),
    "@request.body.loc:lower ~ 'lon'", "@request.body.loc:changed = true", "@request.body.loc:changed = false", "@request.body.loc.lon = 3", "@request.body.meta:changed = true", "@request.body.meta:changed = false", "@request.body.meta.a = 1", "@request.body.meta.0 = 1", "@request.body.meta.a:isset = true", "@request.body.meta.a.b = 1",
]  # fmt: skip
BODIES = [
    {"meta": {"b": 2, "a": 1}}, {"meta": '{"b":2, "a":1}'}, {"meta": "x"}, {"meta": 5}, {"meta": [1, 2]}, {"meta": None}, {"meta": ""}, {"meta": "{bad"}, {"meta": {"a": {"b": 1}}},
    {"loc": {"lon": 3, "lat": 1}}, {"loc": '{"lat":1,"lon":3}'}, {"loc": None}, {"loc": [3, 1]},
]  # fmt: skip


@pytest.mark.parametrize("name", ["meta", "loc"])
def test_json_and_places_in_a_body(name: str, pair: Pair) -> None:
    """A rule compares JSON and places of a body as the record would hold them."""
    steps = []
    for rule in (rule for rule in BODY_RULES if f"body.{name}" in rule):
        steps.append(
            q(COLLECTION, "PATCH", {"updateRule": rule, "createRule": rule}, who="superuser")
        )
        for body in (body for body in BODIES if name in body):
            steps += [
                q(f"{ITEMS}/item00000000001?fields=id,meta,loc", "PATCH", body, who="alice"),
                q(f"{ITEMS}?fields=id,meta,loc", "POST", {**body, "id": NEW}, who="alice"),
                q(f"{ITEMS}/{NEW}", "DELETE", who="superuser"),
            ]
    open_again = dict.fromkeys(("updateRule", "createRule"), "")
    pair.check(*steps, q(COLLECTION, "PATCH", open_again, who="superuser"))
