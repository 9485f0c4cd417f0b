"""How each database engine says the same things: the one seam between SQL and everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.dialects.sqlite import SqliteDialect

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.dialects.base import Dialect

DIALECTS: Final[dict[str, type[Dialect]]] = {"sqlite": SqliteDialect}
"""Every dialect by its name."""
