"""The client secret that Apple wants: a token that one signs oneself, good for some months."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import MATCH_INVALID, at_least, at_most
from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUDIENCE: Final = "https://appleid.apple.com"
LONGEST: Final = 15_777_000
"""Seconds: six months."""
INVALID: Final = "Invalid client secret data."
_ID_LENGTH: Final = 10
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN PRIVATE KEY-----.+-----END PRIVATE KEY-----", re.DOTALL
)
_WRONG_LENGTH: Final = Issue(
    "validation_length_invalid",
    f"The length must be exactly {_ID_LENGTH}.",
    {"max": _ID_LENGTH, "min": _ID_LENGTH},
)


@dataclass(slots=True, frozen=True)
class AppleSecretForm:
    """What the secret is made from."""

    client_id: str
    team_id: str
    key_id: str
    private_key: str
    duration: int

    def check(self) -> None:
        """Raise `BadRequestError` unless a secret can be made."""
        issues = {
            "clientId": None if self.client_id else REQUIRED,
            "teamId": _id_issue(self.team_id),
            "keyId": _id_issue(self.key_id),
            "privateKey": _key_issue(self.private_key),
            "duration": _duration_issue(self.duration),
        }
        found = {name: issue for name, issue in issues.items() if issue is not None}
        if found:
            raise BadRequestError(INVALID, found)


def _id_issue(text: str) -> Issue | None:
    if not text:
        return REQUIRED
    return None if len(text.encode()) == _ID_LENGTH else _WRONG_LENGTH


def _key_issue(text: str) -> Issue | None:
    if not text:
        return REQUIRED
    return None if _PRIVATE_KEY.search(text) else MATCH_INVALID


def _duration_issue(seconds: int) -> Issue | None:
    if not seconds:
        return REQUIRED
    if seconds < 1:
        return at_least(1)
    return at_most(LONGEST) if seconds > LONGEST else None


def make_apple_secret(form: AppleSecretForm) -> str:
    """Return a new client secret; raises `BadRequestError`."""
    import jwt

    form.check()
    now = int(time.time())
    claims = {
        "iss": form.team_id,
        "sub": form.client_id,
        "aud": [AUDIENCE],
        "exp": now + form.duration,
        "iat": now,
    }
    try:
        return jwt.encode(
            claims, _load_key(form.private_key), algorithm="ES256", headers={"kid": form.key_id}
        )
    except (ValueError, TypeError, jwt.PyJWTError) as ex:
        raise BadRequestError(f"Failed to generate client secret. Raw error: \n{ex}") from ex


_NO_PEM: Final = "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"
_BLOCK: Final = re.compile(
    r"^-----BEGIN (?P<kind>[^\n]*)-----[ \t\r]*\n"
    r"(?:[^\n:]+:[^\n]*\n)*(?P<body>[^:-]*)"
    r"^-----END (?P=kind)-----[ \t\r]*$",
    re.MULTILINE,
)
"""COMPAT: where a key stands in a text, with what may stand before and behind it."""


def _load_key(text: str) -> EllipticCurvePrivateKey:
    """Return the key that *text* holds; raises `ValueError`."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey

    key = _parsed(text)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError("key is not a valid ECDSA private key")  # noqa: TRY004 - it is data
    if not isinstance(key.curve, SECP256R1):
        raise ValueError("key is invalid")  # noqa: TRY004 - it is data
    return key


def _parsed(text: str) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    blocks = (_decoded("".join(block["body"].split())) for block in _BLOCK.finditer(text))
    der = next((block for block in blocks if block is not None), b"")
    try:
        return load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as ex:
        raise ValueError(_NO_PEM) from ex


def _decoded(text: str) -> bytes | None:
    # NOTE: Python takes more `=` at the end than there should be
    if len(text) % 4:
        return None
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None
