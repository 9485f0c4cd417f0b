"""Which migrations were applied, and when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pocketbase_server.storage.sql.migration_rows import (
    add_applied,
    applied_files,
    create_history,
    remove_applied,
)

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine


class History:
    """The applied migrations of one data directory, system and user ones alike."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def prepare(self) -> None:
        """Make the table of the history when it is missing."""
        create_history(self._engine)

    def files(self) -> list[str]:
        """Return the names of the applied migrations, oldest first."""
        return applied_files(self._engine)

    def add(self, file: str) -> None:
        """Note that a migration was applied now."""
        add_applied(self._engine, file, time.time_ns() // 1000)

    def remove(self, file: str) -> None:
        """Forget that a migration was applied."""
        remove_applied(self._engine, file)
