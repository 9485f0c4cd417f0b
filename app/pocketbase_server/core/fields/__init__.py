"""[plug-in room] Field types, one file each; `FIELD_TYPES` is the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocketbase_server.core.fields.autodate import AutodateField
from pocketbase_server.core.fields.base import Field, FieldContext, Intercepts, ListField
from pocketbase_server.core.fields.bool import BoolField
from pocketbase_server.core.fields.date import DateField
from pocketbase_server.core.fields.editor import EditorField
from pocketbase_server.core.fields.email import EmailField
from pocketbase_server.core.fields.file import FileField
from pocketbase_server.core.fields.geo_point import GeoPointField
from pocketbase_server.core.fields.json import JsonField
from pocketbase_server.core.fields.number import NumberField
from pocketbase_server.core.fields.password import PasswordField
from pocketbase_server.core.fields.relation import RelationField
from pocketbase_server.core.fields.select import SelectField
from pocketbase_server.core.fields.text import TextField
from pocketbase_server.core.fields.url import UrlField
from pocketbase_server.core.options import refuse_body

FIELD_TYPES: dict[str, type[Field]] = {
    kind.type: kind
    for kind in (
        TextField,
        EditorField,
        NumberField,
        BoolField,
        EmailField,
        UrlField,
        DateField,
        AutodateField,
        SelectField,
        FileField,
        RelationField,
        JsonField,
        GeoPointField,
        PasswordField,
    )
}


def load_field(raw: Mapping[str, Any]) -> Field:
    """Make a field from its JSON object.

    Raises `BadRequestError` for an unknown type or an option of the wrong JSON type.
    """
    name = raw.get("type")
    kind = FIELD_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise refuse_body()
    return kind.load(raw)


__all__ = [
    "FIELD_TYPES",
    "AutodateField",
    "BoolField",
    "DateField",
    "EditorField",
    "EmailField",
    "Field",
    "FieldContext",
    "FileField",
    "GeoPointField",
    "Intercepts",
    "JsonField",
    "ListField",
    "NumberField",
    "PasswordField",
    "RelationField",
    "SelectField",
    "TextField",
    "UrlField",
    "load_field",
]
