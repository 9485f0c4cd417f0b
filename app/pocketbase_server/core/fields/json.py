"""Any JSON value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from pocketbase_server.core.checks import range_issue
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.core.values import JsonRaw
from pocketbase_server.kit.cast import general
from pocketbase_server.kit.json import canonical_json, is_valid, sound_json
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

DEFAULT_MAX_SIZE = 1 << 20
NULL = JsonRaw("null")
_INVALID = Issue("validation_invalid_json", "Must be a valid json value.")


@dataclass(slots=True)
class JsonField(Field):
    """JSON text, kept as it is."""

    type: ClassVar[str] = "json"
    KIND: ClassVar[ColumnKind] = ColumnKind.JSON

    max_size: int = 0
    """In bytes; 0 for 1 MB."""

    def zero(self) -> Any:
        """Return null."""
        return NULL

    def is_blank(self, value: Any) -> bool:
        """Tell whether the value is null, "", [] or {}."""
        return bool(value.is_empty())

    def normalise(self, raw: Any) -> Any:
        """Return the value as JSON text; a string that is JSON counts as what it says."""
        if raw is None:
            return NULL
        if isinstance(raw, JsonRaw):
            return raw
        text = sound_json(raw) if raw.__class__ is dict or raw.__class__ is list else None
        return JsonRaw(canonical_json(raw)) if text is None else JsonRaw(text, is_sound=True)

    def from_db(self, stored: Any) -> Any:
        """Return the stored text, or the number that SQLite has made of it."""
        if stored is None:
            return NULL
        if isinstance(stored, float):
            # COMPAT: the reference prints these otherwise than numbers of number fields
            return JsonRaw(general(stored) if math.isfinite(stored) else _infinite(stored))
        return JsonRaw(_readable(stored))

    def to_db(self, value: Any) -> Any:
        """Return the text; SQL's NULL for a null that nobody wrote as text."""
        return None if value is NULL else value.text

    def export_value(self, value: Any) -> Any:
        """Return the text as a ready piece of JSON."""
        return orjson.Fragment(value.text)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is no JSON or too long."""
        value: JsonRaw = record.get(self.name)
        limit = self.max_size or DEFAULT_MAX_SIZE
        text = value.text
        if value is not NULL and len(text) * 4 > limit and len(text.encode()) > limit:
            message = f"The maximum allowed JSON size is {limit} bytes."
            return Issue("validation_json_size_limit", message, {"maxSize": limit})
        if not value.is_sound and value is not NULL and not is_valid(text):
            return _INVALID
        return REQUIRED if self.required and value.is_empty() else None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse sizes out of bounds."""
        return {"maxSize": range_issue(self.max_size, 0)}


def _infinite(stored: float) -> str:
    return '"+Inf"' if stored > 0 else '"-Inf"'


def _readable(stored: Any) -> str:
    """Return what SQL written by hand has left in the column as JSON, whatever it is."""
    text = stored.decode("utf-8", "replace") if isinstance(stored, bytes) else str(stored)
    json = canonical_json(text)
    # NOTE: what may be stored need not be JSON: the reference then answers with an empty body
    return json if json is text or is_valid(json) else canonical_json([text])[1:-1]
