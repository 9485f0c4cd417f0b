"""Inline mode: this thread must not wait, because everybody waits for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 10_000
_LONGEST_WAIT: Final = 60.0


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
    """Which statements were slow lately, by text: threads in inline mode keep away from them.

    A slow one is tried inline again after a while, less and less often while it stays slow: on a pool
    thread most of a few milliseconds may be waiting for other threads, so nothing seen there can tell
    whether it has become quick.
    """

    __slots__ = ("_limit", "_slow", "_wait")

    def __init__(self, limit: float = 0.003, wait: float = 0.25) -> None:
        self._limit = limit
        self._wait = wait
        self._slow: dict[str, _Slow] = {}

    def is_slow(self, sql: str) -> bool:
        """Tell whether to keep away from a statement now; from an unknown one not."""
        # PERF: what was always quick leaves no trace, so the usual case is one look-up
        slow = self._slow.get(sql)
        if slow is None:
            return False
        now = monotonic()
        if now < slow.retry_at:
            return True
        slow.retry_at = now + slow.wait
        return False

    def note(self, sql: str, seconds: float) -> None:
        """Take one run into account."""
        slow = self._slow.get(sql)
        if slow is None:
            if seconds > (self._limit if MODE.active else self._limit * 8):
                self._remember(sql)
        elif seconds < self._limit / 4 or (MODE.active and seconds <= self._limit):
            self._slow.pop(sql, None)
        elif MODE.active:
            slow.wait = min(slow.wait * 2, _LONGEST_WAIT)
            slow.retry_at = monotonic() + slow.wait

    def _remember(self, sql: str) -> None:
        if len(self._slow) >= _MOST:
            self._slow.clear()
        # NOTE: the first time may have been the machine's fault: it counts from the second on
        self._slow[sql] = _Slow(self._wait, 0.0)


class _Slow:
    __slots__ = ("retry_at", "wait")

    def __init__(self, wait: float, retry_at: float) -> None:
        self.wait = wait
        """Seconds until it is tried again."""
        self.retry_at = retry_at
