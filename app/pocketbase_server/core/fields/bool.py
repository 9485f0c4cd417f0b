"""True or false."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue, unblob
from pocketbase_server.kit.cast import to_bool
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class BoolField(Field):
    """A truth value; required means it must be true."""

    type: ClassVar[str] = "bool"
    KIND: ClassVar[ColumnKind] = ColumnKind.BOOL

    def zero(self) -> Any:
        """Return False."""
        return False

    def normalise(self, raw: Any) -> Any:
        """Return the truth value; anything unclear is False."""
        return to_bool(raw)

    def from_db(self, stored: Any) -> Any:
        """Return the stored 0 or 1 as a truth value."""
        # COMPAT: of all numbers only 1 is true
        return stored == 1 if isinstance(stored, (int, float)) else to_bool(unblob(stored))

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse False when required."""
        return self.required_issue(record.get(self.name)) if self.required else None
