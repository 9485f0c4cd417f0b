"""Bodies to collections: what a caller sent goes over what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.auth_defaults import default_auth_options
from pocketbase_server.core.collections.auth_options import AuthOptions
from pocketbase_server.core.collections.defaults import (
    add_field,
    auth_fields,
    id_field,
    made_id,
)
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
        index_id = random_string(10, LOWER_ALPHANUMERIC)
        made.indexes = [*default_auth_indexes(index_id, "").values()]
    return made.export()


def collection_from_body(body: Mapping[str, Any]) -> Collection:
    """Return a new collection with the defaults of the type that *body* names, and *body* over them.

    Raises `BadRequestError` when a value has the wrong JSON type.
    """
    made = new_collection(_first_look(body, "type") or BASE, _first_look(body, "name"))
    if made.is_auth and made.name:
        # COMPAT: called after the id that its name gives, also when the body brings another
        made.indexes = [*default_auth_indexes(made_id(made), made.name).values()]
    load_body(made, body)
    return made


def _first_look(body: Mapping[str, Any], wanted: str) -> str:
    """Return what a new collection's *body* says of its name or type.

    COMPAT: these two count whatever the case of their names, once; all other keys are exact.
    """
    found = [value for key, value in body.items() if key.lower() == wanted]
    if len(found) > 1 or not all(isinstance(value, str | None) for value in found):
        raise BadRequestError(BAD_TYPE)
    return found[0] or "" if found else ""


def load_body(collection: Collection, body: Mapping[str, Any]) -> None:
    """Put what *body* holds over *collection*; keys that are not named stay.

    COMPAT: keys in another letter case are unknown, and unknown ones are ignored. Raises
    `BadRequestError` when a value has the wrong JSON type.
    """
    _load_texts(collection, body)
    if "system" in body:
        collection.system = _bool(body["system"])
    for attribute, wire in WIRE_RULES.items():
        if wire in body:
            setattr(collection, attribute, _text_or_none(body[wire]))
    if "indexes" in body:
        collection.indexes = _texts(body["indexes"])
    if "fields" in body:
        collection.fields = _fields(body["fields"])
        collection.forget_fields()
    _require_options(body)
    collection.set_options(body)


def collection_from_import(body: Mapping[str, Any]) -> Collection:
    """Return a new collection as `collection_from_body()` does, but all names of keys are exact."""
    kind = body.get("type")
    made = new_collection(kind if isinstance(kind, str) and kind else BASE)
    load_body(made, body)
    return made


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
