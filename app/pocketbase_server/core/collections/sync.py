"""Bringing a table into the shape of its collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.collections.indexes import INVALID_INDEX, creation_issue, parse_index
from pocketbase_server.core.errors import Issue, ValidationErrors
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.schema import TableChange, TableSpec

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.storage.sql.editor import SchemaEditor


def table_of(collection: Collection) -> TableSpec:
    """Return the table that stores the collection."""
    # NOTE: names may repeat in an import, which is refused only after it was stored
    columns = {f.name: f.column() for f in collection.fields}
    return TableSpec(collection.name, tuple(columns.values()))


def sync_table(editor: SchemaEditor, new: Collection, old: Collection | None) -> None:
    """Make, or change, the table and the indexes of *new*; inside the caller's transaction."""
    if old is None:
        editor.create_table(table_of(new))
        create_indexes(editor, new)
        return
    change = table_change(new, old)
    has_table_work = (
        bool(change.dropped or change.added or change.renamed or change.converted)
        or change.old_name != change.new_name
    )
    if not has_table_work and new.indexes == old.indexes:
        return
    drop_indexes(editor, old)
    if has_table_work:
        editor.alter(change)
    create_indexes(editor, new)


def table_change(new: Collection, old: Collection) -> TableChange:
    """Return how the table of *old* becomes that of *new*; fields are the same when their ids are."""
    change = TableChange(old.name, new.name, order=tuple(f.name for f in new.fields))
    before = {f.id: f for f in old.fields}
    after = {f.id for f in new.fields}
    change.dropped = [f.name for f in old.fields if f.id not in after]
    for field in new.fields:
        known = before.get(field.id)
        if known is None:
            change.added.append(field.column())
            continue
        if known.name != field.name:
            change.renamed[known.name] = field.name
        if known.is_multiple != field.is_multiple:
            change.converted[field.name] = (known.column(), field.column())
    return change


def drop_indexes(editor: SchemaEditor, collection: Collection) -> None:
    """Drop the indexes that the collection lists."""
    for text in collection.indexes:
        index = parse_index(text)
        if index.is_valid:
            editor.drop_index(index.name)


def create_indexes(editor: SchemaEditor, collection: Collection) -> None:
    """Make the indexes that the collection lists, in the normalised text.

    Raises `ValidationErrors` for those that the database refuses.
    """
    issues = {str(at): _make(editor, text) for at, text in enumerate(collection.indexes)}
    refused = {at: issue for at, issue in issues.items() if issue}
    if refused:
        raise ValidationErrors({"indexes": refused})


def _make(editor: SchemaEditor, text: str) -> Issue | None:
    """Make one index; returns why it could not be made, or None."""
    index = parse_index(text)
    if not index.is_valid:
        return INVALID_INDEX
    try:
        editor.create_index(index.build())
    except DatabaseError as ex:
        return creation_issue(index, ex)
    return None
