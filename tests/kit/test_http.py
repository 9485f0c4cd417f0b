"""
Asking other servers: bounded, and never led into our own network.
"""

from __future__ import annotations

import socket

import pytest
from pocketbase_server.kit import http
from pocketbase_server.kit.http import HttpError, ask, ask_public, is_public

from tests.oidc import Oidc


@pytest.fixture
def server():
    made = Oidc()
    yield made
    made.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "2002:7f00:1::", "ff02::1", "192.0.2.1"],
)  # fmt: skip
def test_addresses_of_our_own(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet(address):
    assert is_public(address)


def test_answers(server):
    server.answers["/x"] = (418, {"a": 1})
    answer = ask("POST", server.url + "/x", {"X-A": "b"}, b"body")

    assert (answer.status, answer.body, answer.is_good) == (418, b'{"a": 1}', False)
    assert server.seen[0]["headers"]["x-a"] == "b" and server.seen[0]["body"] == "body"


def test_too_much_is_refused(server):
    server.answers["/x"] = (200, b"x" * (http.MOST_BYTES + 1))
    with pytest.raises(HttpError):
        ask("GET", server.url + "/x")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "nonsense", "http://", "ftp://x/", "http://[::1"]
)
def test_no_answer(url):
    with pytest.raises(HttpError):
        ask("GET", url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "127.1"]
)
def test_the_public_way_does_not_lead_here(server, host):
    with pytest.raises(HttpError):
        ask_public(server.url.replace("127.0.0.1", host) + "/me", 1000)
    assert server.seen == []


def test_the_public_way_does_not_lead_here_by_a_name_or_a_redirect(server, monkeypatch):
    def lookup(host, port, **_):
        address = "10.0.0.1" if host == "inside.example.com" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(HttpError, match="no public address"):
        ask_public("https://inside.example.com/a.png", 1000)


def test_the_public_way_connects_to_the_address_it_has_checked(server, monkeypatch):
    monkeypatch.setattr(http, "is_public", lambda address: address == "127.0.0.1")
    server.answers["/there"] = (302, server.url.replace("127.0.0.1", "127.0.0.2") + "/me")
    server.answers["/me"] = (200, b"picture")

    assert ask_public(server.url + "/me", 1000).body == b"picture"
    with pytest.raises(HttpError):
        ask_public(server.url + "/there", 1000)
    with pytest.raises(HttpError):
        ask_public(server.url + "/me", 3)
