"""Brings a data directory to the shape this version works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.migrations.history import History
from pocketbase_server.services.migrations.system import SYSTEM_MIGRATIONS, SystemMigration
from pocketbase_server.storage.sql.editor import SchemaEditor
from pocketbase_server.storage.sql.system_tables import create_logs

if TYPE_CHECKING:
    from pocketbase_server.app import App


def run_system_migrations(app: App) -> list[str]:
    """Apply the system migrations that are missing, all or none, and return their names."""
    # NOTE: not tied to the history: a damaged auxiliary database was set aside and starts anew
    if not SchemaEditor(app.auxiliary).has_table("_logs"):
        create_logs(app.auxiliary)
    if not _missing(app):
        return []
    with app.data.transaction():
        missing = _missing(app)  # asked again: another process may have been quicker
        history = History(app.data)
        history.prepare()
        for migration in missing:
            migration.up(app)
            history.add(migration.file)
    return [migration.file for migration in missing]


def _missing(app: App) -> list[SystemMigration]:
    """Return the system migrations that were not applied yet."""
    if not SchemaEditor(app.data).has_table("_migrations"):
        return list(SYSTEM_MIGRATIONS)
    applied = set(History(app.data).files())
    return [migration for migration in SYSTEM_MIGRATIONS if migration.file not in applied]


def forget_missing(app: App) -> None:
    """Forget the applied migrations that are neither ours nor in the folder of migrations."""
    folder = app.config.migrations_dir
    known = {migration.file for migration in SYSTEM_MIGRATIONS}
    known |= {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    history = History(app.data)
    with app.data.transaction():
        for file in history.files():
            if file not in known:
                history.remove(file)
