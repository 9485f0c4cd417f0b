"""The table of single values that belong to the application itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.inline import inline_mode

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine

_READ: Final = "SELECT `value` FROM `_params` WHERE `id` = ?"
_UPDATED: Final = "SELECT `updated` FROM `_params` WHERE `id` = ?"
_WRITE: Final = """INSERT INTO `_params` (`id`, `value`, `created`, `updated`) VALUES (?, ?, ?, ?)
ON CONFLICT (`id`) DO UPDATE SET `value` = excluded.`value`, `updated` = excluded.`updated`"""


def read_param(engine: Engine, name: str) -> bytes | str | None:
    """Return the stored value called *name*: bytes, text, or None when there is none."""
    # NOTE: one row by its key is worth waiting for, also where a slow machine made it look slow
    with inline_mode(is_active=False):
        row = engine.one(_READ, (name,))
    return None if row is None else row[0]


def param_updated(engine: Engine, name: str) -> str:
    """Return the moment when the value called *name* was written last, "" when there is none."""
    row = engine.one(_UPDATED, (name,))
    return "" if row is None else str(row[0])


def write_param(engine: Engine, name: str, value: bytes | str, now: str) -> None:
    """Store *value* under *name*; *now* is the moment written beside it."""
    engine.run(_WRITE, (name, value, now, now))
