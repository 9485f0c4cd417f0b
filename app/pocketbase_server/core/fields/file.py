"""Names of files kept beside the record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

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
_THUMB = compile_pattern(r"^\d+x\d+(?:t|b|f)?(?:\.(?:webp|avif))?$")
"""A size, and perhaps the format that thumbs of that size are to have."""


_ALIAS = re.compile(r"(\d*)x(\d*)(!?)(\.(?:webp|avif))?\Z", re.ASCII)


def plain_thumb(size: str) -> str:
    """Return a thumb size as it is kept: `100x100!`, `100x` and `x100` are other ways to write one."""
    found = _ALIAS.match(size)
    if found is None or not (found[1] or found[2]):
        return size
    return f"{found[1] or 0}x{found[2] or 0}{found[4] or ''}"


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

    def to_db(self, value: Any) -> Any:
        """Return a JSON array, or the text; uploads are stored as the names they will be kept under."""
        if not self.is_multiple:
            return _name(value)
        return orjson.dumps([_name(item) for item in value]).decode() if value else "[]"

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse names that the record did not have before, too many files, and unfit uploads."""
        items = self.items(record.get(self.name))
        if not items:
            return REQUIRED if self.required else None
        uploads = [item for item in items if isinstance(item, Upload)]
        strange = self._strange(record, items)
        if strange:
            return _strange_issue(strange)
        limit = max(self.max_select, 1)
        if len(items) > limit:
            message = f"The maximum allowed files is {limit}."
            return Issue("validation_too_many_files", message, {"maxSelect": limit})
        return next((issue for upload in uploads if (issue := self.upload_issue(upload))), None)

    def _strange(self, record: Record, items: list[Any]) -> list[str]:
        """Return the names that the record's file field did not hold before."""
        names = [item for item in items if not isinstance(item, Upload)]
        if not names:
            return []
        # NOTE: of what the record was loaded with, and of what was saved since
        known = [self.items((held or {}).get(self.name, "")) for held in _held(record)]
        return [name for name in names if not any(name in names_held for names_held in known)]

    def upload_issue(self, upload: Upload) -> Issue | None:
        """Return why the field does not take an upload, or None."""
        limit = self.max_size or DEFAULT_MAX_SIZE
        if upload.size > limit:
            message = (
                f"Failed to upload {upload.name} - the maximum allowed file size is {limit} bytes."
            )
            params = {"file": upload.name, "maxSize": limit}
            return Issue("validation_file_size_limit", message, params)
        return mime_issue(upload, self.mime_types) if self.mime_types else None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse numbers out of bounds and thumb sizes that are none."""
        thumbs = {str(at): _thumb_issue(size) for at, size in enumerate(self.thumbs)}
        return {
            "maxSelect": range_issue(self.max_select, 0),
            "maxSize": range_issue(self.max_size, 0),
            "thumbs": {at: issue for at, issue in thumbs.items() if issue},
        }


def mime_issue(upload: Upload, wanted: list[str]) -> Issue | None:
    """Return the issue of an upload whose content is of none of the *wanted* types."""
    if upload.type.is_any_of(wanted):
        return None
    message = f'"{upload.file_name}" mime type must be one of: {", ".join(wanted)}.'
    return Issue("validation_invalid_mime_type", message)


def _name(value: Any) -> Any:
    return value.file_name if isinstance(value, Upload) else value


def _held(record: Record) -> tuple[Any, ...]:
    return record.original, record.stored


def _strange_issue(items: list[str]) -> Issue:
    names = [_shortened(name) for name in items]
    message = sentence(f"Invalid new files: [{' '.join(names)}]")
    return Issue("validation_invalid_file", message, {"invalidFiles": names})


def _shortened(name: str) -> str:
    return name.encode()[:_LONGEST_SHOWN].decode(errors="ignore")


def _thumb_issue(size: str) -> Issue | None:
    if size in _NO_THUMBS:
        return NOT_IN_INVALID
    return MATCH_INVALID if size and not _THUMB.matches(size) else None
