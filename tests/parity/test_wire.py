"""
HTTP as it goes over the wire: framing, connections, odd headers. Both servers get the same bytes.

What the HTTP libraries themselves refuse has no common wording; there only the status counts.
"""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

from scripts import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Template
    from tests.scenario import Pair

pytestmark = pytest.mark.parity

HEALTH = "/api/health"
USERS = "/api/collections/users/records"
TYPED = ("Content-Type: application/json",)
OURS_ALONE = {"date", "server", "last-modified"}


def request(
    path: str, *headers: str, method: str = "GET", body: bytes = b"", keep: bool = False
) -> bytes:
    """The bytes of one request; the connection is closed after it unless *keep*."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    lines += [] if keep else ["Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def wire(port: int, data: bytes, patience: float = servers.LIMIT) -> bytes:
    """Send bytes and return everything that comes back until the server closes."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as sock:
        try:
            sock.sendall(data)
            while piece := sock.recv(65536):
                got += piece
        except (TimeoutError, ConnectionError):
            pass
    return got


def answers(data: bytes) -> list[tuple[int, list[str], Any]]:
    """Take the answers apart: status, headers in alphabetical order, body."""
    found = []
    for part in re.split(rb"(?=HTTP/1\.[01] \d{3})", data)[1:]:
        head, _, body = part.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        headers = [f"{k.lower()}:{v}" for k, v in pairs if k.lower() not in OURS_ALONE]
        found.append((int(first.split()[1]), sorted(headers), _value(body)))
    return found


def _value(body: bytes) -> Any:
    """JSON without the order of its keys, which is random in the reference."""
    try:
        return json.loads(body)
    except ValueError:
        return body


def both(pair: Pair, data: bytes) -> tuple[list, list]:
    expected, got = (answers(wire(s.server.port, data)) for s in (pair.reference, pair.ours))
    return expected, got


