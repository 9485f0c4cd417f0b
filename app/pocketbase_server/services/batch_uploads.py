"""Uploads of a batch that go far away before its transaction begins, so that nobody waits for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import AppError
from pocketbase_server.core.records.files import file_fields, folder_of, put_uploads
from pocketbase_server.core.records.form import Access, RecordForm
from pocketbase_server.core.records.model import Record
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.kit.ids import random_id
from pocketbase_server.services.record_crud import would_be
from pocketbase_server.storage.sql.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.file import FileField
    from pocketbase_server.kit.upload import Upload

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")
_DEFAULT_PATTERN: Final = "[a-z0-9]{15}"


@dataclass(slots=True)
class Coming:
    """A record that a batch is about to write, with files."""

    collection: Collection
    record_id: str
    """"" for a new record whose id is not known."""
    body: Mapping[str, Any]
    files: Mapping[str, list[Upload]]
    is_new: bool


@dataclass(slots=True)
class UploadsAhead:
    """What of a batch is stored ahead.

    That is only a matter of time: what is not stored ahead, for whatever reason, is stored when its record
    is written, and what no record has taken over in the end is removed.
    """

    app: App
    request: RequestInfo
    ids: dict[int, str] = field(default_factory=dict)
    """Ids for new records, by the index of their request."""
    _uploads: dict[str, Upload] = field(default_factory=dict)

    def add(self, index: int, coming: Coming) -> None:
        """Have the files of a record stored ahead if it looks as if it will be written."""
        if coming.collection.is_view or not coming.files:
            return
        uploads = self._fitting(coming)
        record_id = coming.record_id or self._new_id(coming.collection)
        if uploads and _ID.match(record_id) and self._may(coming):
            if not coming.record_id:
                self.ids[index] = record_id
            folder = folder_of(coming.collection, record_id)
            self._uploads |= {folder + upload.file_name: upload for upload in uploads}

    def stored(self) -> AbstractContextManager[None]:
        """Store the files for the block in which the records are written."""
        return self.app.record_files.ahead(self._uploads)

    def _fitting(self, coming: Coming) -> list[Upload]:
        """Return the uploads for fields that will take them; none when one will not."""
        found: list[Upload] = []
        for holder in file_fields(coming.collection):
            keys = (holder.name, f"+{holder.name}", f"{holder.name}+")
            uploads = [upload for key in keys for upload in coming.files.get(key, ())]
            if not holder.is_multiple:
                uploads = uploads[-1:]
            if not _takes(holder, uploads):
                return []
            found += uploads
        return found

    @staticmethod
    def _new_id(collection: Collection) -> str:
        key = collection.by_name["id"]
        pattern = getattr(key, "autogenerate_pattern", "")
        return random_id() if pattern == _DEFAULT_PATTERN else ""

    def _may(self, coming: Coming) -> bool:
        """Tell whether the caller may write the record, as far as can be said now.

        SECURITY: nobody shall make us store what he may not store.
        """
        request, collection = self.request, coming.collection
        rule = collection.create_rule if coming.is_new else collection.update_rule
        if request.is_superuser or rule == "":
            return True
        if rule is None:
            return False
        try:
            return self._matches(coming, rule)
        except (AppError, DatabaseError):
            return False

    def _matches(self, coming: Coming, rule: str) -> bool:
        queries, collection = self.app.queries, coming.collection
        body = put_uploads(coming.body, coming.files, collection)
        request = RequestInfo(
            method="POST" if coming.is_new else "PATCH",
            body=body,
            auth=self.request.auth,
            context="batch",
            ip=self.request.ip,
        )
        if not coming.is_new:
            return queries.matches(collection, coming.record_id, request, rule)
        form = RecordForm(Record(collection), Access.DEFAULT, self.app.passwords.verify)
        form.load(body)
        return queries.matches_unsaved(would_be(form.record), request, rule)


def _takes(holder: FileField, uploads: list[Upload]) -> bool:
    if len(uploads) > max(holder.max_select, 1):
        return False
    return not any(holder.upload_issue(upload) for upload in uploads)
