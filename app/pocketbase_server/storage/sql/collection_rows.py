"""The statements on `_collections`, the table in which collections describe themselves."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = (
    "id",
    "system",
    "type",
    "name",
    "fields",
    "indexes",
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
    "options",
    "created",
    "updated",
)
"""The columns in the order of the table; rows given and taken have this order."""

_NAMES = ", ".join(f"`{c}`" for c in COLUMNS)

SELECT_ALL: Final = f"SELECT {_NAMES} FROM `_collections` ORDER BY `rowid` ASC"
INSERT: Final = f"INSERT INTO `_collections` ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"
UPDATE: Final = (
    f"UPDATE `_collections` SET {', '.join(f'`{c}` = ?' for c in COLUMNS)} WHERE `id` = ?"
)
DELETE: Final = "DELETE FROM `_collections` WHERE `id` = ?"
