"""Files of records: stored before their row is, removed after their row no longer names them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import local
from typing import TYPE_CHECKING, Any, NamedTuple

from pocketbase_server.core.errors import BadRequestError, OffloadError
from pocketbase_server.core.fields.file import FileField
from pocketbase_server.kit.upload import Upload
from pocketbase_server.storage.files.base import FileMissingError, FileStoreError
from pocketbase_server.storage.files.local import LocalStore
from pocketbase_server.storage.pending import Note, PendingWork
from pocketbase_server.storage.sql import rows as sql
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.hooks.events import CollectionEvent
    from pocketbase_server.core.records.model import Record

ORIGINAL = "original-filename"
ERROR = 8


class ServedFile(NamedTuple):
    """A file of a store, and the name it has for whoever gets it."""

    key: str
    name: str


def file_fields(collection: Collection) -> tuple[FileField, ...]:
    """Return the fields of a collection that hold files."""
    known: tuple[FileField, ...] | None = collection.cache.get("file fields")
    if known is None:
        known = tuple(field for field in collection.fields if isinstance(field, FileField))
        collection.cache["file fields"] = known
    return known


def folder_of(collection: Collection, record_id: str) -> str:
    """Return what the keys of a record's files begin with, a slash at the end."""
    return f"{collection.id}/{record_id}/"


class _Work:
    """What one transaction does to files."""

    __slots__ = ("added", "gone", "is_bound", "note")

    def __init__(self, note: Note) -> None:
        self.note = note
        self.added: list[str] = []
        self.gone: list[str] = []
        self.is_bound = False
        """Whether a transaction will tell us how it ended."""


class _Thread(local):
    work: _Work | None = None
    ahead: dict[str, Upload] | None = None
    """Uploads that are stored already, for records still to be written."""


