"""Any JSON value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.core.values import JsonRaw
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class JsonField(Field):
    """JSON text, kept as it is."""

    type: ClassVar[str] = "json"
    KIND: ClassVar[ColumnKind] = ColumnKind.JSON

    max_size: int = 0

    def zero(self) -> Any:
        """Return null."""
        return JsonRaw("null")

    def is_blank(self, value: Any) -> bool:
        """Tell whether the value is null, "", [] or {}."""
        return bool(value.is_empty())

    def normalise(self, raw: Any) -> Any:
        """Return the value as JSON text; a string that is JSON counts as what it says."""
        return raw if isinstance(raw, JsonRaw) else JsonRaw(orjson.dumps(raw).decode())

    def from_db(self, stored: Any) -> Any:
        """Return the stored text."""
        return JsonRaw("null" if stored is None else str(stored))

    def to_db(self, value: Any) -> Any:
        """Return the text."""
        return value.text

    def export_value(self, value: Any) -> Any:
        """Return the text as a ready piece of JSON."""
        return orjson.Fragment(value.text)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is no JSON or too long."""
        return self.required_issue(record.get(self.name))
