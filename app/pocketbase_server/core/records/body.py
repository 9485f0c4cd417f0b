"""Large JSON bodies, looked at before they become objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

_SPELLINGS = ("{}", "{}+", "+{}", "{}-", "{}Confirm")
"""How a body may name a field: plain, with a modifier, or as a password's repetition."""

Split = Callable[[bytes], Mapping[str, msgspec.Raw]]

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def parse_record_body(data: bytes, collection: Collection) -> dict[str, Any]:
    """Return a JSON body; values that their fields refuse for their size are not made into objects.

    Raises `BadRequestError` when the body is malformed, or holds a list that no field takes.
    """
    # SECURITY: 30 MB of `[1,1,1,…` would become hundreds of MB, only to be refused
    split = _known_parts(collection) if data.count(b'":') > MANY else _parts
    try:
        parts = split(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as ex:
        raise BadRequestError from ex
    return {key: _value(bytes(raw), _json_limit(collection, key)) for key, raw in parts.items()}


def _known_parts(collection: Collection) -> Split:
    """Return what finds the members of a body that have to do with fields, and skips the others."""
    # SECURITY: millions of unknown members would become objects, only to be ignored
    made: Split | None = collection.cache.get("known_parts")
    if made is None:
        names = [text.format(f.name) for f in collection.fields for text in _SPELLINGS]
        slots = {f"s{i}": name for i, name in enumerate(["oldPassword", *names])}
        kind = msgspec.defstruct("Body", [(s, msgspec.Raw, None) for s in slots], rename=slots)
        made = collection.cache["known_parts"] = _reader(kind, slots)
    return made


def _reader(kind: Any, slots: dict[str, str]) -> Split:
    decode = msgspec.json.Decoder(kind).decode

    def split(data: bytes) -> dict[str, msgspec.Raw]:
        body = decode(data)
        found = {name: getattr(body, slot) for slot, name in slots.items()}
        return {name: raw for name, raw in found.items() if raw is not None}

    return split


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
