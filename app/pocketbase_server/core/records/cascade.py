"""What happens to relations when the record they point to is deleted."""

from __future__ import annotations

from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING

from pocketbase_server.core.errors import AppError
from pocketbase_server.core.fields import RelationField
from pocketbase_server.core.records.model import Record
from pocketbase_server.core.records.shape import shape
from pocketbase_server.storage.sql import rows as sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection

BATCH = 4000
"""How many referring records are held in memory at a time."""
MAX_NESTING = 20
"""How deep deletions may run inside each other; deeper ones wait, as Python's stack is short."""


class _Nesting(local):
    """The deletions under way in this thread."""

    depth: int = 0
    waiting: list[Record]


_NESTING = _Nesting()


class RequiredReferenceError(AppError):
    """A required relation of another record points to the record that was to be deleted."""


def release_references(app: App, record: Record, act: Callable[[], None]) -> None:
    """Run *act*, the deletion; after it, empty the relations that pointed to *record*, or cascade.

    Raises `RequiredReferenceError` when a required relation would be left empty.
    """
    fields = [
        (collection, field)
        for collection, found in app.collections.references(record.collection).items()
        if not collection.is_view
        for field in found
        if isinstance(field, RelationField)
    ]
    if not fields:
        act()
        return
    with app.data.transaction():
        act()
        with _nested(app):
            for collection, field in sorted(fields, key=lambda pair: pair[0].name):
                _release(app, record, collection, field)


@contextmanager
def _nested(app: App) -> Iterator[None]:
    """Run the block one level deeper; the outermost one then deletes those that had to wait."""
    if _NESTING.depth == 0:
        _NESTING.waiting = []
    _NESTING.depth += 1
    try:
        yield
        while _NESTING.depth == 1 and _NESTING.waiting:
            _delete_if_there(app, _NESTING.waiting.pop())
    finally:
        _NESTING.depth -= 1


def _delete_if_there(app: App, record: Record) -> None:
    found = app.records.get(record.collection, record.id)
    if found is not None:
        app.records.delete(found)


def _release(app: App, record: Record, collection: Collection, field: RelationField) -> None:
    query = sql.referring(
        collection.name, shape(collection).names, field.name, is_multiple=field.is_multiple
    )
    last = ""
    while True:
        rows = app.data.all(query, (record.id, last, BATCH))
        for row in rows:
            holder = Record.from_row(collection, row)
            last = holder.id
            _release_one(app, holder, field, record.id)
        if len(rows) < BATCH:
            return


def _release_one(app: App, holder: Record, field: RelationField, gone: str) -> None:
    left = [one for one in field.items(holder.get(field.name)) if one != gone]
    if not left and field.cascade_delete:
        _delete_soon(app, holder)
    elif not left and field.required:
        raise RequiredReferenceError(
            "the record cannot be deleted because it is part of a required reference in record"
            f" {holder.id} ({holder.collection.name} collection)"
        )
    else:
        # NOTE: unchecked, as another relation of it may point to what is deleted just now
        holder.set(field.name, left)
        app.records.update_unchecked(holder)


def _delete_soon(app: App, record: Record) -> None:
    if _NESTING.depth > MAX_NESTING:
        _NESTING.waiting.append(record)
    else:
        app.records.delete(record)