class RecordFiles:
    """Keeps the files of records in step with their rows, whatever fails in between."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.pending = PendingWork(app.dir.pending)
        self._thread = _Thread()
        app.hooks.collection_delete_execute.bind(
            self._delete_collection, id="__pbCollectionFiles__", priority=-99
        )

    # -- saving

    def save(self, record: Record, go_on: Callable[[], None]) -> None:
        """Store the uploads in *record*, then run *go_on*, the write; undo both or none.

        Files that the row no longer names are removed once that is committed.
        """
        fields = file_fields(record.collection)
        if not fields or not self._is_concerned(record, fields):
            go_on()
            return
        self._offload()
        values = {field.name: record.get(field.name) for field in fields}
        work = self._thread.work or _Work(self.pending.note())
        added = self._put(work, record, fields)
        try:
            with self._app.data.transaction():
                self._bind(work)
                before = self._stored_names(record, fields)
                go_on()
                self._release(work, record, before - _names(record, fields))
        except BaseException:
            record.values.update(values)
            self._undo(work, added)
            raise

    @staticmethod
    def _is_concerned(record: Record, fields: tuple[FileField, ...]) -> bool:
        if record.is_new:
            return any(_uploads(record, field) for field in fields)
        return any(record.is_changed(field.name) for field in fields)

    def _offload(self) -> None:
        if MODE.active and self._app.files.storage.is_remote:
            raise OffloadError

    def _put(self, work: _Work, record: Record, fields: tuple[FileField, ...]) -> list[str]:
        """Store the uploads and return their keys; when one fails, all are removed again."""
        folder = folder_of(record.collection, record.id)
        uploads = {
            folder + upload.file_name: upload
            for field in fields
            for upload in _uploads(record, field)
        }
        added = list(uploads)
        work.note.add(*added)
        try:
            for key, upload in uploads.items():
                if not self._is_ahead(key, upload):
                    self._store(key, upload)
        except FileStoreError as ex:
            self._undo(work, added)
            raise UploadFailedError("failed to upload all files") from ex
        except BaseException:
            self._undo(work, added)
            raise
        work.added += added
        return added

    def _store(self, key: str, upload: Upload) -> None:
        self._app.files.storage.put(key, upload, {ORIGINAL: upload.name})

    @contextmanager
    def ahead(self, uploads: Mapping[str, Upload]) -> Iterator[None]:
        """Store uploads under their keys before the block that saves their records.

        What no record has taken over when the block ends is removed again.
        """
        if not uploads:
            yield
            return
        self._offload()
        left = dict(uploads)
        note = self.pending.note()
        note.add(*left)
        try:
            self._store_all(left)
            self._thread.ahead = left
            yield
        finally:
            self._thread.ahead = None
            self._finish(note, list(left))

    def _store_all(self, uploads: Mapping[str, Upload]) -> None:
        try:
            for key, upload in uploads.items():
                self._store(key, upload)
        except FileStoreError as ex:
            raise UploadFailedError("failed to upload all files") from ex

    def _is_ahead(self, key: str, upload: Upload) -> bool:
        """Take over an upload that is stored already; return whether it is."""
        ahead = self._thread.ahead
        if ahead is None or ahead.get(key) is not upload:
            return False
        del ahead[key]
        return True

    def _stored_names(self, record: Record, fields: tuple[FileField, ...]) -> set[str]:
        """Return the names of files that the row has now."""
        if record.is_new:
            return set()
        query = sql.select(record.collection.name, tuple(field.name for field in fields))
        row = self._app.data.one(query, (record.id,))
        if row is None:
            return set()
        pairs = zip(fields, row, strict=True)
        return {name for field, stored in pairs for name in field.items(field.from_db(stored))}

    def _release(self, work: _Work, record: Record, names: Iterable[str]) -> None:
        """Have files removed once the transaction is committed."""
        folder = folder_of(record.collection, record.id)
        gone = [folder + name for name in names]
        work.note.add(*gone)
        work.gone += gone

    # -- deleting

    def delete(self, record: Record, go_on: Callable[[], None]) -> None:
        """Run *go_on*, the deletion; the record's files are removed once that is committed."""
        fields = file_fields(record.collection)
        if not fields or not self._has_files(record, fields):
            go_on()
            return
        self._offload()
        self._delete_folder(folder_of(record.collection, record.id), go_on)

    def _has_files(self, record: Record, fields: tuple[FileField, ...]) -> bool:
        store = self._app.files.storage
        if isinstance(store, LocalStore):
            return store.path(folder_of(record.collection, record.id)[:-1]).exists()
        return bool(_names(record, fields))

    def _delete_collection(self, event: CollectionEvent) -> None:
        if event.collection.is_view:
            event.next()
            return
        self._delete_folder(f"{event.collection.id}/", event.next)

    def _delete_folder(self, folder: str, go_on: Callable[[], None]) -> None:
        with self._app.data.transaction():
            go_on()
            work = self._thread.work or _Work(self.pending.note())
            self._bind(work)
            work.note.add(folder)
            work.gone.append(folder)

    # -- afterwards

    def _bind(self, work: _Work) -> None:
        """Let the open transaction tell *work* how it ended."""
        if work.is_bound:
            return
        work.is_bound = True
        self._thread.work = work
        data = self._app.data
        data.after_commit(lambda: self._committed(work))
        data.after_rollback(lambda: self._rolled_back(work))

    def _committed(self, work: _Work) -> None:
        self._thread.work = None
        if work.gone and self.pending.is_frozen:
            # NOTE: a backup is being made; it will look for our note when it is done
            work.note.let_go()
        elif work.gone and self._app.files.storage.is_remote:
            self._app.files.later(lambda: self._finish(work.note, work.gone))
        else:
            self._finish(work.note, work.gone)

    def _rolled_back(self, work: _Work) -> None:
        self._thread.work = None
        self._finish(work.note, work.added)

    def _undo(self, work: _Work, added: list[str]) -> None:
        """Remove what one save has stored; the work goes on when others take part in it."""
        work.added = [key for key in work.added if key not in added]
        if work.is_bound:
            self._remove(added)
        else:
            self._finish(work.note, added)

    def _finish(self, note: Note, keys: list[str]) -> None:
        if self._remove(keys):
            note.tear_up()
        else:
            note.let_go()

    def _remove(self, keys: Iterable[str]) -> bool:
        """Remove files and folders of files; return whether all are gone."""
        is_done = True
        for key in keys:
            try:
                remove_files(self._app, key)
            except FileStoreError as ex:
                is_done = False
                self._app.logs.write(ERROR, "a file could not be removed", {"error": str(ex)})
        return is_done

    # -- after a crash

    def recover_soon(self) -> None:
        """Finish what processes that died have begun; nobody waits for files that are far away."""
        if self._app.files.storage.is_remote:
            self._app.files.later(self.recover)
        else:
            self.recover()

    def recover(self) -> None:
        """Finish what processes that died have begun: remove files that no row names."""
        for note, keys in self.pending.abandoned():
            if self.pending.is_frozen:
                note.let_go()
                return
            wanted = [key for key in keys if not self._is_needed(key)]
            self._tidy(keys)
            self._finish(note, wanted)

    def _tidy(self, keys: list[str]) -> None:
        store = self._app.files.storage
        if isinstance(store, LocalStore):
            for folder in {key.rpartition("/")[0] for key in keys}:
                store.delete_unfinished(folder)

    def _is_needed(self, key: str) -> bool:
        """Tell whether a row names the file, or is there when the key is a folder."""
        place, _, rest = key.partition("/")
        collection = self._app.collections.get(place)
        if collection is None or collection.id != place or collection.is_view:
            return False
        record_id, _, name = rest.partition("/")
        if not record_id:
            return True
        record = self._app.records.get(collection, record_id)
        if record is None:
            return False
        return not name or name in _names(record, file_fields(collection))


