"""Totals that took long, kept until something is written."""

from __future__ import annotations

import threading
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    """Knows totals; a count that took long is not made twice of one state of the database.

    Every thread keeps its own, because a connection knows only for itself what it has seen.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = _Thread()

    def lasting(self, sql: str, params: Sequence[Any], count: Callable[[], int]) -> int:
        """Return the number that a query gives until somebody writes; *count* asks it."""
        totals = self._now()
        if totals is None:
            return count()
        key = _key(sql, params)
        known = totals.get(key)
        if known is not None:
            return known
        began = perf_counter()
        total = count()
        if perf_counter() - began > _SLOW:
            _keep(totals, key, total)
        return total

    def kept(self, sql: str, params: Sequence[Any]) -> Kept:
        """Return what is known of the number that a query would give."""
        totals = self._now()
        key = _key(sql, params)
        return Kept(totals, key, None if totals is None else totals.get(key))

    def _now(self) -> dict[Key, int] | None:
        """Return what this thread knows about the database as it is; None inside a transaction."""
        version = self._engine.seen_version()
        return None if version is None else self._of(version)

    def _of(self, version: int) -> dict[Key, int]:
        """Return what this thread knows about a version of the database."""
        thread = self._thread
        if thread.version != version:
            thread.version = version
            # NOTE: a new one: whoever counts at this moment keeps what he counts in the old one
            thread.totals = {}
        return thread.totals


class Kept:
    """A total that may be known, and where to keep it when it is found in another way."""

    __slots__ = ("_key", "_totals", "total")

    def __init__(self, totals: dict[Key, int] | None, key: Key, total: int | None) -> None:
        self._totals = totals
        self._key = key
        self.total = total

    def keep(self, total: int) -> None:
        """Keep the total for as long as the database stays what it was."""
        if self._totals is not None:
            _keep(self._totals, self._key, total)


def _key(sql: str, params: Sequence[Any]) -> Key:
    # NOTE: as text, because True, 1 and 1.0 are equal but not the same beside texts
    return sql, repr(params)


def _keep(totals: dict[Key, int], key: Key, total: int) -> None:
    if len(totals) >= _MAX_KEPT:
        del totals[next(iter(totals))]
    totals[key] = total
