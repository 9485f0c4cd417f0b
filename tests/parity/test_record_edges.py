"""
Records at the edges: uploads in rules, ids that systems reserve, bytes that are no text, order of errors.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from scripts.http_client import with_query
from tests.data.seed import f, make_id
from tests.parity.definitions import ALL, base
from tests.parity.multipart import form
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

BY: dict[str, Any] = {"who": "superuser"}
OPEN = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
JSON = {"Content-Type": "application/json"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
STORED = r"([a-z0-9]{10})?_[a-z0-9]{10}(?=[.\"])"
"""What is random in the names of files."""


# -- uploads in rules ------------------------------------------------------------------------------

UPLOADS = [f("file", "one"), f("file", "many", maxSelect=3), f("text", "t")]
ONE, MANY = "@request.body.one", "@request.body.many"
UPLOAD_RULES = [
    f'{ONE} ~ \'{{"name":"%\'',
    f'{ONE} ~ \'%","originalName":"zz.txt","size":1}}\'',
    f"{ONE} ~ 'zz%'",
    f"{ONE} = one",
    f"{ONE} = ''",
    f"{ONE}:changed = true",
    f"{ONE}:changed = false",
    f"{ONE}:lower = ''",
    f"{ONE}:each ~ '%originalName%'",
    f"{ONE}:length = 1",
    f"{ONE}.name ~ 'zz%.txt'",
    f"{ONE}.originalName:lower = 'zz.txt'",
    f"{ONE}.size > 0",
    f"{ONE}.size:isset = true",
    f"{ONE}.type:isset = true",
    "one ~ 'zz%'",
    f'{MANY} ~ \'[{{"name":"%\'',
    f'{MANY} ~ \'%"size":1}},{{"name":"%\'',
    f"{MANY} = many",
    f"{MANY}:changed = true",
    f"{MANY}:changed = false",
    f"{MANY}:each ~ '%originalName%'",
    f"{MANY}:each ?~ '%\"b.txt\"%'",
    f"{MANY}:each ?= many:each",
    f"{MANY}.0.size = 1",
    f"{MANY}.1.originalName = 'b.txt'",
    f"{MANY}.size > 0",
    "many:each ~ '%_%'",
]
FORMS: list[Any] = [
    [("one", "zz.txt", b"1")],
    [("many", "zz.txt", b"1"), ("many", "b.txt", b"22")],
    [("many+", "zz.txt", b"1")],
    [("one", "zz.txt", b"1"), ("one", "yy.txt", b"1")],
    [("t", "zz.txt", b"1")],
    [("one", "zz.txt")],
    [("t", "x")],
]


@pytest.mark.parametrize("rule", UPLOAD_RULES)
def test_uploads_in_rules(rule: str, pair: Pair) -> None:
    """To a rule an uploaded file is an object with its name, its original name and its size."""
    url = f"{ALL}/uploads/records"
    kept = make_id("upload", 1)
    pair.check(
        q(ALL, "POST", base("uploads", *UPLOADS, **OPEN), **BY),
        form(url, ("id", kept), ("one", "zz.txt", b"0"), blur=STORED),
        q(f"{ALL}/uploads", "PATCH", {"createRule": rule, "updateRule": rule}, **BY),
        *(form(url, *parts, blur=STORED) for parts in FORMS),
        *(form(f"{url}/{kept}", *parts, method="PATCH", blur=STORED) for parts in FORMS),
        q(f"{ALL}/uploads", "DELETE", **BY),
    )


# -- ids -------------------------------------------------------------------------------------------

RESERVED = ["con", "CON", "nul", "aux", "com1", "lpt9", "con.txt", "a b", "a/b", ".", "..", "x" * 6]


@pytest.mark.parametrize("pattern", ["", "^[a-z0-9]+$", "^[a-z]+[0-9]*$", "^.+$"])
def test_reserved_ids(pattern: str, pair: Pair) -> None:
    """Names that file systems reserve are refused, except where the pattern is the usual one."""
    key = f(
        "text", "id", primaryKey=True, system=True, required=True, min=0, max=0, pattern=pattern
    )
    url = f"{ALL}/named/records"
    pair.check(
        q(ALL, "POST", base("named", key, **OPEN), **BY),
        *(q(url, "POST", {"id": one}) for one in RESERVED),
        q(f"{url}?sort=id"),
        q(f"{ALL}/named", "DELETE", **BY),
    )


# -- errors ----------------------------------------------------------------------------------------


def test_errors_in_order(pair: Pair) -> None:
    """Refused fields are told in alphabetical order, on every level."""
    bad = {
        "url": "x", "select_one": "zz", "email": "y", "rel_one": "zz", "geo": {"lon": 500, "lat": 0}, "number_strict": 99,
        "date_strict": "1999-01-01", "text_strict": "x" * 99, "json_small": "x" * 99, "editor_small": "x" * 99, "rel_min": ["zz"],
    }  # fmt: skip
    requests = [{"method": "POST", "url": f"{ALL}/kinds/records", "body": {}}] * 11
    refused = {"method": "POST", "url": f"{ALL}/kinds/records", "body": bad}
    fields = [f("text", "", min=-5, max=-6), *[f("number", "a b", min=5, max=1)] * 11]
    pair.check(
        q(f"{ALL}/kinds/records", "POST", bad),
        q(f"{ALL}/kinds/records/kind00000000001", "PATCH", bad),
        q(f"{ALL}/users/records", "POST", {"verified": True, "email": "x", "password": "1"}),
        q(ALL, "POST", {"name": "!", "fields": fields, "viewRule": "(", "listRule": "x"}, **BY),
        q("/api/settings", "PATCH", {"batch": {"enabled": True, "maxRequests": 20, "timeout": 9}}, **BY),
        q("/api/batch", "POST", {"requests": [*requests, refused]}, **BY),
        q("/api/batch", "POST", {"requests": [{}, *requests, {"method": "X"}]}, **BY),
        q("/api/settings", "PATCH", {"meta": {"appURL": "", "appName": ""}, "smtp": {"enabled": True, "port": -1, "host": ""}}, **BY),
    )  # fmt: skip


# -- what is stored --------------------------------------------------------------------------------


def test_bytes_that_are_no_text(pair: Pair) -> None:
    """A record whose columns hold bytes that are no UTF-8 is shown, filtered, changed and removed."""
    url = f"{ALL}/bytes/records"
    fields = [f("text", "t"), f("editor", "e"), f("json", "j"), f("text", "own")]
    ids = [make_id("bytes", i) for i in (1, 2, 3)]
    spoil = "update bytes set t = cast(x'61ff62' as text), e = cast(x'e282' as text)"
    pair.check(
        q(ALL, "POST", base("bytes", *fields, **OPEN), **BY),
        *(q(url, "POST", {"id": one, "own": one, "j": [1]}) for one in ids),
        q("/api/sql", "POST", {"query": f"{spoil} where own != '{ids[2]}'"}, blur=SPENT, **BY),
        q(f"{url}?sort=id"),
        q(f"{url}?sort=t,-id&skipTotal=1"),
        q(with_query(url, sort="-id", filter="t ~ 'b' && j != 2")),
        q(f"{url}/{ids[0]}"),
        q(f"{url}/{ids[0]}", "PATCH", {"own": "x", "j": [2]}),
        q(f"{url}/{ids[0]}", "PATCH", {"t": "x", "e": "x"}),
        q(f"{url}/{ids[1]}", "DELETE"),
        q(f"{url}?sort=id"),
        q(url, "POST", "t=%ff%fe&own=a%ffb", headers=URLENCODED),
        q(f"{ALL}/bytes", "DELETE", **BY),
    )


SPENT = r'"execTime":[0-9.]+'
ODD_VALUES = [
    "x'6162'", "x'c3a4'", "x'5b315d'", "x'7b7d'", "x'31'", "x''", "cast('a\"b' as blob)", "9e999", "-9e999", "json('[1]')",
    "'a' || char(10) || 'b'", "1e18", "-0.0", "1/3.0", "true", "'+Inf'",
]  # fmt: skip


@pytest.mark.parametrize("value", ODD_VALUES)
def test_values_of_views(value: str, pair: Pair) -> None:
    """Bytes and numbers without end that a view's query gives are told as JSON."""
    url = f"{ALL}/odd_view/records"
    query = f"select id, {value} as v, coalesce({value}, 1) as w from tags"
    pair.check(
        q(ALL, "POST", {"name": "odd_view", "type": "view", "viewQuery": query, **SEEN}, **BY),
        q(f"{url}?sort=id&perPage=1"),
        q(f"{url}/{make_id('tag', 1)}"),
        q(f"{url}?sort=v,id&perPage=1&filter=v!=''"),
        q(f"{ALL}/odd_view", "DELETE", **BY),
    )


