"""Bodies to collections: what a caller sent goes over what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.auth_defaults import default_auth_options
from pocketbase_server.core.collections.auth_options import AuthOptions
from pocketbase_server.core.collections.defaults import add_field, auth_fields, id_field
from pocketbase_server.core.collections.indexes import default_auth_indexes
from pocketbase_server.core.collections.model import AUTH, BASE, VIEW, WIRE_RULES, Collection
from pocketbase_server.core.collections.view_options import ViewOptions
from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.fields import load_field
from pocketbase_server.core.options import refuse_body
from pocketbase_server.kit.dates import parse_date
from pocketbase_server.kit.ids import LOWER_ALPHANUMERIC, random_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.core.fields import Field

BAD_TYPE = "Failed to load the collection type data due to invalid formatting."
_KEYS = ("id", "name", "type", "system", "fields", "indexes", "created", "updated")
_WIRE = (*_KEYS, *WIRE_RULES.values())


def new_collection(type: str = BASE, name: str = "") -> Collection:
    """Return a collection with the defaults of its type, to be filled and created."""
    made = Collection(type=type, name=name)
    if type in {BASE, AUTH}:
        made.fields = [id_field()]
    if type == AUTH:
        made.fields += auth_fields()
        made.auth = default_auth_options()
    elif type == VIEW:
        made.view = ViewOptions()
    return made


def scaffold(type: str) -> dict[str, Any]:
    """Return what the dashboard starts a new collection from: its export, nothing saved."""
    made = new_collection(type)
    if type == AUTH:
        made.indexes = default_auth_indexes(random_string(10, LOWER_ALPHANUMERIC), "")
    return made.export()


def collection_from_body(body: Mapping[str, Any]) -> Collection:
    """Return a new collection with the defaults of the type that *body* names, and *body* over them.

    Raises `BadRequestError` when a value has the wrong JSON type.
    """
    plain = _plain(body)
    kind = plain.get("type")
    if not all(isinstance(plain.get(key), str | None) for key in ("type", "name")):
        raise BadRequestError(BAD_TYPE)
    made = new_collection(kind or BASE)
    _load(made, plain)
    return made


def load_body(collection: Collection, body: Mapping[str, Any]) -> None:
    """Put what *body* holds over *collection*; keys that are not named stay.

    COMPAT: names of keys count whatever their case; unknown ones are ignored. Raises
    `BadRequestError` when a value has the wrong JSON type.
    """
    _load(collection, _plain(body))


def collection_from_import(body: Mapping[str, Any]) -> Collection:
    """Return a new collection as `collection_from_body()` does, but with exact names of keys."""
    kind = body.get("type")
    made = new_collection(kind if isinstance(kind, str) and kind else BASE)
    load_import(made, body)
    return made


def load_import(collection: Collection, body: Mapping[str, Any]) -> None:
    """Put what *body* holds over *collection* as `load_body()` does, but with exact names of keys."""
    _load(collection, body)


def _load(collection: Collection, plain: Mapping[str, Any]) -> None:
    _load_texts(collection, plain)
    if "system" in plain:
        collection.system = _bool(plain["system"])
    for attribute, wire in WIRE_RULES.items():
        if wire in plain:
            setattr(collection, attribute, _text_or_none(plain[wire]))
    if "indexes" in plain:
        collection.indexes = _texts(plain["indexes"])
    if "fields" in plain:
        collection.fields = _fields(plain["fields"])
        collection.forget_fields()
    _require_options(plain)
    collection.set_options(plain)


def _require_options(plain: Mapping[str, Any]) -> None:
    """Raise `BadRequestError` for a wrong JSON type even in an option of another type."""
    AuthOptions().merge(dict(plain))
    ViewOptions().merge(dict(plain))


def _load_texts(collection: Collection, plain: Mapping[str, Any]) -> None:
    for key, blank in (("id", ""), ("name", ""), ("type", BASE)):
        if key in plain:
            setattr(collection, key, _text_or_none(plain[key]) or blank)
    for key in ("created", "updated"):
        if key in plain:
            setattr(collection, key, parse_date(_text_or_none(plain[key]) or ""))


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return *body* with the keys of collections spelt as the API spells them."""
    known = {wire.lower(): wire for wire in _WIRE}
    plain: dict[str, Any] = {}
    for key, value in body.items():
        plain[known.get(key.lower(), key)] = value
    return plain


def _text_or_none(raw: Any) -> str | None:
    if raw is not None and not isinstance(raw, str):
        raise refuse_body()
    return raw


def _bool(raw: Any) -> bool:
    if raw is None:
        return False
    if not isinstance(raw, bool):
        raise refuse_body()
    return raw


def _texts(raw: Any) -> list[str]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise refuse_body()
    return [_text_or_none(item) or "" for item in raw]


def _fields(raw: Any) -> list[Field]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise refuse_body()
    fields: list[Field] = []
    for item in raw:
        if not isinstance(item, dict):
            raise refuse_body()
        add_field(fields, load_field(item))
    return fields
