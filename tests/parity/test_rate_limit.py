"""
Rate limits, trusted proxies and the addresses of superusers: both servers count and refuse alike.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

HEALTH = q("/api/health")
POSTS = "/api/collections/posts/records"
LIST = q(f"{POSTS}?perPage=1&fields=id")
USERS = "/api/collections/users"
LOGIN = q(f"{USERS}/auth-with-password", "POST", {"identity": "bob", "password": PASSWORD})
Rule = tuple[Any, ...]


def rule(label: str, most: int, audience: str = "", duration: int = 600) -> dict[str, Any]:
    return {"label": label, "audience": audience, "duration": duration, "maxRequests": most}


def settings(**changed: Any) -> Scenario:
    return q("/api/settings?fields=rateLimits", "PATCH", changed, who="superuser")


def limits(*rules: Rule, **more: Any) -> Scenario:
    return settings(
        rateLimits={"enabled": True, "rules": [rule(*r) for r in rules], "excludedIPs": [], **more}
    )


def times(count: int, *steps: Scenario) -> list[Scenario]:
    return [step for step in steps for _ in range(count)]


def by(who: str, step: Scenario, **headers: str) -> Scenario:
    return Scenario(step.name, step.url, step.method, step.body, headers, who)


CASES: dict[str, list[Scenario]] = {
    "a prefix": [limits(("/api/", 2)), *times(3, HEALTH, LIST, q("/api/nope"), q("/nope"), q("/api/health", "OPTIONS"))],
    "exact path": [limits(("/api/health", 2)), *times(3, HEALTH, q("/api/health", "HEAD"), q("/api/health/"), q("/api/h%65alth"), q("/api/Health"))],
    "method and path": [limits(("GET /api/health", 1)), *times(2, HEALTH, q("/api/health", "HEAD"), q("/api/health", "POST"))],
    "lower case method": [limits(("get /api/health", 1)), *times(2, HEALTH)],
    "method and prefix": [limits(("GET /api/", 1)), *times(2, HEALTH, LIST, q(POSTS, "POST", {"title": 1}))],
    "exact beats prefix": [limits(("/api/", 1), ("/api/health", 2)), *times(3, HEALTH, LIST)],
    "the first prefix wins": [limits(("/api/", 1), ("/api/collections/", 3)), *times(2, LIST, HEALTH)],
    "method beats path": [limits(("/api/health", 1), ("GET /api/health", 3)), *times(4, HEALTH)],
    "method prefix beats path": [limits(("/api/health", 1), ("GET /api/", 3)), *times(4, HEALTH)],
    "a prefix without its slash": [limits(("/foo/", 1)), *times(2, q("/foo"), q("/foo/"), q("/foo/x"), q("/foox"))],
    "everything": [limits(("/", 2)), *times(3, q("/nope"), HEALTH)],
    "action": [limits(("*:list", 2)), *times(3, LIST, q(f"{USERS}/records?fields=id"), q(POSTS + "/x"))],
    "action by name": [limits(("posts:list", 2), ("*:list", 1)), *times(3, LIST, q(f"{USERS}/records?fields=id"))],
    "action by name, listed last": [limits(("*:list", 1), ("posts:list", 2)), *times(3, LIST)],
    "action in another case": [limits(("posts:LIST", 1), ("POSTS:list", 1)), *times(2, LIST, q("/api/collections/POSTS/records?fields=id&perPage=1"))],
    "head is a get": [limits(("*:list", 2)), *times(2, q(POSTS, "HEAD"), LIST)],
    "action and path": [limits(("/api/", 1), ("posts:list", 2)), *times(3, LIST, HEALTH, q(POSTS + "/x"), q(POSTS + "/x", "DELETE"))],
    "auth means all ways in": [limits(("users:auth", 2)), *times(2, LOGIN), *times(3, q(f"{USERS}/auth-refresh", "POST", who="bob"), q(f"{USERS}/auth-with-otp", "POST", {}))],
    "one way in before all": [limits(("users:auth", 3), ("users:authWithPassword", 1)), *times(2, LOGIN)],
    "name before all ways": [limits(("*:authWithPassword", 1), ("users:auth", 2)), *times(3, LOGIN)],
    "a way in before all, for any": [limits(("*:auth", 1), ("*:authWithPassword", 2)), *times(3, LOGIN)],
    "an action beats its path": [limits((f"GET {POSTS}", 1), ("*:list", 2)), *times(3, LIST)],
    "no such collection": [limits(("*:list", 1), ("/api/", 1)), *times(3, q("/api/collections/nope/records"), q("/api/collections/nope/auth-methods"))],
    "guests": [limits(("/api/", 1, "@guest")), *times(3, HEALTH, by("bob", HEALTH))],
    "the signed in": [limits(("/api/", 1, "@auth")), *times(3, HEALTH, by("bob", HEALTH))],
    "each their own": [limits(("/api/", 1, "@guest"), ("/api/", 2, "@auth")), *times(3, HEALTH, by("bob", HEALTH), by("bad", HEALTH))],
    "an audience that does not fit": [limits(("/api/health", 3, "@auth"), ("/api/", 1)), *times(4, HEALTH, by("bob", HEALTH))],
    "audience and action": [limits(("posts:list", 1, "@auth"), ("*:list", 2)), *times(3, LIST, by("bob", LIST))],
    "superusers": [limits(("/api/", 1)), *times(3, by("superuser", HEALTH))],
    "before the guard": [limits(("/api/settings", 1), ("*:authRefresh", 1)), *times(3, q("/api/settings"), q("/api/settings", who="bob"), q(f"{USERS}/auth-refresh", "POST"))],
    "before the body": [limits(("*:create", 1)), *times(2, q(POSTS, "POST", "{bad", headers={"Content-Type": "application/json"}))],
    "unclean paths": [limits(("/api/", 1)), *times(2, q("//api/health"), HEALTH)],
    "excluded address": [limits(("/api/", 1), excludedIPs=["127.0.0.1"]), *times(3, HEALTH)],
    "excluded network": [limits(("/api/", 1), excludedIPs=["10.0.0.0/8", "127.0.0.0/8"]), *times(3, HEALTH)],
    "another excluded": [limits(("/api/", 1), excludedIPs=["10.0.0.0/8"]), *times(3, HEALTH)],
    "changed settings": [limits(("/api/", 1)), *times(2, HEALTH), limits(("/api/", 2)), *times(3, HEALTH)],
    "by the client behind a proxy": [
        settings(trustedProxy={"headers": ["X-Real"]}),
        limits(("/api/", 1)),
        *times(2, *(by(who, HEALTH, **{"X-Real": ip}) for ip in ("1.1.1.1", "2.2.2.2", "bad", "::ffff:1.1.1.1") for who in ("guest", "bob"))),
        settings(trustedProxy={"headers": []}),
    ],
    "off": [settings(rateLimits={"enabled": False}), *times(4, HEALTH)],
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_limits(name: str, pair: Pair) -> None:
    """Who is counted under which rule."""
    pair.check(*CASES[name])


CLAIMS = [
    {"X-Real": "1.1.1.1, 2.2.2.2"},
    {"X-Real": "bad, 2.2.2.2"},
    {"X-Real": "1.1.1.1, bad"},
    {"X-Real": "bad", "X-Fwd": "3.3.3.3"},
    {"X-Fwd": "3.3.3.3"},
    {"x-real": " 1.1.1.1 "},
    {"X-Real": "1.1.1.1:80"},
    {"X-Real": "[::1]"},
    {"X-Real": "::1"},
    {"X-Real": "fe80::1%eth0"},
    {"X-Real": "::ffff:1.2.3.4"},
    {"X-Real": "01.2.3.4"},
    {"X-Real": ",,1.1.1.1,,"},
    {"X-Real": "1.1.1.1 2.2.2.2"},
    {"X-Real": "2001:DB8::A"},
    {},
]


@pytest.mark.parametrize("leftmost", [False, True])
def test_proxy_headers(leftmost: bool, pair: Pair) -> None:
    """Which address a request is said to come from."""
    set_up = {"headers": ["X-Real", "X-Fwd"], "useLeftmostIP": leftmost}
    pair.check(
        settings(trustedProxy=set_up),
        *(q("/api/health", who="superuser", headers=claim) for claim in CLAIMS),
        settings(trustedProxy={"headers": [], "useLeftmostIP": False}),
        *(q("/api/health", who="superuser", headers=claim) for claim in CLAIMS[:3]),
    )


SUPER = "/api/collections/_superusers"
NETWORKS = ["10.0.0.1", "10.0.0.0/24", "0.0.0.0/0", "::/0", "::ffff:10.0.0.1", "::1", "10.0.0.9/8"]
ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.1.0.1", "::1", "::ffff:10.0.0.1", "fe80::1", "bad"]


@pytest.mark.parametrize("network", NETWORKS)
def test_superuser_addresses(network: str, pair: Pair) -> None:
    """From where superusers may ask."""
    for side in (pair.reference, pair.ours):
        side.client("superuser").headers = {"X-Way-Out": "203.0.113.7"}
    allowed = {"superuserIPs": [network, "203.0.113.7"]}
    claims = [{"X-Real": ip, "X-Way-Out": ""} for ip in ADDRESSES]
    login = {"identity": "root@example.com", "password": "1234567890"}
    pair.check(
        settings(trustedProxy={"headers": ["X-Way-Out", "X-Real"]}, **allowed),
        *(q("/api/health", who="superuser", headers=claim) for claim in claims),
        q("/nope", who="superuser", headers=claims[-1]),
        q("/api/health", "OPTIONS", who="superuser", headers=claims[-1]),
        q(f"{SUPER}/auth-refresh", "POST", who="superuser", headers=claims[-1]),
        q(f"{SUPER}/auth-methods", headers=claims[-1]),
        q(f"{SUPER}/auth-with-password", "POST", login, headers=claims[-1]),
        q(f"{SUPER}/auth-with-password", "POST", {**login, "password": "x"}, headers=claims[-1]),
        q(f"{SUPER}/auth-with-password", "POST", login, headers=claims[0]),
        q("/api/health", who="bob", headers=claims[-1]),
        settings(trustedProxy={"headers": []}, superuserIPs=[]),
    )