SEEN = {"listRule": "", "viewRule": ""}
FOREIGN = {
    "d": ["'2024-01-02'", "'2024-01-02 03:04:05'", "'2024-01-02T03:04:05Z'", "'2024-01-02 03:04:05+02:00'", "'never'", "1704164645", "x'32303234'", "null"],
    "made": ["'2024-01-02 03:04:05'", "'never'", "x'32303234'"],
    "b": ["x'31'", "x'7472756531'", "'t'", "2", "1.0"],
    "n": ["x'31'", "'x'", "x'31652b33'"],
    "t": ["x'61'", "5"],
    "s": ["x'61'", "x'5b2261225d'", "7"],
    "ss": ["x'61'", "x'5b2261225d'", "'a'"],
    "r": ["x'7461673030303030303030303030303031'", "x'00'"],
    "f": ["x'61'"],
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_what_other_programs_wrote(name: str, pair: Pair) -> None:
    """Moments in other forms, and bytes where text or numbers belong, are read as what they say."""
    url, one = f"{ALL}/foreign/records", make_id("foreign", 1)
    fields = [
        f("date", "d"),
        f("autodate", "made", onCreate=True),
        f("bool", "b"),
        f("number", "n"),
        f("text", "t"),
        f("select", "s", values=["a"]),
        f("select", "ss", values=["a"], maxSelect=2),
        f("relation", "r", collectionId="{tags}"),
        f("file", "f"),
    ]
    view = f"select id, {name} from foreign"
    steps = []
    for value in FOREIGN[name]:
        change = {"query": f"update foreign set {name} = {value}"}
        steps += [
            q("/api/sql", "POST", change, blur=SPENT, **BY),
            q(f"{url}/{one}?fields={name}"),
            q(f"{url}?fields={name}"),
            q(f"{ALL}/foreign_view/records?fields={name}"),
            q(f"{url}/{one}?fields={name}", "PATCH", {"text": "x"}, **BY),
        ]
    pair.check(
        q(f"{ALL}/tags?fields=id", save={"tags": "id"}, **BY),
        q(ALL, "POST", base("foreign", *fields, **OPEN), **BY),
        q(ALL, "POST", {"name": "foreign_view", "type": "view", "viewQuery": view, **SEEN}, **BY),
        q(url, "POST", {"id": one}),
        *steps,
        q(f"{ALL}/foreign_view", "DELETE", **BY),
        q(f"{ALL}/foreign", "DELETE", **BY),
    )


BLANKS = [
    "\x1czz", "a\x1d\x1eb", "a\x1f", "\x85a", "\xa0a", "a \x0b b", "\u2028x", "\u3000x y", "<p>a\x1fb</p>  c", "\u180ea", "a\u200b",
]  # fmt: skip


@pytest.mark.parametrize("text", BLANKS, ids=repr)
def test_blanks_in_excerpts(text: str, pair: Pair) -> None:
    """What is blank at the ends of an excerpt, and what is not."""
    url, one = f"{ALL}/kinds/records", make_id("blank", 1)
    shown = [f"{url}/{one}?fields=text:excerpt({mode})" for mode in ("2", "3", "3,true", "9")]
    pair.check(
        q(url, "POST", json.dumps({"id": one, "text": text * 2 + "zz"}), headers=JSON),
        *(q(where) for where in shown),
        q(f"{url}/{one}", "DELETE"),
    )


# -- sorting ---------------------------------------------------------------------------------------

BOUNDED = [
    f("date", "d", min="2020-01-01", max="2030-01-01"),
    f("date", "from_only", min="2020-01-01"),
    f("number", "n", min=-1.5, max=9.5),
    f("number", "whole", onlyInt=True, max=1000),
    f("text", "short", min=1, max=20, pattern="^[a-z]*$"),
    f("text", "long", max=9_000_000),
    f("select", "s", values=["b", "a"]),
    f("select", "ss", values=["b", "a"], maxSelect=2),
    f("url", "u", onlyDomains=["a.co"]),
    f("email", "e", exceptDomains=["a.co"]),
    f("json", "j", maxSize=99),
    f("editor", "ed", maxSize=99),
    f("password", "p", min=1, max=9),
    f("file", "file", maxSize=9, maxSelect=2),
    f("geoPoint", "g"),
    f("bool", "b"),
    f("autodate", "made", onCreate=True),
]
BOUNDED_ROWS = [
    {"d": "2024-01-02", "n": 2, "short": "b", "long": "b", "s": "a", "ss": ["b", "a"], "j": [2]},
    {"d": "2021-01-02", "n": 9.5, "whole": 7, "short": "a", "long": "c", "j": {"a": 1}, "b": True},
    {"from_only": "2021-01-02", "long": "a", "s": "b", "u": "http://a.co", "e": "a@b.co"},
]


def test_sorting_by_bounded_fields(pair: Pair) -> None:
    """Whatever limits a field has, records can be sorted by it."""
    url = f"{ALL}/bounded/records"
    rows = [{"id": make_id("bound", i), **row} for i, row in enumerate(BOUNDED_ROWS)]
    names = [field["name"] for field in BOUNDED] + ["ss:length", "j.a", "g.lon", "short:lower"]
    pair.check(
        q(ALL, "POST", base("bounded", *BOUNDED, **OPEN), **BY),
        *(q(url, "POST", row) for row in rows),
        *(q(f"{url}?sort={sign}{name},id") for name in names for sign in ("", "-")),
        *(q(f"{url}?sort={name},id&skipTotal=1&filter=id!=''") for name in names),
        q(f"{ALL}/bounded", "DELETE", **BY),
    )


# -- queries of forms ------------------------------------------------------------------------------

QUERIES = [
    "?t=zz", "?t=", "?t", "?n=5", "?n=5&n=6", "?n=x", "?s=a", "?s=a&s=b", "?j=1", "?b=true", "?page=3", "?t%2B=x", "?n%2B=2", "?zz=1", "?id=queried00000001",
    "?t=%zz", "?t;n=1", "?t=%ff", "?=x", "?t.x=1", "?expand=t&fields=t,n",
]  # fmt: skip
FORM_PARTS: list[Any] = [
    [],
    [("t", "body")],
    [("n", "1")],
    [("s", "b")],
    [("@jsonPayload", '{"t":"x","n":3}')],
    [("s", "a"), ("@jsonPayload", '{"s":["b"],"j":{"a":1}}')],
    [("b", "true"), ("@jsonPayload", '{"b":false}')],
]
INNER: list[Any] = [{}, {"t": "body"}, {"n": 1}, {"s": ["b"]}, {"s": "b"}, {"j": {"a": 1}}, {"t": None, "b": True}]  # fmt: skip


def _both_forms(url: str, parts: Any, method: str) -> list[Scenario]:
    return [
        form(url, *parts, method=method),
        q(url, method, urlencode(parts), headers=URLENCODED),
    ]


@pytest.fixture(scope="module")
def queried(pair: Pair) -> Pair:
    fields = [f("text", "t"), f("number", "n"), f("select", "s", values=["a", "b"], maxSelect=2), f("json", "j"), f("bool", "b"), f("number", "page")]  # fmt: skip
    pair.check(
        q(ALL, "POST", base("queried", *fields, **OPEN), **BY),
        q("/api/settings", "PATCH", {"batch": {"enabled": True}}, **BY),
        q(QUERIED, "POST", {"id": make_id("kept", 1), "t": "kept"}),
    )
    return pair


QUERIED = f"{ALL}/queried/records"


@pytest.mark.parametrize("query", QUERIES)
def test_queries_of_forms(query: str, queried: Pair) -> None:
    """The query of the address is part of a form, and of a request in a batch; never of JSON."""
    kept = f"{QUERIED}/{make_id('kept', 1)}"
    steps = [
        step
        for parts in FORM_PARTS
        for url, method in ((QUERIED, "POST"), (kept, "PATCH"))
        for step in _both_forms(url + query, parts, method)
    ]
    inner = [
        q(
            "/api/batch",
            "POST",
            {"requests": [{"method": method, "url": url + query, "body": body}]},
        )
        for body in INNER
        for url, method in ((QUERIED, "POST"), (kept, "PATCH"), (QUERIED, "PUT"))
    ]
    queried.check(
        *steps,
        *inner,
        q(QUERIED + query, "POST", {"t": "json"}),
        q(kept + query, "PATCH", {"t": "json"}),
        q(QUERIED + query, "POST", "", headers=URLENCODED),
        q(f"{QUERIED}/queried00000001", "DELETE"),
        *_both_forms(
            f"{ALL}/users/auth-with-password{query}&identity=x", [("password", "y")], "POST"
        ),
    )
