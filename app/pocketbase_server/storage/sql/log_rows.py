"""The statements on `_logs`, the table of the activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.storage.sql.engine import Engine

_INSERT: Final = (
    "INSERT INTO `_logs` (`id`, `level`, `message`, `data`, `created`) VALUES (?, ?, ?, ?, ?)"
)
_DELETE_BEFORE: Final = "DELETE FROM `_logs` WHERE `created` < ?"
_DELETE_ALL: Final = "DELETE FROM `_logs`"


class LogRow(NamedTuple):
    """One line of the log as it is stored; `data` is JSON."""

    id: str
    level: int
    message: str
    data: str
    created: str


def add_logs(engine: Engine, rows: Iterable[LogRow]) -> None:
    """Store lines, all or none."""
    engine.run_many(_INSERT, rows)


def delete_logs_before(engine: Engine, created: str) -> int:
    """Remove the lines older than a moment and return how many those were."""
    return engine.run(_DELETE_BEFORE, (created,))


def delete_logs(engine: Engine) -> int:
    """Remove every line and return how many those were."""
    return engine.run(_DELETE_ALL)
