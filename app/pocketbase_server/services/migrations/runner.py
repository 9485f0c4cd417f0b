"""Brings a data directory to the shape this version works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.migrations.history import History
from pocketbase_server.services.migrations.system import SYSTEM_MIGRATIONS
from pocketbase_server.storage.sql.editor import SchemaEditor
from pocketbase_server.storage.sql.system_tables import create_logs

if TYPE_CHECKING:
    from pocketbase_server.app import App


def run_system_migrations(app: App) -> list[str]:
    """Apply the system migrations that are missing, all or none, and return their names."""
    # NOTE: not tied to the history: a damaged auxiliary database was set aside and starts anew
    if not SchemaEditor(app.auxiliary).has_table("_logs"):
        create_logs(app.auxiliary)
    history = History(app.data)
    if SchemaEditor(app.data).has_table("_migrations"):
        applied = set(history.files())
        missing = [migration for migration in SYSTEM_MIGRATIONS if migration.file not in applied]
    else:
        missing = list(SYSTEM_MIGRATIONS)
    if missing:
        with app.data.transaction():
            history.prepare()
            for migration in missing:
                migration.up(app)
                history.add(migration.file)
    return [migration.file for migration in missing]
