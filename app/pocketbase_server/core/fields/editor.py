"""Rich text: HTML as given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import range_issue
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

DEFAULT_MAX_SIZE = 5 << 20


@dataclass(slots=True)
class EditorField(Field):
    """HTML of an editor, kept as given."""

    type: ClassVar[str] = "editor"
    WIRE: ClassVar[Mapping[str, str]] = {"convert_urls": "convertURLs"}

    max_size: int = 0
    """In bytes; 0 for 5 MB."""
    convert_urls: bool = False

    def normalise(self, raw: Any) -> Any:
        """Return the text."""
        return to_text(raw)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is too long."""
        value: str = record.get(self.name)
        if not value:
            return REQUIRED if self.required else None
        limit = self.max_size or DEFAULT_MAX_SIZE
        if len(value) * 4 > limit and len(value.encode()) > limit:
            message = f"The maximum allowed content size is {limit} bytes."
            return Issue("validation_content_size_limit", message, {"maxSize": limit})
        return None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse sizes out of bounds."""
        return {"maxSize": range_issue(self.max_size, 0)}
