"""Rich text: HTML as given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class EditorField(Field):
    """HTML of an editor, kept as given."""

    type: ClassVar[str] = "editor"
    WIRE: ClassVar[Mapping[str, str]] = {"convert_urls": "convertURLs"}

    max_size: int = 0
    convert_urls: bool = False

    def normalise(self, raw: Any) -> Any:
        """Return the text."""
        return to_text(raw)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is too long."""
        return self.required_issue(record.get(self.name))
