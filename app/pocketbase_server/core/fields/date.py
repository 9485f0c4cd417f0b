"""A moment in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class DateField(Field):
    """A moment, `YYYY-MM-DD HH:MM:SS.mmmZ`."""

    type: ClassVar[str] = "date"

    min: str = ""
    max: str = ""

    def normalise(self, raw: Any) -> Any:
        """Return the moment in UTC; "" for what is none."""
        return to_text(raw)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse moments out of bounds."""
        return self.required_issue(record.get(self.name))
