"""What a new data directory gets and an older one is missing, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pocketbase_server.services.migrations.system.alert_templates import update_alert_templates
from pocketbase_server.services.migrations.system.init import create_system_collections
from pocketbase_server.services.migrations.system.normalize_indexes import normalize_indexes
from pocketbase_server.storage.sql.system_tables import create_collections_index

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App


class SystemMigration(NamedTuple):
    """One step; `file` is the name the reference notes for it."""

    file: str
    up: Callable[[App], None]


def _nothing(app: App) -> None:
    """Change nothing: the step only mattered to directories we refuse, or is done elsewhere."""


def _index_collections(app: App) -> None:
    create_collections_index(app.data)


SYSTEM_MIGRATIONS: Final = (
    SystemMigration("1640988000_aux_init.go", _nothing),
    SystemMigration("1640988000_init.go", create_system_collections),
    SystemMigration("1717233556_v0.23_migrate.go", _nothing),
    SystemMigration("1717233557_v0.23_migrate2.go", _index_collections),
    SystemMigration("1717233558_v0.23_migrate3.go", _nothing),
    SystemMigration("1717233559_v0.23_migrate4.go", _nothing),
    SystemMigration("1763020353_update_default_auth_alert_templates.go", update_alert_templates),
    SystemMigration("1778828400_normalize_indexes.go", normalize_indexes),
)
"""Every step, oldest first."""
