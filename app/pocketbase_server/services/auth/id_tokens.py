"""Tokens by which OpenID providers say who someone is: claims, audience, issuer, signature."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.kit.http import HttpError, ask

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEEWAY: Final = 300
_LEEWAY_NAME: Final = "PB_ID_TOKEN_LEEWAY"
# SECURITY: only what is signed with a key that the provider alone has
_KINDS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_ALGORITHMS: Final = frozenset(
    {
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA"),
    }
)


class IdTokenError(Exception):
    """The token is malformed, forged, over, or meant for someone else."""


def read_id_token(
    token: str,
    *,
    audience: str,
    keys_url: str = "",
    issuers: Sequence[str] = (),
    needs_expiry: bool = False,
) -> dict[str, Any]:
    """Return the claims of a token that is for *audience*, from one of *issuers* and still good.

    With *keys_url* it must be signed with one of the keys there; without, it must have come
    straight from the provider. Raises `IdTokenError`.
    """
    header, claims = _parse(token)
    _check_claims(claims, audience, issuers, needs_expiry=needs_expiry)
    if not keys_url:
        return claims
    if 0 < claims.get("exp", 0) <= time.time():
        raise IdTokenError("the token is over")
    return _verified(token, header, keys_url)


def _parse(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    from joserfc.errors import JoseError
    from joserfc.jws import extract_compact

    try:
        parsed = extract_compact(token.encode())
        claims = orjson.loads(parsed.payload)
    except (JoseError, ValueError, KeyError, TypeError) as ex:
        raise IdTokenError(f"malformed: {ex}") from ex
    if not isinstance(claims, dict):
        raise IdTokenError("malformed: the claims are no object")
    return dict(parsed.headers()), claims


def _check_claims(
    claims: dict[str, Any], audience: str, issuers: Sequence[str], *, needs_expiry: bool
) -> None:
    for name in ("exp", "iat", "nbf"):
        value = claims.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise IdTokenError(f"{name} is no number")
    if needs_expiry and claims.get("exp") is None:
        raise IdTokenError("exp is missing")
    _check_times(claims)
    found = claims.get("aud")
    if audience not in (found if isinstance(found, list) else [found]):
        raise IdTokenError("the token is for another audience")
    if issuers and claims.get("iss") not in issuers:
        raise IdTokenError("the token is from another issuer")


def _check_times(claims: dict[str, Any]) -> None:
    now, leeway = time.time(), _leeway()
    exp = claims.get("exp")
    if exp is not None and now > exp + leeway:
        raise IdTokenError("the token is over")
    if max(claims.get("iat") or 0, claims.get("nbf") or 0) > now + leeway:
        raise IdTokenError("the token is from the future")


def _leeway() -> int:
    chosen = os.environ.get(_LEEWAY_NAME, "")
    return int(chosen) if chosen.isdecimal() else _LEEWAY


def _verified(token: str, header: dict[str, Any], keys_url: str) -> dict[str, Any]:
    """Return the claims, now that a key of the provider has signed them."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    algorithm = header.get("alg")
    if algorithm not in _ALGORITHMS:
        raise IdTokenError(f"unexpected algorithm {algorithm}")
    raw = _find_key(_fetch_keys(keys_url), str(header.get("kid") or ""), algorithm)
    try:
        return dict(jwt.decode(token, import_key(raw), algorithms=[algorithm]).claims)
    except (JoseError, ValueError, KeyError, TypeError) as ex:
        raise IdTokenError(f"the signature does not fit: {ex}") from ex


def _find_key(keys: list[Any], kid: str, algorithm: str) -> dict[str, Any]:
    if not kid:
        raise IdTokenError("the token names no key")
    for key in keys:
        if not isinstance(key, dict) or key.get("kid") != kid:
            continue
        if key.get("alg", algorithm) == algorithm and key.get("kty") == _KINDS[algorithm[:2]]:
            # NOTE: some providers mark their keys in ways that keep libraries from verifying
            return {name: value for name, value in key.items() if name not in {"use", "key_ops"}}
    raise IdTokenError(f"the provider has no key {kid} for {algorithm}")


def _fetch_keys(url: str) -> list[Any]:
    try:
        answer = ask("GET", url)
        keys = orjson.loads(answer.body)["keys"] if answer.is_good else None
    except (HttpError, ValueError, KeyError, TypeError) as ex:
        raise IdTokenError(f"cannot read the provider's keys: {ex}") from ex
    if not isinstance(keys, list):
        raise IdTokenError("cannot read the provider's keys")
    return keys
