"""
Tokens of odd shapes: signed with the right key, or not, they are good or refused alike, for the same reason.
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from tests.parity.post import USERS
from tests.scenario import Pair, q

pytestmark = pytest.mark.parity

CAROL = "user00000000003"
SECRET, KEY = "s" * 40, "k" * 40
HEAD = {"alg": "HS256", "typ": "JWT"}
CHANGE, VERIFY, RESET, AUTH = "emailChange", "verification", "passwordReset", "auth"


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any) -> Pair:
    """Return both servers, with known keys."""
    pair = Pair(reference, ours)
    kinds = ("authToken", "verificationToken", "passwordResetToken", "emailChangeToken")
    pair.check(
        q(f"{USERS}?fields=name", "PATCH", {k: {"secret": SECRET} for k in kinds}, "superuser"),
        q(f"{USERS}/records/{CAROL}", "PATCH", {"tokenKey": KEY}, "superuser"),
    )
    return pair


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def sign(head: Any, claims: Any, signature: str | None = None) -> str:
    """Return a token; texts stand for parts that are encoded already."""
    text = ".".join(p if isinstance(p, str) else part(p) for p in (head, claims))
    digest = hmac.digest((KEY + SECRET).encode(), text.encode(), "sha256")
    return f"{text}.{part(digest) if signature is None else signature}"


def claims(kind: str, **changed: Any) -> dict[str, Any]:
    """Return the claims of a token for Carol; what is None is left out."""
    full = {
        "collectionId": "_pb_users_auth_",
        "id": CAROL,
        "type": kind,
        "exp": int(time.time()) + 6000,
        "email": "carol@example.com",
        "newEmail": "changed@example.com",
        "refreshable": True,
        **changed,
    }
    return {name: value for name, value in full.items() if value is not None}


def _raw(kind: str, more: bytes) -> bytes:
    return json.dumps(claims(kind)).encode()[:-1] + more


HEADS: dict[str, Any] = {
    "none": {},
    "alg none": {"alg": "none"},
    "alg unknown": {"alg": "X"},
    "alg as number": {"alg": 5},
    "ES256": {"alg": "ES256"},
    "HS512": {"alg": "HS512"},
    "lower case": {"alg": "hs256"},
    "more": {**HEAD, "kid": "x", "crit": ["x"]},
    "list": [1],
    "null": b"null",
    "empty": "",
    "no base64": "!!!",
    "a blank before": f" {part(HEAD)}",
    "a quote before": f'"{part(HEAD)}',
    "padded": f"{part(HEAD)}=",
    "a blank behind": b'{"alg":"HS256"} ',
    "more behind": b'{"alg":"HS256"}x',
    "twice": b'{"alg":"X","alg":"HS256"}',
}
CLAIMS: dict[str, Any] = {
    "exp as text": {"exp": "99999999999"},
    "exp as bool": {"exp": True},
    "exp 0": {"exp": 0},
    "no exp": {"exp": None},
    "exp far": {"exp": 1e18},
    "exp too far": {"exp": 1e19},
    "iat as text": {"iat": "x"},
    "nbf as text": {"nbf": "1"},
    "nbf to come": {"nbf": 99999999999},
    "other things": {"aud": 5, "iss": 5, "sub": [], "jti": {}},
    "no id": {"id": None},
    "id as number": {"id": 5},
    "no collection": {"collectionId": None},
    "collection as number": {"collectionId": 5},
    "collection by name": {"collectionId": "users"},
    "no type": {"type": None},
    "type as number": {"type": 5},
    "no address": {"email": None, "newEmail": None},
    "address as number": {"email": 5, "newEmail": 5},
    "address as zero": {"email": 0, "newEmail": 0},
    "address as bool": {"email": True, "newEmail": True},
    "address as list": {"email": ["x"], "newEmail": ["x"]},
    "address blank": {"email": " ", "newEmail": " "},
    "other case": {"email": "CAROL@example.com", "newEmail": "CAROL@example.com"},
}
RAW: dict[str, Any] = {
    "list": [1],
    "null": b"null",
    "empty": "",
    "nothing": {},
    "no base64": "!!",
    "not UTF-8": b',"z":"\xff"}',
    "name twice": b',"email":"x","newEmail":"x"}',
    "more behind": b"}x",
}
SIGNATURES = ["", "!!", "eA", part(b"x" * 32)]


def forms(kind: str, token: str) -> list[Any]:
    """Return what *token* may be good for; nothing that would change anything."""
    reset = {"token": token, "password": "1", "passwordConfirm": "2"}
    asked = [
        q(f"{USERS}/confirm-password-reset", "POST", reset, name=kind),
        q(f"{USERS}/confirm-email-change", "POST", {"token": token, "password": "x"}, name=kind),
        q("/api/collections/staff/confirm-verification", "POST", {"token": token}, name=kind),
    ]
    if kind == AUTH and token.isascii() and token.strip() == token:
        mine = {"Authorization": token}
        asked.append(q(f"{USERS}/auth-refresh?fields=record.id", "POST", headers=mine))
    return asked


@pytest.mark.parametrize("kind", [AUTH, VERIFY, RESET, CHANGE])
def test_heads(kind: str, pair: Pair) -> None:
    """What names the algorithm."""
    tokens = [sign(head, claims(kind)) for head in HEADS.values()]
    pair.check(*(form for token in tokens for form in forms(kind, token)))


@pytest.mark.parametrize("kind", [AUTH, VERIFY, RESET, CHANGE])
def test_claims(kind: str, pair: Pair) -> None:
    """What a token says."""
    tokens = [sign(HEAD, claims(kind, **changed)) for changed in CLAIMS.values()]
    for raw in RAW.values():
        is_more = isinstance(raw, bytes) and raw != b"null"
        tokens.append(sign(HEAD, _raw(kind, raw) if is_more else raw))
    pair.check(*(form for token in tokens for form in forms(kind, token)))


@pytest.mark.parametrize("kind", [AUTH, VERIFY, RESET, CHANGE])
def test_signatures(kind: str, pair: Pair) -> None:
    """What stands behind what it says, and how many parts there are."""
    good = sign(HEAD, claims(kind))
    tokens = [sign(HEAD, claims(kind), s) for s in SIGNATURES]
    tokens += [good, f"{good}.", f"{good}.x", good.rpartition(".")[0], good.partition(".")[0]]
    pair.check(*(form for token in tokens for form in forms(kind, token)))
