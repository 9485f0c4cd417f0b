"""One or more of a list of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import range_issue
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import FieldContext, ListField, ValueIssue
from pocketbase_server.kit.text import sentence

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class SelectField(ListField):
    """A choice among `values`."""

    type: ClassVar[str] = "select"

    values: list[str] = field(default_factory=list)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse unknown values and too many."""
        chosen = self.items(record.get(self.name))
        if not chosen:
            return REQUIRED if self.required else None
        limit = max(self.max_select, 1)
        if len(chosen) > limit:
            message = f"Select no more than {limit}."
            return Issue("validation_too_many_values", message, {"maxSelect": limit})
        values = self.values
        return next((_unknown(item) for item in chosen if item not in values), None)

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse no values, and more choices than there are values."""
        return {
            "values": None if self.values else REQUIRED,
            "maxSelect": range_issue(self.max_select, 0, max(len(self.values), 1)),
        }


def _unknown(value: str) -> Issue:
    return Issue("validation_invalid_value", sentence(f"Invalid value {value}"), {"value": value})
