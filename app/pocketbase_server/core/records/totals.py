"""Totals that took long, kept until something is written."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.storage.sql.engine import Engine

_SLOW: Final = 0.0005
"""Seconds from which a total is worth keeping."""
_MAX_KEPT: Final = 256

Key = tuple[str, str]


class _Thread(threading.local):
    """What one thread keeps: which version of the database its totals are of, and the totals."""

    def __init__(self) -> None:
        self.version = -1
        self.totals: dict[Key, int] = {}


class Totals:
    """Counts rows; a count that took long is not made twice of one state of the database.

    Every thread keeps its own, because a connection knows only for itself what it has seen.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = _Thread()

    def count(self, sql: str, params: Sequence[Any]) -> int:
        """Return the one number that a query gives."""
        row = self._engine.one(sql, params)
        return int(row[0]) if row is not None else 0

    def lasting(self, sql: str, params: Sequence[Any]) -> int:
        """Return the number that a query gives until somebody writes, whatever the time."""
        version = self._engine.seen_version()
        if version is None:
            return self.count(sql, params)
        totals = self._of(version)
        # NOTE: as text, because True, 1 and 1.0 are equal but not the same beside texts
        key = (sql, repr(params))
        known = totals.get(key)
        if known is not None:
            return known
        began = perf_counter()
        total = self.count(sql, params)
        if perf_counter() - began > _SLOW:
            _keep(totals, key, total)
        return total

    def _of(self, version: int) -> dict[Key, int]:
        """Return what this thread knows about a version of the database."""
        thread = self._thread
        if thread.version != version:
            thread.version = version
            # NOTE: a new one: whoever counts at this moment keeps what he counts in the old one
            thread.totals = {}
        return thread.totals


def _keep(totals: dict[Key, int], key: Key, total: int) -> None:
    if len(totals) >= _MAX_KEPT:
        del totals[next(iter(totals))]
    totals[key] = total
