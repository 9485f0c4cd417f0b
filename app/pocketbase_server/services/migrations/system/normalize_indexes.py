"""Indexes that exist in SQLite but are unknown to their collection become known."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit import json
from pocketbase_server.services.logs.entry import timestamp
from pocketbase_server.storage.sql.collection_rows import read_indexes, write_indexes
from pocketbase_server.storage.sql.editor import SchemaEditor

if TYPE_CHECKING:
    from pocketbase_server.app import App

_NAME: Final = re.compile(
    r"INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:\w+\s*\.\s*)?[`\"\[']?(\w+)", re.IGNORECASE
)


def normalize_indexes(app: App) -> None:
    """Add stray indexes to the lists of their collections; lists with indexes count as changed."""
    editor = SchemaEditor(app.data)
    for collection_id, table, text in read_indexes(app.data):
        listed: list[str] = json.loads(text)
        known = {_name(statement) for statement in listed}
        stray = [sql for name, sql in editor.indexes(table).items() if name.lower() not in known]
        if listed or stray:
            all_of_them = json.dumps([*listed, *stray]).decode()
            write_indexes(app.data, collection_id, all_of_them, timestamp(time.time()))


def _name(statement: str) -> str:
    found = _NAME.search(statement)
    return found[1].lower() if found else ""