class UploadFailedError(BadRequestError):
    """The uploaded files could not be stored."""

    default_message = "Failed to upload all files."


def remove_files(app: App, key: str) -> None:
    """Remove a file with its thumbs, or all below a key that ends in a slash; fine if gone."""
    store = app.files.storage
    if key.endswith("/"):
        store.delete_prefix(key)
        return
    with suppress(FileMissingError):
        store.delete(key)
    folder, _, name = key.rpartition("/")
    store.delete_prefix(f"{folder}/thumbs_{name}/")


def add_uploads(
    body: Mapping[str, Any], files: Mapping[str, list[Upload]], collection: Collection
) -> dict[str, Any]:
    """Return *body* with the uploads for the collection's file fields; others are left out.

    COMPAT: uploads are added to what the body says under the same key; those under the name of a field
    take the place of what the body wants added to it.
    """
    done = dict(body)
    for field in file_fields(collection):
        name = field.name
        if name in files:
            done = {key: done[key] for key in done if key not in _modifiers(name)}
            done[name] = [*field.read(done.get(name)), *files[name]]
        if f"+{name}" in files:
            done[f"+{name}"] = [*files[f"+{name}"], *field.read(body.get(f"+{name}"))]
        if f"{name}+" in files:
            done[f"{name}+"] = [*field.read(body.get(f"{name}+")), *files[f"{name}+"]]
    return done


def put_uploads(
    body: Mapping[str, Any], files: Mapping[str, list[Upload]], collection: Collection
) -> dict[str, Any]:
    """Return *body* with the uploads in place of what it says under the same keys, as in a batch."""
    done = dict(body)
    # COMPAT: files are no values for other fields, so they become blank
    done.update((field.name, None) for field in collection.fields if field.name in files)
    for field in file_fields(collection):
        for key in (field.name, *_modifiers(field.name)):
            if key in files:
                done[key] = list(files[key])
    return done


def _modifiers(name: str) -> tuple[str, str, str]:
    return f"+{name}", f"{name}+", f"{name}-"


def name_uploads(record: Record) -> None:
    """Let the names stand for the uploads in *record*, once these are stored."""
    for field in file_fields(record.collection):
        value = record.values.get(field.name)
        if _uploads(record, field):
            record.values[field.name] = named(value)


def has_upload(value: Any) -> bool:
    """Tell whether a value is an upload, or a list with one."""
    if value.__class__ is list:
        return any(item.__class__ is Upload for item in value)
    return value.__class__ is Upload


def named(value: Any) -> Any:
    """Return a value with names in place of uploads."""
    if isinstance(value, list):
        return [named(item) for item in value]
    return value.file_name if isinstance(value, Upload) else value


def _uploads(record: Record, field: FileField) -> list[Upload]:
    value = record.values.get(field.name)
    if value.__class__ is str:
        return []
    return [item for item in field.items(value) if isinstance(item, Upload)]


def _names(record: Record, fields: tuple[FileField, ...]) -> set[str]:
    return {named(item) for field in fields for item in field.items(record.get(field.name))}
