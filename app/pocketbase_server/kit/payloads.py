"""Bodies in JSON, and forms that carry JSON in one of their fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pocketbase_server.kit.form_values import MergeError, from_pairs, merge
from pocketbase_server.kit.json import JsonError, is_valid, loads_strict

PAYLOAD: Final = "@jsonPayload"
"""The form field whose value is JSON that is merged into the body."""

_MANY: Final = 1 << 20
"""Beyond this size a body's values are counted before they are made."""


class PayloadError(ValueError):
    """What should be a JSON object is none, or does not fit what it is merged into."""


def read_object(data: bytes) -> dict[str, Any]:
    """Return the members of a JSON object; none for `null`. Raises `PayloadError`."""
    value = _json(data)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PayloadError
    return value


def _json(data: bytes) -> Any:
    # SECURITY: text becomes ten times its size in memory; so much of it is no record
    if len(data) > _MANY and data.count(b",") > _MANY:
        raise PayloadError
    try:
        return loads_strict(data)
    except JsonError as ex:
        raise PayloadError from ex


def read_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of a form with all its payloads merged in; raises `PayloadError`."""
    plain, payloads = split_pairs(pairs)
    body = from_pairs(plain)
    for more in payloads:
        # COMPAT: null takes away everything that came before it
        body = merged(body, more) if more is not None else {}
    return body


def split_pairs(
    pairs: Iterable[tuple[str, str]],
) -> tuple[list[tuple[str, str]], list[dict[str, Any] | None]]:
    """Return the fields of a form, and apart from them its payloads; raises `PayloadError`."""
    plain: list[tuple[str, str]] = []
    payloads: list[dict[str, Any] | None] = []
    for name, text in pairs:
        if name == PAYLOAD:
            payloads.append(_payload(text))
        else:
            plain.append((name, text))
    return plain, payloads


def merged(body: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Put *more* into *body* and return it; raises `PayloadError` when kinds do not fit."""
    try:
        return merge(body, more)
    except MergeError as ex:
        raise PayloadError from ex


def _payload(text: str) -> dict[str, Any] | None:
    body = None if text.strip(" \t\r\n") == "null" else read_object(text.encode())
    # COMPAT: unlike a JSON body, this must be nothing but the value
    if not is_valid(text):
        raise PayloadError
    return body
