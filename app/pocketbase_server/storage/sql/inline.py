"""Inline mode: this thread must not wait, because everybody waits for it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 10_000
_LONGEST_WAIT: Final = 60.0
_WAITING: Final = 10
"""How many times the limit a run may take, however little of it was computing: disks are slow too."""


class _Mode(threading.local):
    active = False


MODE: Final = _Mode()
"""`MODE.active` of the current thread; set it directly where a context manager costs too much."""


@contextmanager
def inline_mode(*, is_active: bool = True) -> Iterator[None]:
    """Run the block so that database work raises `WouldBlock` instead of waiting or dawdling; or not so."""
    before = MODE.active
    MODE.active = is_active
    try:
        yield
    finally:
        MODE.active = before


class Speeds:
    """Which statements were slow lately, by text: threads in inline mode keep away from them.

    Whoever takes long is only suspected, since most of a few milliseconds may be waiting for a
    processor; the next run in inline mode is judged by the time it computes. A slow one is tried
    inline again after a while, less and less often while it stays slow: on a pool thread nothing
    can tell whether it has become quick.
    """

    __slots__ = ("_wait", "limit", "suspects")

    def __init__(self, limit: float = 0.0015, wait: float = 0.25) -> None:
        self.limit = limit
        """Seconds that a statement may take; of a quicker one nothing needs to be noted without suspects."""
        self._wait = wait
        self.suspects: dict[str, _Slow] = {}

    def is_slow(self, sql: str) -> bool:
        """Tell whether to keep away from a statement now; from an unknown one not."""
        # PERF: what was always quick leaves no trace, so the usual case is one look-up
        slow = self.suspects.get(sql)
        if slow is None:
            return False
        now = monotonic()
        if now < slow.retry_at:
            return True
        slow.retry_at = now + slow.wait
        slow.computed = thread_time()
        return False

    def note(self, sql: str, seconds: float) -> None:
        """Take one run into account."""
        slow = self.suspects.get(sql)
        if slow is None:
            if seconds > (self.limit if MODE.active else self.limit * 8):
                self._suspect(sql)
        elif not MODE.active:
            if seconds < self.limit / 4:
                self.suspects.pop(sql, None)
        elif seconds <= self.limit or (
            seconds < self.limit * _WAITING and thread_time() - slow.computed <= self.limit
        ):
            self.suspects.pop(sql, None)
        else:
            slow.wait = min(slow.wait * 2, _LONGEST_WAIT)
            slow.retry_at = monotonic() + slow.wait

    def _suspect(self, sql: str) -> None:
        if len(self.suspects) >= _MOST:
            self.suspects.clear()
        self.suspects[sql] = _Slow(self._wait)


class _Slow:
    __slots__ = ("computed", "retry_at", "wait")

    def __init__(self, wait: float) -> None:
        self.wait = wait
        """Seconds until it is tried again."""
        self.retry_at = 0.0
        self.computed = 0.0
        """Seconds that the thread had computed when the last run in inline mode began."""
