"""Inline mode: this thread must not wait, because everybody waits for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 10_000


class _Mode(threading.local):
    active = False


MODE: Final = _Mode()
"""`MODE.active` of the current thread; set it directly where a context manager costs too much."""


@contextmanager
def inline_mode() -> Iterator[None]:
    """Run the block so that database work raises `WouldBlock` instead of waiting or dawdling."""
    before = MODE.active
    MODE.active = True
    try:
        yield
    finally:
        MODE.active = before


class Speeds:
    """Which statements were slow lately, by text: threads in inline mode keep away from them."""

    __slots__ = ("_limit", "_slow", "_weight")

    def __init__(self, limit: float = 0.003, weight: float = 0.2) -> None:
        self._limit = limit
        self._weight = weight
        self._slow: dict[str, float] = {}

    def is_slow(self, sql: str) -> bool:
        """Tell whether the statement's recent runs are over the limit; an unknown one is not."""
        return self._slow.get(sql, 0.0) > self._limit

    def note(self, sql: str, seconds: float) -> None:
        """Take one run into account."""
        known = self._slow.get(sql)
        # PERF: what was always quick leaves no trace, so the usual case is one look-up
        if known is None:
            # NOTE: on a pool thread most of a few milliseconds may be waiting for other threads
            if seconds > (self._limit if MODE.active else self._limit * 8):
                self._remember(sql, seconds)
            return
        mean = known + (seconds - known) * self._weight
        if mean < self._limit / 4:
            self._slow.pop(sql, None)
        else:
            self._slow[sql] = mean

    def _remember(self, sql: str, seconds: float) -> None:
        if len(self._slow) >= _MOST:
            self._slow.clear()
        self._slow[sql] = seconds
