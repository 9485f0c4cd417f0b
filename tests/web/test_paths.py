"""Paths, origins and ranges: small decisions of the edge."""

from __future__ import annotations

import pytest
from pocketbase_server.web.content import RangeError, parse_ranges
from pocketbase_server.web.middleware.cors import Cors
from pocketbase_server.web.middleware.paths import clean_path
from pocketbase_server.web.request_info import canonical_ip
from pocketbase_server.web.router import RouteError, parse_pattern

CLEAN = [
    ("/", "/"),
    ("/a", "/a"),
    ("/a/", "/a/"),
    ("//a", "/a"),
    ("//evil.com", "/evil.com"),
    ("///evil.com//", "/evil.com/"),
    ("/a//b", "/a/b"),
    ("/a/./b", "/a/b"),
    ("/a/../b", "/b"),
    ("/../../etc", "/etc"),
    ("/a/..", "/"),
    ("/a/b/.", "/a/b"),
    ("/a/b/./", "/a/b/"),
    ("/.hidden", "/.hidden"),
    ("/a/.well-known/x", "/a/.well-known/x"),
]


@pytest.mark.parametrize(("path", "expected"), CLEAN)
def test_clean_path(path: str, expected: str) -> None:
    """A path loses empty and dotted segments, and begins with one slash."""
    assert expected == clean_path(path)


ORIGINS = [
    (("*",), "http://a.com", "*"),
    (("http://a.com",), "http://a.com", "http://a.com"),
    (("http://a.com",), "HTTP://A.com", ""),
    (("https://*.b.com",), "https://x.y.b.com", "https://x.y.b.com"),
    (("https://*.b.com",), "https://b.com", ""),
    (("https://*.b.com",), "https://x.b.com.evil", ""),
    (("http://c?.com",), "http://cd.com", "http://cd.com"),
    (("http://c?.com",), "http://c.com", ""),
    (("http://a.com",), "http://aXcom", ""),
    (("http://a.com", "*"), "http://b.com", "*"),
]


@pytest.mark.parametrize(("origins", "origin", "expected"), ORIGINS)
def test_origins(origins: tuple[str, ...], origin: str, expected: str) -> None:
    """`*` stands for any text, `?` for one character."""
    assert expected == Cors(origins)._allowed(origin)


RANGES = [
    ("bytes=0-2", [(0, 3)]),
    ("bytes=-2", [(6, 8)]),
    ("bytes=-20", [(0, 8)]),
    ("bytes=3-", [(3, 8)]),
    ("bytes=3-99", [(3, 8)]),
    ("bytes=0-1,3-4", [(0, 2), (3, 5)]),
    ("bytes=0-1, 99-", [(0, 2)]),
    ("bytes=", []),
]


@pytest.mark.parametrize(("header", "expected"), RANGES)
def test_ranges(header: str, expected: list[tuple[int, int]]) -> None:
    """Ranges of an 8-byte file."""
    assert expected == parse_ranges(header, 8)


@pytest.mark.parametrize(
    "header",
    ["foo", "bytes=2-1", "bytes=a-b", "bytes=-", "bytes=5", "bytes=100-", "bytes=--1", "bytes=²-"],
)
def test_refused_ranges(header: str) -> None:
    """Ranges that cannot be satisfied are refused."""
    with pytest.raises(RangeError):
        parse_ranges(header, 8)


PATTERNS = [
    ("/hello/{name}", "/hello/{p1}", {"p1": "name"}, ""),
    ("/a/{x}/b/{y}", "/a/{p1}/b/{p3}", {"p1": "x", "p3": "y"}, ""),
    ("/files/{path...}", "/files/{rest1:path}", {"rest1": "path"}, "/files"),
    ("/", "/", {}, ""),
]


@pytest.mark.parametrize(("path", "template", "names", "root"), PATTERNS)
def test_patterns(path: str, template: str, names: dict[str, str], root: str) -> None:
    """Patterns of own routes are named by position inside."""
    pattern = parse_pattern(path)

    assert (template, names, root) == (pattern.template, pattern.names, pattern.root)


@pytest.mark.parametrize("path", ["hello", "/a{b}", "/{a...}/b", "/{a", "/{a b}", "/{}"])
def test_refused_patterns(path: str) -> None:
    """Odd patterns are refused when the route is added."""
    with pytest.raises(RouteError):
        parse_pattern(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "0000:0000:0000:0000:0000:0000:0000:0001"),
        ("nonsense", "nonsense"),
    ],
)
def test_addresses(text: str, expected: str) -> None:
    """An address has one spelling."""
    assert expected == canonical_ip(text)
