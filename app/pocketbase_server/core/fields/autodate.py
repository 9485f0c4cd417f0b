"""A moment that sets itself when its record is created or updated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class AutodateField(Field):
    """A moment set by the server; bodies cannot change it."""

    type: ClassVar[str] = "autodate"
    ABSENT: ClassVar[frozenset[str]] = frozenset({"help", "required"})

    on_create: bool = False
    on_update: bool = False

    def normalise(self, raw: Any) -> Any:
        """Return the moment in UTC; "" for what is none."""
        return to_text(raw)

    def set(self, record: Record, raw: Any) -> None:
        """Ignore what a body says."""

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Accept everything."""
        return None

    def intercept(self, record: Record, action: str, act: Callable[[], None]) -> None:
        """Set the moment before the record is written."""
        act()
