"""Large JSON bodies, looked at before they become objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.fields import JsonField
from pocketbase_server.core.fields.json import DEFAULT_MAX_SIZE
from pocketbase_server.core.values import JsonRaw
from pocketbase_server.kit.json import JsonError, loads_strict

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection

LARGE = 1 << 20
"""Bytes up to which a body is simply parsed."""
MANY = 100_000
"""Commas beyond which a list or object is more than any field but a large json field takes."""

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def parse_record_body(data: bytes, collection: Collection) -> dict[str, Any]:
    """Return a JSON body; values that their fields refuse for their size are not made into objects.

    Raises `BadRequestError` when the body is malformed, or holds a list that no field takes.
    """
    # SECURITY: 30 MB of `[1,1,1,…` would become hundreds of MB, only to be refused
    try:
        parts = _parts(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as ex:
        raise BadRequestError from ex
    return {key: _value(bytes(raw), _json_limit(collection, key)) for key, raw in parts.items()}


def _json_limit(collection: Collection, key: str) -> int:
    """Return how many bytes the value of a json field may have; 0 for other keys."""
    field = collection.field(key)
    if not isinstance(field, JsonField):
        return 0
    return field.max_size or DEFAULT_MAX_SIZE


def _value(raw: bytes, limit: int) -> Any:
    if limit and len(raw) > limit and len(_compact(raw)) > limit:
        return _too_large(limit)
    if not limit and raw[:1] in {b"[", b"{"} and raw.count(b",") > MANY:
        raise BadRequestError
    try:
        return loads_strict(raw)
    except JsonError as ex:
        raise BadRequestError from ex


def _compact(raw: bytes) -> bytes:
    return msgspec.json.format(raw, indent=-1)


def _too_large(limit: int) -> JsonRaw:
    """Return a stand-in for JSON over the limit, which the field refuses as the real one."""
    return JsonRaw(f'"{" " * limit}"')
