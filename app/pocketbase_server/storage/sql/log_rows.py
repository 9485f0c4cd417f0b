"""The statements on `_logs`, the table of the activity log."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.dates import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pocketbase_server.storage.sql.engine import Engine

LogRow = tuple[int, str, str, float]
"""One line of the log: level, message, data as JSON, seconds since 1970."""

_INSERT: Final = "INSERT OR FAIL INTO `_logs` (`id`, `level`, `message`, `data`, `created`) VALUES "
# PERF: a statement runs without the interpreter's lock, so it should have many lines; a hundred are quicker
# than a thousand, whose program and values no longer fit into the processor's cache
_PORTIONS: Final = {size: _INSERT + ",".join(["(?,?,?,?,?)"] * size) for size in (128, 16, 1)}
_ID_BITS: Final = 24
"""What an id has of the second of its making: it grows by one in 60 ns, faster than lines can be stored."""
_SECOND: Final = 1_000_000_000
_DELETE_BEFORE: Final = "DELETE FROM `_logs` WHERE `created` < ?"
_DELETE_ALL: Final = "DELETE FROM `_logs`"


def add_logs(engine: Engine, rows: Sequence[LogRow]) -> None:
    """Store lines, all or none.

    Raises `DatabaseError`, also when another process has just made the same ids: others are made next time.
    """
    values = _values(rows)
    left = len(rows)
    with engine.transaction():
        for size, statement in _PORTIONS.items():
            for _ in range(left // size):
                engine.run(statement, [value for _ in range(size) for value in next(values)])
            left %= size


def _values(rows: Sequence[LogRow]) -> Iterator[tuple[str, int, str, str, str]]:
    """Return what is stored of each line."""
    # PERF: ids that grow with time land on the same few pages of their index; random ones, the column's
    # default, cost four times as much for the whole line
    number = (time_ns() << _ID_BITS) // _SECOND
    last, created = -1, ""
    for level, message, data, seconds in rows:
        milliseconds = int(seconds * 1000)
        if milliseconds != last:
            last, created = milliseconds, moment_of(milliseconds)
        number += 1
        yield f"r{number:014x}", level, message, data, created


def delete_logs_before(engine: Engine, created: str) -> int:
    """Remove the lines older than a moment and return how many those were."""
    return engine.run(_DELETE_BEFORE, (created,))


def delete_logs(engine: Engine) -> int:
    """Remove every line and return how many those were."""
    return engine.run(_DELETE_ALL)


def totals_by_hour(query: str) -> str:
    """Return the statement that counts the moments that *query* gives by their hour."""
    return (
        f"SELECT substr(`created`, 1, 13) AS `hour`, COUNT(*) FROM ({query})"
        " GROUP BY `hour` ORDER BY `hour`"
    )
