"""Indexes that exist in SQLite but are unknown to their collection become known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.collections.indexes import parse_index
from pocketbase_server.core.collections.sync import create_indexes, drop_indexes
from pocketbase_server.services.migrations.system.stored import (
    store_collection,
    stored_collections,
)
from pocketbase_server.storage.sql.editor import SchemaEditor

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection


def normalize_indexes(app: App) -> None:
    """Add stray indexes to the lists of their collections; lists with indexes count as changed."""
    editor = SchemaEditor(app.data)
    for collection in stored_collections(app.data):
        if collection.system or collection.is_view:
            continue
        _adopt_strays(editor, collection)
        if collection.indexes:
            store_collection(app.data, collection)


def _adopt_strays(editor: SchemaEditor, collection: Collection) -> None:
    """Let the collection know of all indexes of its table, and write those anew."""
    known = {parse_index(text).name.lower() for text in collection.indexes}
    found = (parse_index(text) for text in editor.indexes(collection.name).values())
    # NOTE: one that the parser cannot read works on in SQLite, unlisted
    strays = [index for index in found if index.is_valid and index.name.lower() not in known]
    if not strays:
        return
    drop_indexes(editor, collection)
    for index in strays:
        editor.drop_index(index.name)
    collection.indexes += [index.build() for index in strays]
    create_indexes(editor, collection)
