"""A moment that sets itself when its record is created or updated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.errors import Issue
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.core.fields.date import read_moment
from pocketbase_server.kit.dates import now, parse_date

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

_NEVER = Issue("validation_required", "Either onCreate or onUpdate must be enabled.")


@dataclass(slots=True)
class AutodateField(Field):
    """A moment set by the server; bodies cannot change it, code can by writing to `record.values`."""

    type: ClassVar[str] = "autodate"
    ABSENT: ClassVar[frozenset[str]] = frozenset({"help", "required"})

    on_create: bool = False
    on_update: bool = False

    def normalise(self, raw: Any) -> Any:
        """Return the moment in UTC; "" for what is none."""
        return parse_date(raw) if isinstance(raw, str) and raw else ""

    def from_db(self, stored: Any) -> Any:
        """Return the moment that is stored, whoever has written it there."""
        return read_moment(stored)

    def set(self, record: Record, raw: Any) -> None:
        """Ignore what a body says."""

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Accept everything."""
        return None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse a field that would never be set."""
        is_idle = not self.on_create and not self.on_update
        return {"onCreate": _NEVER, "onUpdate": _NEVER} if is_idle else {}

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that concern `intercept()`; it is not asked about others."""
        return ("create_execute", "update_execute")

    def intercept(self, record: Record, action: str, act: Callable[[], None]) -> None:
        """Set the moment before the record is written, unless code has set another one."""
        is_due = (action == "create_execute" and self.on_create) or (
            action == "update_execute" and self.on_update
        )
        if is_due and not self._was_set(record):
            record.values[self.name] = now()
        act()

    def _was_set(self, record: Record) -> bool:
        before, value = record.original, record.values.get(self.name, "")
        return bool(value != (before.get(self.name, "") if before else ""))
