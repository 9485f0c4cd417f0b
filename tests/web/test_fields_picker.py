"""
`?fields=`: what is kept, what is refused, what an excerpt shows.
"""

from __future__ import annotations

import orjson
import pytest
from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.web.excerpt import excerpt
from pocketbase_server.web.fields_picker import pick, pick_page

JSON = '{"a":{"b":"<p>abcdef</p>","c":[{"d":"longtext","e":1},{"d":"y"}]},"n":null,"s":"str"}'


def record():
    """Return one record as the encoder makes it: JSON values are ready text."""
    return {
        "id": "r00000000000001",
        "t": "a<b>x</b>",
        "n": 5,
        "sel": ["a", "b"],
        "j": orjson.Fragment(JSON),
        "l": orjson.Fragment('[1,{"k":1,"m":2}]'),
        "m": orjson.Fragment('[{"k":1,"m":2},2]'),
        "g": orjson.Fragment('{"lon":1.5,"lat":2}'),
        "expand": {"one": {"id": "x", "name": "n"}, "many": [{"id": "y"}, {"id": "z", "k": 1}]},
    }


ALL = orjson.loads(orjson.dumps(record()))

PICKED = [
    ("id", {"id": ALL["id"]}),
    (" id , n ", {"id": ALL["id"], "n": 5}),
    ("id,,n", {"id": ALL["id"], "n": 5}),
    ("*", ALL),
    (",", ALL),
    ("nope", {}),
    ("nope.x", {}),
    (".", {}),
    (".id", {}),
    ("id.", {"id": ALL["id"]}),
    ("t.x", {"t": "a<b>x</b>"}),
    ("g.lat", {"g": {"lat": 2}}),
    ("g.lon.x", {"g": {"lon": 1.5}}),
    ("j", {"j": ALL["j"]}),
    ("j.*", {"j": ALL["j"]}),
    ("j.s.x", {"j": {"s": "str"}}),
    ("j.n.x", {"j": {"n": None}}),
    ("j.a.c.d", {"j": {"a": {"c": [{"d": "longtext"}, {"d": "y"}]}}}),
    ("j.a.c.d:excerpt(2)", {"j": {"a": {"c": [{"d": "lo"}, {"d": "y"}]}}}),
    ("j.a.b:excerpt(3)", {"j": {"a": {"b": "abc"}}}),
    ("j.*.b", {"j": {}}),
    ("j..a", {"j": {}}),
    ("*.a", {}),
    ("j,j.s", {"j": ALL["j"]}),
    ("j.s,j", {"j": ALL["j"]}),
    ("sel:excerpt(1)", {"sel": ["a", "b"]}),
    ("n:excerpt(1)", {"n": 5}),
    ("t:excerpt(2)", {"t": "ax"}),
    ("t:excerpt(1,true)", {"t": "a..."}),
    ("t:excerpt(1,maybe)", {"t": "a"}),
    ("t: excerpt( 1 , t )", {"t": "a..."}),
    ("t :excerpt(1)", {}),
    ("t:excerpt(0x1)", {"t": "a"}),
    ("t:excerpt(+1.9)", {"t": "a"}),
    ("t:excerpt(1,)", {"t": "a"}),
    ("t:excerpt(1)x", {"t": "a"}),
    ("t,t:excerpt(1)", {"t": "a"}),
    ("t:excerpt(1),t", {"t": "a<b>x</b>"}),
    ("*,t:excerpt(1)", {**ALL, "t": "a"}),
    ("*,expand.one.id", {**ALL, "expand": {"one": {"id": "x"}}}),
    ("expand.many.id", {"expand": {"many": [{"id": "y"}, {"id": "z"}]}}),
    ("expand.nope", {"expand": {}}),
    ("g.", {"g": ALL["g"]}),
    ("t.:excerpt(2)", {"t": "ax"}),
    ("j.a.c.", {"j": {"a": {"c": ALL["j"]["a"]["c"]}}}),
    ("l.k", {"l": [1, {"k": 1, "m": 2}]}),
    ("m.k", {"m": [{"k": 1}, 2]}),
    ('"id",n', {"n": 5}),
    ('"id,n",t', {"t": "a<b>x</b>"}),
    ("n,')'", {"n": 5}),
    (r"n,a\"", {"n": 5}),
    ("n),id", {"id": ALL["id"]}),
    ("n\0,(", {"n": 5}),
    ("\0", ALL),
    ("t:excerpt 1", {"t": "a"}),
    ("t:excerpt((1))", {"t": "a"}),
    ("t:excerpt(1)(1)", {"t": "a..."}),
    ("id,(a,b),n", {"id": ALL["id"], "n": 5}),
]


