"""Whether a page and its total had better be found at once: what was seen of a plan tells."""

from __future__ import annotations

from typing import Final

from pocketbase_server.core.rules.compile import MOST_COUNTED

_LONG: Final = 0.0002
"""Seconds that a page must take by itself before it may be worth to find both at once."""
_KEEPING: Final = 0.0000002
"""Seconds that it takes to set one record aside until all are found."""


class Pace:
    """How long pages of one plan take, found by themselves or counted on the way.

    To be told in seconds of the thread alone, because others may keep it waiting.
    """

    __slots__ = ("_alone", "_counted", "_is_sorted", "_total", "is_long")

    def __init__(self, *, is_sorted: bool) -> None:
        self.is_long = False
        """Whether the next page had better be counted on the way, when its total is wanted."""
        self._is_sorted = is_sorted
        self._alone = self._counted = 0.0
        self._total = 0

    @property
    def is_quicker_counted(self) -> bool:
        """Whether a page is found sooner with its total, even where nobody wants that."""
        return 0 < self._counted * 2 < self._alone

    def note_alone(self, seconds: float, total: int) -> None:
        """Take a page into account that was found without counting."""
        self._alone, self._total = seconds, total
        self._decide(seconds, total)

    def note_counted(self, seconds: float, total: int) -> None:
        """Take a page into account that was counted on the way."""
        self._counted = seconds
        # NOTE: the more records there are, the sooner a page is full, unless all must be sorted
        part = 1.0 if self._is_sorted else (self._total + 1) / (total + 1)
        self._decide(min(seconds, self._alone * part), total)

    def _decide(self, alone: float, total: int) -> None:
        self.is_long = total <= MOST_COUNTED and alone > _LONG + total * _KEEPING
