"""Plain text; also the primary key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text
from pocketbase_server.storage.sql.schema import ColumnKind, ColumnSpec

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record

DEFAULT_MAX = 5000


@dataclass(slots=True)
class TextField(Field):
    """One text, optionally limited in length and shape, or made up by a pattern."""

    type: ClassVar[str] = "text"

    min: int = 0
    max: int = 0
    pattern: str = ""
    autogenerate_pattern: str = ""
    primary_key: bool = False

    def column(self) -> ColumnSpec:
        """Return a text column, or the primary key."""
        return ColumnSpec(self.name, ColumnKind.PRIMARY_TEXT if self.primary_key else ColumnKind.TEXT)

    def normalise(self, raw: Any) -> Any:
        """Return the text."""
        return to_text(raw)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what breaks the limits, the pattern or the rules of primary keys."""
        value = record.get(self.name)
        return self.required_issue(value)