SAME = {
    "health": request(HEALTH),
    "head": request(HEALTH, method="HEAD"),
    "head of an error": request("/api/collections", method="HEAD"),
    "unclean path": request("//api/health"),
    "head of an unclean path": request("//api/health", method="HEAD"),
    "post to an unclean path": request("//api/health", method="POST"),
    "unclean path with query": request("//a/../api/health?a=b%20c&d"),
    "unclean path with escapes": request("//a%20b%3Fc%23d%22%3C"),
    "another host in the path": request("//evil.com/%5C"),
    "dot at the end": request("/sub/."),
    "dashboard without slash": request("/_"),
    "absolute form": request("http://foo.example/api/health"),
    "empty query": request("/api/health?"),
    "semicolon": request("/api/health;x=1"),
    "lower-case method": request(HEALTH, method="get"),
    "unknown method": request(HEALTH, method="BREW"),
    "trace": request(HEALTH, method="TRACE"),
    "http/1.0": b"GET /api/health HTTP/1.0\r\n\r\n",
    "http/1.0 kept alive": b"GET /api/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /api/health HTTP/1.0\r\n\r\n",
    "line feeds only": request(HEALTH).replace(b"\r\n", b"\n"),
    "pipelined": request(HEALTH, keep=True) * 3 + request(HEALTH),
    "pipelined errors": request("/api/x", method="POST", keep=True) * 2 + request("/api/x", method="PUT"),
    "body of a GET": request(HEALTH, "Content-Length: 2", body=b"{}"),
    "unread body, next request": request(HEALTH, "Content-Length: 9", method="POST", body=b"unread...", keep=True) + request(HEALTH),
    "no upgrade": request(HEALTH, "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    "chunked": request(USERS, *TYPED, "Transfer-Encoding: chunked", method="POST", body=b"1\r\n{\r\n1;x=1\r\n}\r\n0\r\n\r\n"),
    "chunked, with trailer": request(USERS, *TYPED, "Transfer-Encoding: chunked", method="POST", body=b"2\r\n{}\r\n0\r\nX: y\r\n\r\n"),
    "bad chunk": request(USERS, *TYPED, "Transfer-Encoding: chunked", method="POST", body=b"zz\r\n"),
    "length and chunked": request(USERS, *TYPED, "Content-Length: 2", "Transfer-Encoding: chunked", method="POST", body=b"2\r\n{}\r\n0\r\n\r\n"),
    "equal lengths": request(USERS, *TYPED, "Content-Length: 2", "Content-Length: 2", method="POST", body=b"{}"),
    "too short a length": request(USERS, *TYPED, "Content-Length: 1", method="POST", body=b"{"),
    "100-continue": request(USERS, *TYPED, "Expect: 100-continue", "Content-Length: 2", method="POST", body=b"{}"),
    "announced too large": request(USERS, *TYPED, "Content-Length: 9223372036854775807", method="POST", body=b"{}"),
    "gzip wanted": request(HEALTH, "Accept-Encoding: gzip"),
    "missing file of the dashboard": request("/_/nope.js", "Accept-Encoding: gzip"),
    "index of the dashboard by name": request("/_/index.html", "Accept-Encoding: gzip"),
    "raw text in path": request("/api/collections/ü/records"),
    "raw text in query": request("/api/collections/posts/records?filter=title='ü'"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_same(name: str, pair: Pair) -> None:
    """Status, headers and body are the reference's, and so is the end of the connection."""
    expected, got = both(pair, SAME[name])

    assert got == expected


REFUSED = {
    "nonsense": b"nonsense\r\n\r\n",
    "no version": b"GET /api/health\r\n\r\n",
    "bad method": request(HEALTH, method="G@T"),
    "relative path": request("api/health"),
    "bad length": request(HEALTH, "Content-Length: abc", method="POST"),
    "negative length": request(HEALTH, "Content-Length: -5", method="POST"),
    "signed length": request(HEALTH, "Content-Length: +5", method="POST"),
    "huge length": request(HEALTH, "Content-Length: 99999999999999999999999", method="POST"),
    "two lengths": request(HEALTH, "Content-Length: 2", "Content-Length: 3", method="POST"),
    "space in a header's name": request(HEALTH, "X : y"),
    "control character in a header": request(HEALTH, "X: a\x01b"),
    "nul in the path": request("/api/\0health"),
    "delete in the query": request("/api/health?x=\x7f"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, pair: Pair) -> None:
    """What is no HTTP is refused with 400, and the connection is closed."""
    expected, got = both(pair, REFUSED[name])

    assert [status for status, _, _ in got] == [status for status, _, _ in expected] == [400]


# NOTE: in docs/differences.md: the HTTP library decides before we see the request
DIFFERENT = [
    *(("?x=" + char, 200, 400) for char in '"<>'),
    *(("?x=a" + char, 200, 200) for char in "!$&'()*+,-./:;=?@[\\]^_`{|}~ü€"),
    ("?x=\udcff", 200, 400),
    ("?x=\udcc3", 200, 400),
]


@pytest.mark.parametrize(("query", "theirs", "here"), DIFFERENT)
def test_unescaped(query: str, theirs: int, here: int, pair: Pair) -> None:
    """Characters that belong escaped into a query: which of them are taken all the same."""
    expected, got = both(pair, request(HEALTH + query))

    assert (expected[0][0], got[0][0]) == (theirs, here)


AUTHORIZATION = [
    "{}", "Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "Bearer\t{}", "{}  ", "   {}", "Basic {}", "Token {}", '"{}"', "{}, {}", "",
    "Bearer", "Bearer ", "Bearer Bearer {}", "{}.", "{}=", "x", "Bearer x.y.z", "\udcff{}", "{}\udcff",
]  # fmt: skip


@pytest.mark.parametrize("text", AUTHORIZATION)
def test_authorization(text: str, pair: Pair) -> None:
    """Who is meant by an `Authorization` header, in all its spellings."""
    token = pair.ours.tokens["superuser"]
    expected, got = both(
        pair,
        request("/api/collections?fields=name&perPage=1", f"Authorization: {text.format(token, token)}"),
    )  # fmt: skip

    assert got == expected


@pytest.mark.parametrize("order", [("{}", "x"), ("x", "{}")])
def test_two_authorizations(order: tuple[str, str], pair: Pair) -> None:
    """Of two headers the first counts."""
    token = pair.ours.tokens["superuser"]
    lines = [f"Authorization: {text.format(token)}" for text in order]
    expected, got = both(pair, request("/api/collections?fields=name&perPage=1", *lines))

    assert got == expected


LARGE = {
    "header of 60 kB": request(HEALTH, "X: " + "y" * 60_000),
    "header of 900 kB": request(HEALTH, "X: " + "y" * 900_000),
    "90 headers": request(HEALTH, *(f"X-{i}: y" for i in range(90))),
    "query of 60 kB": request(HEALTH + "?x=" + "y" * 60_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_heads(name: str, pair: Pair) -> None:
    """Large heads are taken, huge ones refused."""
    expected, got = both(pair, LARGE[name])

    assert [status for status, _, _ in got] == [status for status, _, _ in expected]


# -- --origins ------------------------------------------------------------------------------------

ALLOWED = ("--origins=http://a.example,https://*.b.example", "--origins=http://c?.example")
FROM = [
    "http://a.example", "http://A.example", "https://x.b.example", "https://x.y.b.example", "https://b.example", "http://x.b.example",
    "http://cd.example", "http://c.example", "http://evil.example", "null", "http://a.example.evil", "http://aXexample",
]  # fmt: skip


@pytest.fixture(scope="module")
def picky(
    template: Template,
    tmp_path_factory: pytest.TempPathFactory,
    reference_command: list[str],
    ours_command: list[str],
) -> Iterator[list[servers.Server]]:
    """Both servers with a choice of origins."""
    folder = tmp_path_factory.mktemp("origins")
    reference = servers.Server(
        reference_command, template.copy(folder / "reference"), ("--automigrate=false", *ALLOWED)
    )
    ours = servers.Server(ours_command, template.copy(folder / "ours"), ALLOWED)
    with reference, ours:
        yield [reference, ours]


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_origins(method: str, picky: list[servers.Server]) -> None:
    """Only pages of the origins named with `--origins` get permission."""
    for origin in FROM:
        data = request(
            HEALTH,
            f"Origin: {origin}",
            "Access-Control-Request-Method: POST",
            "Access-Control-Request-Headers: X-A, X-B",
            method=method,
        )
        expected, got = (answers(wire(server.port, data)) for server in picky)

        assert got == expected, origin
