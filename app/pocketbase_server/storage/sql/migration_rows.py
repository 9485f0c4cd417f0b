"""The statements on `_migrations`, the table that says which migrations were applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine

_CREATE: Final = (
    "CREATE TABLE IF NOT EXISTS `_migrations`"
    " (file VARCHAR(255) PRIMARY KEY NOT NULL, applied INTEGER NOT NULL)"
)
_APPLIED: Final = "SELECT file FROM `_migrations` ORDER BY applied, file"
_INSERT: Final = "INSERT INTO `_migrations` (file, applied) VALUES (?, ?)"
_DELETE: Final = "DELETE FROM `_migrations` WHERE file = ?"


def create_history(engine: Engine) -> None:
    """Make the table when it is missing."""
    engine.run(_CREATE)


def applied_files(engine: Engine) -> list[str]:
    """Return the applied migrations, oldest first."""
    return [file for (file,) in engine.all(_APPLIED)]


def add_applied(engine: Engine, file: str, microseconds: int) -> None:
    """Note that a migration was applied at that moment (microseconds since 1970)."""
    engine.run(_INSERT, (file, microseconds))


def remove_applied(engine: Engine, file: str) -> None:
    """Forget that a migration was applied."""
    engine.run(_DELETE, (file,))
