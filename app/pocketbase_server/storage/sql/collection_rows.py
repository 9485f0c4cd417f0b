"""The statements on `_collections`, the table in which collections describe themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine

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

_OPTIONS: Final = "SELECT id, options FROM `_collections` WHERE type = ? ORDER BY rowid"
_SET_OPTIONS: Final = "UPDATE `_collections` SET options = ?, updated = ? WHERE id = ?"
_INDEXES: Final = (
    "SELECT id, name, indexes FROM `_collections`"
    " WHERE NOT system AND type != 'view' ORDER BY rowid"
)
_SET_INDEXES: Final = "UPDATE `_collections` SET indexes = ?, updated = ? WHERE id = ?"


def read_options(engine: Engine, type: str) -> list[tuple[str, str]]:
    """Return `(id, options)` of all collections of a type."""
    return [(id_, options) for id_, options in engine.all(_OPTIONS, (type,))]


def write_options(engine: Engine, collection_id: str, options: str, now: str) -> None:
    """Store the options of a collection past all checks."""
    engine.run(_SET_OPTIONS, (options, now, collection_id))


def read_indexes(engine: Engine) -> list[tuple[str, str, str]]:
    """Return `(id, name, indexes)` of all collections with a table, system ones left out."""
    return [(id_, name, indexes) for id_, name, indexes in engine.all(_INDEXES)]


def write_indexes(engine: Engine, collection_id: str, indexes: str, now: str) -> None:
    """Store the indexes of a collection past all checks."""
    engine.run(_SET_INDEXES, (indexes, now, collection_id))
