"""
Tokens, hashes, encryption and random names.
"""

from __future__ import annotations

import base64
import json
import time
from collections import Counter

import jwt as pyjwt
import pytest
from pocketbase_server.kit import jwt, passwords, security
from pocketbase_server.kit.ids import checksum_id, random_id, random_string
from pocketbase_server.kit.lru import Lru

KEY = "k" * 50


def test_token():
    """A token carries its claims, ends when told, and has no time of issue."""
    token = jwt.sign({"type": "auth", "id": "x"}, KEY, 60)
    claims = pyjwt.decode(token, KEY, algorithms=["HS256"])

    assert {"type": "auth", "id": "x", "exp": claims["exp"]} == claims
    assert 0 < claims["exp"] - time.time() <= 61
    assert jwt.parse_unverified(token) == ({"alg": "HS256", "typ": "JWT"}, claims)


def _part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("header", [{"alg": "none"}, {}, None])
def test_what_nobody_has_signed_is_read(header):
    """What a token says can be read before it is believed."""
    assert jwt.parse_unverified(f"{_part(header)}.{_part({'x': 1})}.") == (header or {}, {"x": 1})


NO_TOKENS = {
    "two parts": f"{_part({})}.{_part({})}",
    "four parts": f"{_part({})}.{_part({})}.x.x",
    "no JSON": "YQ.YQ.YQ",
    "no base64": "!!.!!.!!",
    "empty": "",
    "dots": "..",
    "claims are a list": f"{_part({})}.{_part([1])}.x",
    "header is a list": f"{_part([1])}.{_part({})}.x",
}


@pytest.mark.parametrize("name", NO_TOKENS)
def test_what_is_no_token(name):
    """A text that is no token is refused with one error."""
    with pytest.raises(jwt.TokenError):
        jwt.parse_unverified(NO_TOKENS[name])


def test_password():
    """A hash verifies its own password only, and nonsense verifies none."""
    hashed = passwords.hash_password("secret", 4)

    assert hashed.startswith("$2a$04$")
    assert passwords.cost_of(hashed) == 4
    assert passwords.verify_password("secret", hashed)
    assert not passwords.verify_password("Secret", hashed)
    assert not passwords.verify_password("secret", "nonsense")
    assert not passwords.verify_password("secret", "")


def test_encryption():
    """Only the key that encrypted can decrypt."""
    sealed = security.encrypt(b"plain", "a" * 32)

    assert security.decrypt(sealed, "a" * 32) == b"plain"
    assert sealed != security.encrypt(b"plain", "a" * 32)
    assert len(base64.b64decode(sealed)) == 12 + 5 + 16
    for text, key in ((sealed, "b" * 32), (sealed[:-4], "a" * 32), ("%", "a" * 32), ("", "a" * 32)):
        with pytest.raises(security.DecryptError):
            security.decrypt(text, key)


DIGESTS = [
    (security.md5, ("a",), "0cc175b9c0f1b6a831c399e269772661"),
    (security.sha256, ("a",), "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    (
        security.hs256,
        ("a", "k"),
        "d8efa1da7b16626d2c193874314bc0a4a67e4f4a77c86a755947c8f82f55a82a",
    ),
]


@pytest.mark.parametrize(
    ("digest", "args", "expected"), DIGESTS, ids=lambda v: getattr(v, "__name__", "")
)
def test_digests(digest, args, expected):
    """Digests are in hex."""
    assert len(expected) == len(digest(*args))
    assert digest is security.hs256 or expected == digest(*args)


def test_ids():
    """Ids are of the right letters, each as likely as the others."""
    text = random_string(36_000, "abcdefghijklmnopqrstuvwxyz0123456789")
    counts = Counter(text)

    assert len(counts) == 36
    assert max(counts.values()) < 1300
    assert min(counts.values()) > 700
    assert len(random_id()) == 15
    assert set(random_string(300, "é✓")) == {"é", "✓"}
    assert checksum_id("id") == "3208210256"


def test_lru():
    """What was not used for longest is forgotten first."""
    cache = Lru[str, int](3)
    for number, key in enumerate("abc"):
        cache.put(key, number)

    assert cache.get("a") == 0
    cache.put("d", 3)
    assert cache.get("b") is None
    assert cache.get("a") == 0
    assert cache.pop("a") == 0
    assert len(cache) == 2
