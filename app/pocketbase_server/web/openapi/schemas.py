"""JSON schemas: of what every server has, and of one collection's records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Field

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}
ANY_OBJECT: Final[Schema] = {"type": "object"}


def obj(properties: Mapping[str, Any], *required: str) -> Schema:
    """Return the schema of an object."""
    made: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        made["required"] = list(required)
    return made


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def ref(name: str) -> Schema:
    """Return a reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def page_of(items: Schema) -> Schema:
    """Return the schema of a page of a list."""
    return obj(
        {
            "items": list_of(items),
            "page": {"type": "integer", "minimum": 1},
            "perPage": {"type": "integer", "minimum": 1},
            "totalItems": {"type": "integer", "minimum": -1},
            "totalPages": {"type": "integer", "minimum": -1},
        },
        "items",
        "page",
        "perPage",
        "totalItems",
        "totalPages",
    )


GENERAL: Final[Mapping[str, Schema]] = {
    "Error": obj(
        {
            "data": {
                "type": "object",
                "description": "Per field: code, message and parameters of what was refused.",
            },
            "message": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
        },
        "data",
        "message",
        "status",
    ),
    "MfaRequired": obj({"mfaId": TEXT}),
    "Field": obj(
        {
            "id": TEXT,
            "name": TEXT,
            "type": TEXT,
            "system": FLAG,
            "hidden": FLAG,
            "presentable": FLAG,
        }
    ),
    "Collection": obj(
        {
            "id": TEXT,
            "name": TEXT,
            "type": {"type": "string", "enum": ["base", "auth", "view"]},
            "system": FLAG,
            "fields": list_of(ref("Field")),
            "indexes": list_of(TEXT),
            **{
                f"{verb}Rule": {"type": ["string", "null"]}
                for verb in ("list", "view", "create", "update", "delete")
            },
            "created": TEXT,
            "updated": TEXT,
        }
    ),
    "Settings": ANY_OBJECT,
    "Log": obj({"id": TEXT, "created": TEXT, "data": ANY_OBJECT, "message": TEXT, "level": WHOLE}),
    "GeoPoint": obj({"lon": {"type": "number"}, "lat": {"type": "number"}}),
}


# -- records


def _choice(field: Any) -> Schema:
    return {"type": "string", "enum": [*dict.fromkeys([*field.values, ""])]}


def _one_or_many(one: Schema) -> Callable[[Any], Schema]:
    return lambda field: list_of(one) if field.is_multiple else one


_KINDS: Final[Mapping[str, Callable[[Any], Schema]]] = {
    "text": lambda _: TEXT,
    "editor": lambda _: {"type": "string", "contentMediaType": "text/html"},
    "number": lambda field: {"type": "integer" if field.only_int else "number"},
    "bool": lambda _: FLAG,
    "email": lambda _: TEXT,
    "url": lambda _: TEXT,
    "date": lambda _: {
        "type": "string",
        "description": "UTC: `2024-01-31 12:00:00.000Z`, or empty.",
    },
    "autodate": lambda _: {"type": "string", "description": "UTC, set by the server."},
    "select": lambda field: list_of(_choice(field)) if field.is_multiple else _choice(field),
    "relation": _one_or_many(TEXT),
    "file": _one_or_many(TEXT),
    "json": lambda _: {},
    "geoPoint": lambda _: ref("GeoPoint"),
    "password": lambda _: {"type": "string", "writeOnly": True},
}


def field_schema(field: Field) -> Schema:
    """Return the schema of one field's value."""
    made = _KINDS.get(field.type, lambda _: {})(field)
    target = getattr(field, "collection_id", "")
    return {**made, "description": f"Ids of `{target}`."} if field.type == "relation" else made


def record_name(collection: Collection) -> str:
    """Return the name of the schema of a collection's records."""
    return f"record.{collection.name}"


def form_name(collection: Collection) -> str:
    """Return the name of the schema of what creates or changes a record."""
    return f"form.{collection.name}"


def record_schema(collection: Collection, *, everything: bool) -> Schema:
    """Return the schema of records as they are answered; any key may be missing (`?fields=`)."""
    properties: dict[str, Any] = {
        "collectionId": {"const": collection.id},
        "collectionName": {"const": collection.name},
        "expand": {"type": "object", "description": "Related records, when asked for."},
    }
    for field in collection.fields:
        if field.type != "password" and (everything or not field.hidden):
            properties[field.name] = field_schema(field)
    return obj(dict(sorted(properties.items())))


def form_schema(collection: Collection, *, everything: bool) -> Schema:
    """Return the schema of a body that creates or changes a record."""
    properties: dict[str, Any] = {}
    for field in collection.fields:
        is_shown = everything or not field.hidden or field.type == "password"
        if field.type != "autodate" and is_shown and field.name != "tokenKey":
            properties[field.name] = field_schema(field)
    if collection.is_auth:
        properties["passwordConfirm"] = properties["oldPassword"] = _KINDS["password"](None)
    return obj(properties)


def upload_schema(collection: Collection, *, everything: bool) -> Schema:
    """Return the schema of a multipart form for a record: as `form_schema()`, with files."""
    made = form_schema(collection, everything=everything)
    binary: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
    for field in collection.fields:
        if field.type == "file" and field.name in made["properties"]:
            made["properties"][field.name] = _one_or_many(binary)(field)
    return made
