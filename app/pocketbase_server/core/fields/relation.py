"""Links to records of another collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import at_least
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import FieldContext, ListField, ValueIssue

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

_MISSING_RECORDS = Issue(
    "validation_missing_rel_records",
    "Failed to find all relation records with the provided ids.",
)
_NO_COLLECTION = Issue(
    "validation_field_relation_missing_collection", "The relation collection doesn't exist."
)
_MISSING_COLLECTION = Issue(
    "validation_missing_rel_collection", "Relation connection is missing or cannot be accessed."
)
_VIEW = Issue(
    "validation_relation_field_non_view_base_collection",
    "Only view collections are allowed to have relations to other views.",
)


@dataclass(slots=True)
class RelationField(ListField):
    """One id, or several, of records of `collection_id`."""

    type: ClassVar[str] = "relation"

    collection_id: str = ""
    cascade_delete: bool = False
    min_select: int = 0

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:
        """Refuse ids of records that do not exist, too few and too many."""
        ids = self.items(record.get(self.name))
        if not ids:
            return REQUIRED if self.required else None
        return self._count_issue(len(ids)) or self._existence_issue(ids, context)

    def _count_issue(self, count: int) -> Issue | None:
        if count < self.min_select:
            message, params = f"Select at least {self.min_select}.", {"minSelect": self.min_select}
            return Issue("validation_not_enough_values", message, params)
        limit = max(self.max_select, 1)
        if count > limit:
            message, params = f"Select no more than {limit}.", {"maxSelect": limit}
            return Issue("validation_too_many_values", message, params)
        return None

    def _existence_issue(self, ids: list[str], context: FieldContext) -> Issue | None:
        target = context.find_collection(self.collection_id)
        if target is None:
            return _MISSING_COLLECTION
        found = context.existing_ids(target.id, ids)
        return None if len(found) == len(ids) else _MISSING_RECORDS

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:
        """Refuse a missing collection and numbers of links that cannot be met."""
        return {
            "collectionId": self._collection_issue(context, collection),
            "minSelect": at_least(0) if self.min_select < 0 else None,
            "maxSelect": self._max_issue(),
        }

    def _collection_issue(self, context: FieldContext, collection: Collection) -> Issue | None:
        if not self.collection_id:
            return REQUIRED
        target = context.find_collection(self.collection_id)
        if target is None or target.id != self.collection_id:
            return _NO_COLLECTION
        return _VIEW if target.is_view and not collection.is_view else None

    def _max_issue(self) -> Issue | None:
        if self.min_select > 0 and self.max_select == 0:
            return REQUIRED
        low = max(self.min_select, 0)
        return at_least(low) if self.max_select < low else None
