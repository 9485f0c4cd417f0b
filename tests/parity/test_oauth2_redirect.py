"""
OAuth2: the way back from a provider, and the secret that Apple wants.
"""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

# -- the way back

REDIRECTS = [
    q("/api/oauth2-redirect"),
    q("/api/oauth2-redirect?state=x&code=1"),
    q("/api/oauth2-redirect?state=x&code=1&error=no"),
    q("/api/oauth2-redirect?state=https://evil.example.com/&code=1"),
    q("/api/oauth2-redirect", "HEAD"),
    q("/api/oauth2-redirect", "PUT", {}),
    *(
        q("/api/oauth2-redirect", "POST", body, headers={"Content-Type": kind})
        for body, kind in (
            ("state=x&code=1", "application/x-www-form-urlencoded"),
            ('{"state":"x"}', "application/json"),
            ("{bad", "application/json"),
            ("x", "text/plain"),
        )
    ),
]


@pytest.mark.parametrize("scenario", REDIRECTS, ids=str)
def test_redirects_that_fail(scenario: Scenario, pair: Pair) -> None:
    """Nobody is sent anywhere but to our own page."""
    pair.check(scenario)


# -- Apple's secret

APPLE = "/api/settings/apple/generate-client-secret"
SECRETS: list[dict[str, Any]] = [
    {},
    {"clientId": "", "teamId": "x", "keyId": "x" * 11, "privateKey": "x", "duration": -1},
    {"clientId": "c", "teamId": "x" * 10, "keyId": "x" * 10, "privateKey": "x", "duration": 15777001},
    {"clientId": "c", "teamId": "é" * 5, "keyId": "x" * 10, "privateKey": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----", "duration": "5"},
    {"duration": 1.5},
    {"duration": True},
    {"clientId": 5},
]  # fmt: skip


@pytest.mark.parametrize("body", SECRETS, ids=str)
def test_apple_secret(body: dict[str, Any], pair: Pair) -> None:
    """What makes no secret is refused alike."""
    pair.check(*(q(APPLE, "POST", body, who=who) for who in ("superuser", "alice", "guest")))


def _keys() -> dict[str, str]:
    right, wrong, rsa_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
    )
    pem = _pem(right)
    return {
        "right": pem,
        "another curve": _pem(wrong),
        "RSA": _pem(rsa_key),
        "on one line": pem.replace("\n", ""),
        "other line ends": pem.replace("\n", "\r\n"),
    }


def _pem(key: Any) -> str:
    kind = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, kind, plain), "ascii")


def test_keys_for_apples_secret(pair: Pair) -> None:
    """Only a key of the right kind, in the right form, signs; the others are refused alike."""
    form = {"clientId": "c", "teamId": "x" * 10, "keyId": "y" * 10, "duration": 60}
    blur = r'"secret":"[^"]+"'
    pair.check(
        *(
            q(APPLE, "POST", {**form, "privateKey": key}, who="superuser", name=name, blur=blur)
            for name, key in _keys().items()
        ),
        *(
            q(APPLE, "POST", "{}", who="superuser", headers={"Content-Type": kind})
            for kind in ("text/plain", "APPLICATION/JSON", "")
        ),
    )
