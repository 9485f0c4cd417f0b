"""Names of files kept beside the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import MATCH_INVALID, NOT_IN_INVALID, range_issue
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import FieldContext, ListField, ValueIssue
from pocketbase_server.kit.cast import to_texts
from pocketbase_server.kit.regex import compile_pattern
from pocketbase_server.kit.text import sentence
from pocketbase_server.kit.upload import Upload

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

DEFAULT_MAX_SIZE = 5 << 20
_LONGEST_SHOWN = 250
_NO_THUMBS = frozenset({"0x0", "0x0t", "0x0b", "0x0f"})
_THUMB = compile_pattern(r"^\d+x\d+(?:t|b|f)?$")


@dataclass(slots=True)
class FileField(ListField):
    """One file name, or several."""

    type: ClassVar[str] = "file"

    max_size: int = 0
    """In bytes, of each file; 0 for 5 MB."""
    mime_types: list[str] = field(default_factory=list)
    thumbs: list[str] = field(default_factory=list)
    protected: bool = False

    def read(self, raw: Any) -> list[Any]:
        """Return names and uploads as a list of distinct items."""
        if isinstance(raw, Upload):
            return [raw]
        if isinstance(raw, (list, tuple)):
            return list(dict.fromkeys(item for part in raw for item in self.read(part)))
        return to_texts(raw)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse names that the record did not have before, and too many."""
        items = self.items(record.get(self.name))
        if not items:
            return REQUIRED if self.required else None
        before = record.original
        known = self.items(before.get(self.name, "")) if before else []
        strange = [item for item in items if item not in known]
        if strange:
            return _strange(strange)
        limit = max(self.max_select, 1)
        if len(items) > limit:
            message = f"The maximum allowed files is {limit}."
            return Issue("validation_too_many_files", message, {"maxSelect": limit})
        return None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse numbers out of bounds and thumb sizes that are none."""
        thumbs = {str(at): _thumb_issue(size) for at, size in enumerate(self.thumbs)}
        return {
            "maxSelect": range_issue(self.max_select, 0),
            "maxSize": range_issue(self.max_size, 0),
            "thumbs": {at: issue for at, issue in thumbs.items() if issue},
        }


def _strange(items: list[Any]) -> Issue:
    # NOTE: uploads are refused too, as long as there is nowhere to keep them
    names = [_shortened(item.name if isinstance(item, Upload) else item) for item in items]
    message = sentence(f"Invalid new files: [{' '.join(names)}]")
    return Issue("validation_invalid_file", message, {"invalidFiles": names})


def _shortened(name: str) -> str:
    return name.encode()[:_LONGEST_SHOWN].decode(errors="ignore")


def _thumb_issue(size: str) -> Issue | None:
    if size in _NO_THUMBS:
        return NOT_IN_INVALID
    return MATCH_INVALID if size and not _THUMB.matches(size) else None
