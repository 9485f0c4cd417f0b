"""What the flags of `serve` mean for TLS, and what the plain port beside it answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from pocketbase_server.serve.acme.plain_port import PlainPort
from pocketbase_server.serve.acme.plan import DomainError, TlsPlan, plan_tls

OWN = {"POCKETBASE_ACME_DIRECTORY": "https://own.example/dir", "POCKETBASE_ACME_CA_FILE": "/ca.pem"}
PLANS = [
    # domains, https, environment → names, optional, url, is there anybody to ask
    (
        ["example.com"],
        "",
        {},
        ("example.com", "www.example.com"),
        {"www.example.com"},
        "https://example.com",
        True,
    ),
    (["www.example.com"], "", {}, ("www.example.com",), set(), "https://www.example.com", True),
    (
        ["b.org", "a.org", "www.a.org"],
        "127.0.0.1:8443",
        {},
        ("b.org", "a.org", "www.a.org", "www.b.org"),
        {"www.b.org"},
        "https://b.org",
        True,
    ),
    (
        ["Bücher.Example.", "", "EXAMPLE.com", "example.com"],
        "",
        {},
        ("xn--bcher-kva.example", "example.com", "www.xn--bcher-kva.example", "www.example.com"),
        {"www.xn--bcher-kva.example", "www.example.com"},
        "https://xn--bcher-kva.example",
        True,
    ),
    ([], "127.0.0.1:8443", {}, ("127.0.0.1",), set(), "https://127.0.0.1:8443", False),
    ([], "localhost:8443", {}, ("localhost",), set(), "https://localhost:8443", False),
    ([], "localhost:8443", OWN, ("localhost",), set(), "https://localhost:8443", True),
    ([], ":8443", {}, ("localhost", "127.0.0.1", "::1"), set(), "https://:8443", False),
    ([], "example.com:443", {}, ("example.com",), set(), "https://example.com:443", True),
]


def plan(
    domains: list[str], http: str = "", https: str = "", environ: dict[str, str] | None = None
) -> TlsPlan:
    return plan_tls(domains, (http, https), Path("cache"), environ or {})


@pytest.mark.parametrize(
    ("domains", "https", "environ", "names", "optional", "url", "is_asked"), PLANS
)
def test_plan(
    domains: list[str],
    https: str,
    environ: dict[str, str],
    names: tuple[str, ...],
    optional: set[str],
    url: str,
    is_asked: bool,
) -> None:
    """Names, with `www.` beside bare ones; who signs; and the URL that is printed."""
    found = plan(domains, https=https, environ=environ)

    assert names == found.names
    assert optional == found.optional
    assert url == found.url
    assert is_asked == (found.directory is not None)


def test_ports() -> None:
    """With domains the usual ports of all addresses, without them HTTP stays where it is."""
    both, secure, named = (
        plan(["a.org"]),
        plan([], https="127.0.0.1:1"),
        plan(["a.org"], "127.0.0.1:81", "127.0.0.1:82"),
    )

    assert (80, 443) == (both.plain.port, both.secure.port)
    assert ("", "") == (both.plain.host, both.secure.host)
    assert "127.0.0.1:8090" == secure.plain.text
    assert (81, 82) == (named.plain.port, named.secure.port)


def test_authority_of_ones_own() -> None:
    """Two variables of the environment name the authority and how to know it."""
    directory = plan(["a.org"], environ=OWN).directory

    assert directory is not None
    assert ("https://own.example/dir", "/ca.pem") == (directory.url, directory.ca_file)
    assert plan(["a.org"]).directory.url == "https://acme-v02.api.letsencrypt.org/directory"


@pytest.mark.parametrize(
    "name",
    [
        "bad name",
        "*.example.com",
        "a..b",
        "-a.org",
        "../x",
        "a/b.org",
        "1.2.3.4",
        "::1",
        "x" * 70 + ".org",
        "a_b\n.org",
    ],
)
def test_names_that_no_certificate_can_have(name: str) -> None:
    """They are refused at the start, instead of never working."""
    with pytest.raises(DomainError, match="no domain"):
        plan([name])


def ask(text: str, tokens: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
    port = PlainPort(("a.org",), tokens or {}, ports=(8091, 8443))
    head, _, body = port.answer(text.encode("latin-1")).decode("latin-1").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return (
        int(first.split()[1]),
        {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)},
        body,
    )


REDIRECTS = [
    ("GET /api/health?x=1 HTTP/1.1\r\nHost: a.org", "https://a.org/api/health?x=1"),
    ("HEAD / HTTP/1.0\r\nhost:a.org", "https://a.org/"),
    ("GET / HTTP/1.1\r\nHost: a.org:80", "https://a.org:443/"),
    ("GET / HTTP/1.1\r\nHost: 127.0.0.1:8091", "https://127.0.0.1:8443/"),
    ("GET / HTTP/1.1\r\nHost: [::1]:8091", "https://[::1]:8443/"),
    ("GET http://evil.org/x?y HTTP/1.1\r\nHost: a.org", "https://a.org/x?y"),
    ("GET //evil.org/%2e HTTP/1.1\r\nHost: a.org", "https://a.org//evil.org/%2e"),
    ("GET /\xe9<> HTTP/1.1\r\nHost: a.org", "https://a.org/%C3%A9%3C%3E"),
    (
        "GET /.well-known/acme-challengefoo HTTP/1.1\r\nHost: a.org",
        "https://a.org/.well-known/acme-challengefoo",
    ),
]


@pytest.mark.parametrize(("text", "location"), REDIRECTS)
def test_redirects(text: str, location: str) -> None:
    """Who reads is sent to HTTPS, and to no other host than the one that was asked."""
    status, headers, _ = ask(text + "\r\n\r\n")

    assert (302, location) == (status, headers["location"])


REFUSALS = [
    ("POST /api HTTP/1.1\r\nHost: a.org", 400, "Use HTTPS\n"),
    ("OPTIONS / HTTP/1.1\r\nHost: a.org", 400, "Use HTTPS\n"),
    ("GET / HTTP/1.1", 400, "Bad Request\n"),
    ("GET / HTTP/1.1\r\nHost: a.org/<script>", 400, "Bad Request\n"),
    ("GET / HTTP/1.1\r\nHost: a.org\nSet-Cookie: x", 400, "Bad Request\n"),
    ("\x16\x03\x01", 400, "Bad Request\n"),
    ("", 400, "Bad Request\n"),
    (
        "GET /.well-known/acme-challenge/known HTTP/1.1\r\nHost: evil.org",
        403,
        'host "evil.org" is not served here\n',
    ),
    ("GET /.well-known/acme-challenge/unknown HTTP/1.1\r\nHost: a.org", 404, "no such challenge\n"),
    ("GET /.well-known/acme-challenge/ HTTP/1.1\r\nHost: a.org", 404, "no such challenge\n"),
]


@pytest.mark.parametrize(("text", "status", "body"), REFUSALS)
def test_refusals(text: str, status: int, body: str) -> None:
    """Data is not taken over HTTP, and proofs are shown for our own names only."""
    found = ask(text + "\r\n\r\n", {"known": "text"})

    assert (status, body) == (found[0], found[2])
    assert "nosniff" == found[1]["x-content-type-options"]


def test_proof() -> None:
    """The text that an authority looks for, whatever the port and case of the host."""
    found = ask(
        "GET /.well-known/acme-challenge/known HTTP/1.1\r\nHost: A.org:5002\r\n\r\n",
        {"known": "known.print"},
    )

    assert (200, "known.print") == (found[0], found[2])
