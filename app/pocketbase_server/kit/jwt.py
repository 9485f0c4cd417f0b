"""JSON web tokens as the reference signs them: HS256, no `iat`, `exp` in whole seconds."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json as stdlib_json
import time
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALGORITHM: Final = "HS256"
_HEADER: Final = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
_OPTIONS: Final[dict[str, Any]] = {
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
    "enforce_minimum_key_length": False,
}


class TokenError(ValueError):
    """The token is malformed, forged or over."""


def sign(claims: Mapping[str, Any], key: str, seconds: float) -> str:
    """Return a token with *claims* that is good for so many seconds."""
    payload = orjson.dumps(
        {**claims, "exp": int(time.time() + seconds)}, option=orjson.OPT_SORT_KEYS
    )
    # PERF: PyJWT takes 30 µs for these two lines; verification stays with it
    signed = _HEADER + b"." + _encode(payload)
    digest = hmac.digest(key.encode(), signed, hashlib.sha256)
    return (signed + b"." + _encode(digest)).decode()


def _encode(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def verify(token: str, key: str, *, leeway: float = 0) -> dict[str, Any]:
    """Return the claims of a token that was signed with *key* and is not over.

    Raises `TokenError`; any algorithm but HS256 (so also `none`) is refused.
    """
    # PERF: takes 100 ms to import, and serving needs only `sign`
    import jwt as pyjwt

    try:
        claims: dict[str, Any] = pyjwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            leeway=leeway,
            options=_OPTIONS,  # type: ignore[arg-type]
        )
    except (pyjwt.PyJWTError, ValueError) as ex:
        raise TokenError(str(ex)) from ex
    return claims


def parse_unverified(token: str) -> dict[str, Any]:
    """Return the claims of a well-formed token without believing them; raises `TokenError`."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        raise TokenError("token contains an invalid number of segments")
    try:
        claims = stdlib_json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error) as ex:
        raise TokenError("token is malformed") from ex
    if not isinstance(claims, dict):
        raise TokenError("token is malformed")
    return claims
