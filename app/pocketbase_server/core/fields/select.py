"""One or more of a list of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from pocketbase_server.core.fields.base import FieldContext, ListField, ValueIssue

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class SelectField(ListField):
    """A choice among `values`."""

    type: ClassVar[str] = "select"

    values: list[str] = field(default_factory=list)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse unknown values and too many."""
        return self.required_issue(record.get(self.name))
