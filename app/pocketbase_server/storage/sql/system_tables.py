"""The tables that belong to the application itself, in the very words of the reference.

COMPAT: SQLite keeps these texts, white space included, so they are not to be tidied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine

_ID: Final = "TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL"
_NOW: Final = "TEXT DEFAULT (strftime('%Y-%m-%d %H:%M:%fZ')) NOT NULL"

_PARAMS: Final = f"""CREATE TABLE `_params` (
\t\t\t`id`      {_ID},
\t\t\t`value`   JSON DEFAULT NULL,
\t\t\t`created` {_NOW},
\t\t\t`updated` {_NOW}
\t\t)"""

_COLLECTIONS: Final = f"""CREATE TABLE `_collections` (
\t\t\t\t`id`         {_ID},
\t\t\t\t`system`     BOOLEAN DEFAULT FALSE NOT NULL,
\t\t\t\t`type`       TEXT DEFAULT "base" NOT NULL,
\t\t\t\t`name`       TEXT UNIQUE NOT NULL,
\t\t\t\t`fields`     JSON DEFAULT "[]" NOT NULL,
\t\t\t\t`indexes`    JSON DEFAULT "[]" NOT NULL,
\t\t\t\t`listRule`   TEXT DEFAULT NULL,
\t\t\t\t`viewRule`   TEXT DEFAULT NULL,
\t\t\t\t`createRule` TEXT DEFAULT NULL,
\t\t\t\t`updateRule` TEXT DEFAULT NULL,
\t\t\t\t`deleteRule` TEXT DEFAULT NULL,
\t\t\t\t`options`    JSON DEFAULT "{{}}" NOT NULL,
\t\t\t\t`created`    {_NOW},
\t\t\t\t`updated`    {_NOW}
\t\t\t)"""
_COLLECTIONS_INDEX: Final = (
    "CREATE INDEX IF NOT EXISTS idx__collections_type on `_collections` (`type`)"
)

_LOGS_HOUR: Final = (
    "CREATE INDEX IF NOT EXISTS idx_logs_created_hour on `_logs`"
    " (strftime('%Y-%m-%d %H:00:00', `created`))"
)
_LOGS: Final = (
    f"""CREATE TABLE IF NOT EXISTS `_logs` (
\t\t\t\t\t`id`      {_ID},
\t\t\t\t\t`level`   INTEGER DEFAULT 0 NOT NULL,
\t\t\t\t\t`message` TEXT DEFAULT "" NOT NULL,
\t\t\t\t\t`data`    JSON DEFAULT "{{}}" NOT NULL,
\t\t\t\t\t`created` {_NOW}
\t\t\t\t)""",
    "CREATE INDEX IF NOT EXISTS idx_logs_level on `_logs` (`level`)",
    "CREATE INDEX IF NOT EXISTS idx_logs_message on `_logs` (`message`)",
    _LOGS_HOUR,
)

_STATISTICS: Final = (
    "PRAGMA analysis_limit = 100",
    "ANALYZE `_migrations`",
    "ANALYZE `_collections`",
    "PRAGMA analysis_limit = 0",
)


def create_params(engine: Engine) -> None:
    """Make the table of the settings."""
    engine.run(_PARAMS)


def create_collections(engine: Engine) -> None:
    """Make the table in which collections describe themselves."""
    engine.run(_COLLECTIONS)
    create_collections_index(engine)


def create_collections_index(engine: Engine) -> None:
    """Make the index on the type of collections when it is missing."""
    engine.run(_COLLECTIONS_INDEX)


def create_logs(engine: Engine) -> None:
    """Make the table of the logs, with its indexes, when it is missing."""
    for statement in _LOGS:
        engine.run(statement)


def create_statistics(engine: Engine) -> None:
    """Make the tables of SQLite's statistics.

    COMPAT: in the reference they come to be with the first collection, which shows in their place.
    """
    for statement in _STATISTICS:
        engine.run(statement)
