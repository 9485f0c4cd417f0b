"""A password: kept as a bcrypt hash, never shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class PasswordField(Field):
    """A bcrypt hash."""

    type: ClassVar[str] = "password"

    pattern: str = ""
    min: int = 0
    max: int = 0
    cost: int = 0

    def normalise(self, raw: Any) -> Any:
        """Return the text."""
        return to_text(raw)

    def export_value(self, value: Any) -> Any:  # noqa: ARG002
        """Return "": a password is never shown."""
        return ""

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is too short, too long or of the wrong shape."""
        return self.required_issue(record.get(self.name))

    def intercept(self, record: Record, action: str, act: Callable[[], None]) -> None:
        """Forget the plain text once the record is written."""
        act()