@pytest.mark.parametrize(("expression", "picked"), PICKED)
def test_pick(expression, picked):
    """
    An expression keeps what it names, whole or in part.
    """
    got = orjson.loads(orjson.dumps(pick(record(), expression)))

    assert picked == got


REFUSED = ["id:", "id:excerpt", "id:excerpt()", "id:excerpt(a)", "id:excerpt(-1)", "id:excerpt(0)"]
REFUSED += ["id:foo(1)", "id:EXCERPT(1)", "id:excerpt(1,true,1)", "id:excerpt(1", "id:excerpt1)"]
REFUSED += [
    "a:b:c",
    '"',
    "n,'a",
    '`n"',
    'a"b',
    ")(",
    'n,("a)"',
    "id:excerpt\t2",
    'id:excerpt("2")',
    "n,(",
    "id:excerpt(1):excerpt(1)",
    f"id:excerpt({'9' * 20})",
]


@pytest.mark.parametrize("expression", REFUSED)
def test_refused(expression):
    """
    What cannot be understood is refused, as the reference does.
    """
    with pytest.raises(BadRequestError):
        pick({"id": "x"}, expression)


def test_page():
    """
    Of a page the items are picked from, the totals stay.
    """
    page = {"items": [{"id": "a", "x": 1}, {"x": 2}], "page": 1, "totalItems": 2}

    assert {"items": [{"id": "a"}, {}], "page": 1, "totalItems": 2} == pick_page(page, "id,page")


EXCERPTS = [
    (
        "<p>Hello <b>world</b></p><p>Second&nbsp;par &amp; more</p>",
        200,
        "Hello world Second\xa0par & more",
    ),
    ("<p>Hello <b>world</b></p>", 5, "Hello..."),
    ("  a   b\n\tc  ", 5, "a b c"),
    ("<script>x=1</script>text<style>a{}</style>", 9, "text"),
    ("a<br>b", 9, "ab"),
    ("a<br/>b<div>c</div>d", 9, "ab c d"),
    ("<ul><li>one</li><li>two</li></ul>", 5, "one t..."),
    ("x &lt; y", 9, "x < y"),
    ("a<xmp><b>&lt;</xmp>", 20, "a <b>&lt;"),
    ("a<noembed><b>", 20, "a <b>"),
    ("a<title>&lt;b></title>", 20, "a <b>"),
    ("a<xmp>", 20, "a"),
    ("a<!-->b<![CDATA[x>c", 20, "abc"),
    ("a<svg><iframe></svg>b", 20, "ab"),
    ("a < b > c", 9, "a < b > c"),
    ("<!-- c -->x", 9, "x"),
    ("<table><tr><td>a</td><td>b</td></tr></table>", 9, "a b"),
    ("<td>a</td><td>b</td>", 9, "ab"),
    ("<p>a</p> <p>b</p>", 9, "a b"),
    ("<p>a</p><p>b</p>", 2, "a..."),
    ("a<div></div>b", 9, "a b"),
    ("a<hr>b", 9, "a b"),
    ("x<select><option>o</option></select>z", 9, "xz"),
    ("<title>x</title>z", 9, "z"),
    ("a<title>x</title>z", 9, "a x z"),
    ("<p>😀😀😀</p>", 2, "😀😀..."),
    ("abc   ", 3, "abc"),
    ("ab\0c", 5, "abc"),
    ("a<b", 9, "a"),
    ("a</", 9, "a</"),
    ("", 5, ""),
]


@pytest.mark.parametrize(("text", "limit", "shown"), EXCERPTS)
def test_excerpt(text, limit, shown):
    """
    An excerpt is the visible text, with single spaces, cut where asked.
    """
    assert shown == excerpt(text, limit, with_ellipsis=True)


def test_excerpt_of_a_long_text_stops_early():
    """
    The first words of a text of megabytes do not cost the parsing of all of it.
    """
    text = "<p>word</p>" * 1_000_000

    assert "word wo" == excerpt(text, 7)


@pytest.mark.parametrize("levels", [50, 99, 101, 5000])
def test_deep_paths(levels):
    """
    A path of thousands of names is no more than a path that leads deep, or nowhere.
    """
    value = 1
    for _ in range(levels):
        value = {"a": value, "b": 2}
    path = ".".join(["a"] * levels)
    found, depth = pick({"a": value} if levels < 1000 else {"a": {"b": 1}}, path), 0
    while isinstance(found, dict) and found:
        found, depth = found.get("a"), depth + 1

    assert depth >= (levels if levels < 1000 else 1)
