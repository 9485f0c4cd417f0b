"""Indexes that exist in SQLite but are unknown to their collection become known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pocketbase_server.services.migrations.system.stored import (
    store_collection,
    stored_collections,
)
from pocketbase_server.storage.sql.editor import SchemaEditor

if TYPE_CHECKING:
    from pocketbase_server.app import App

_NAME: Final = re.compile(
    r"INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:\w+\s*\.\s*)?[`\"\[']?(\w+)", re.IGNORECASE
)


def normalize_indexes(app: App) -> None:
    """Add stray indexes to the lists of their collections; lists with indexes count as changed."""
    editor = SchemaEditor(app.data)
    for collection in stored_collections(app.data):
        if collection.system or collection.is_view:
            continue
        known = {_name(statement) for statement in collection.indexes}
        there = editor.indexes(collection.name)
        collection.indexes += [sql for name, sql in there.items() if name.lower() not in known]
        if collection.indexes:
            store_collection(app.data, collection)


def _name(statement: str) -> str:
    found = _NAME.search(statement)
    return found[1].lower() if found else ""
