"""Tokens: what a signed-in caller shows, and what letters carry.

A token is signed with the record's token key and a secret of its collection, so that changing
either makes all tokens of the record, or of the collection, worthless.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pocketbase_server.kit import jwt
from pocketbase_server.kit.cast import to_bool

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.auth_options import AuthOptions, TokenOptions
    from pocketbase_server.core.records.model import Record

AUTH: Final = "auth"
FILE: Final = "file"
VERIFICATION: Final = "verification"
PASSWORD_RESET: Final = "passwordReset"  # noqa: S105
EMAIL_CHANGE: Final = "emailChange"

_OPTION: Final = {
    AUTH: "auth_token",
    FILE: "file_token",
    VERIFICATION: "verification_token",
    PASSWORD_RESET: "password_reset_token",
    EMAIL_CHANGE: "email_change_token",
}
_ALGORITHM: Final = "HS256"
_NEVER: Final = 2**63
_LONGEST: Final = 4096
"""Characters beyond which nothing is a token of ours."""


class Claims(NamedTuple):
    """What a token says, not yet believed."""

    record_id: str
    collection_id: str
    type: str
    expires: float
    """Seconds since 1970; infinite when the token never expires."""
    starts: float
    is_refreshable: bool
    raw: dict[str, Any]


# -- making


def new_auth_token(record: Record) -> str:
    """Return a token that signs *record* in, and that it may exchange for a newer one."""
    return new_token(record, AUTH, refreshable=True)


def new_static_token(record: Record, duration: int = 0) -> str:
    """Return an auth token that cannot be refreshed, good for *duration* seconds.

    0 means as long as the collection says.
    """
    return new_token(record, AUTH, duration, refreshable=False)


def new_token(record: Record, type: str, duration: int = 0, **claims: Any) -> str:
    """Return a token of that type for *record*, with further *claims*.

    A *duration* of 0 means as many seconds as the collection says.
    """
    options = _options(record.collection.auth, type)
    claims |= {"collectionId": record.collection.id, "id": record.id, "type": type}
    return jwt.sign(claims, _key(record, options), duration or options.duration)


def _options(auth: AuthOptions | None, kind: str) -> TokenOptions:
    options: TokenOptions = getattr(auth, _OPTION[kind])
    return options


def _key(record: Record, options: TokenOptions) -> str:
    return f"{record.get('tokenKey')}{options.secret}"


# -- reading


def bare_token(authorization: str) -> str:
    """Return the token of an `Authorization` header, with or without `Bearer` before it."""
    return authorization[7:] if authorization[:7].lower() == "bearer " else authorization


def record_by_token(app: App, token: str, *types: str) -> Record | None:
    """Return the record that *token* was made for, freshly read, or None when the token is no good.

    With *types*, only tokens of these types are good.
    """
    claims = read_claims(token)
    if claims is None or not _is_timely(claims) or claims.type not in (types or _OPTION):
        return None
    return _signer(app, token, claims)


def _is_timely(claims: Claims) -> bool:
    return claims.starts <= time.time() < claims.expires


def _signer(app: App, token: str, claims: Claims) -> Record | None:
    collection = app.collections.get(claims.collection_id)
    if collection is None or collection.auth is None:
        return None
    record = app.records.get(collection, claims.record_id)
    if record is None or not record.get("tokenKey"):
        return None
    options = _options(collection.auth, claims.type)
    return record if _is_signed(token, _key(record, options)) else None


# PERF: what a token says and which key signed it never change; the record's key is read fresh
@lru_cache(maxsize=4096)
def _is_signed(token: str, key: str) -> bool:
    text, _, signature = token.encode().rpartition(b".")
    expected = urlsafe_b64encode(hmac.digest(key.encode(), text, "sha256")).rstrip(b"=")
    # NOTE: compared as text, so that no second spelling of a signature is accepted
    return hmac.compare_digest(expected, signature)


@lru_cache(maxsize=4096)
def read_claims(token: str) -> Claims | None:
    """Return what *token* says without checking who says it; None when it looks unlike ours."""
    if len(token) > _LONGEST:
        return None
    try:
        header, raw = jwt.parse_unverified(token)
        # SECURITY: the one algorithm we sign with; whatever else the header asks for is refused
        return _claims(raw) if header.get("alg") == _ALGORITHM else None
    except ValueError:
        return None


def _claims(raw: dict[str, Any]) -> Claims:
    return Claims(
        record_id=_word(raw, "id"),
        collection_id=_word(raw, "collectionId"),
        type=_word(raw, "type"),
        expires=_moment(raw, "exp") or inf,
        starts=max(_moment(raw, "nbf"), _moment(raw, "iat")),
        is_refreshable=to_bool(raw.get("refreshable")),
        raw=raw,
    )


def _word(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _moment(raw: dict[str, Any], name: str) -> float:
    """Return a claim that tells a time; 0 when it is absent."""
    value = raw.get(name, 0)
    # COMPAT: the reference counts whole seconds in 64 bits
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) >= _NEVER:
        raise ValueError(name)
    return value
