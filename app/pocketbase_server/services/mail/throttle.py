"""How often the same letter may go to the same record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.counters import Counters

if TYPE_CHECKING:
    from pathlib import Path

PAUSE: Final = 120
"""Seconds between two letters of one kind to one record."""
FILE: Final = ".letters"


class Throttle:
    """Remembers who was written to lately; workers share what they remember."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def take(self, *key: str) -> bool:
        """Tell whether a letter may go now; if so, the next one has to wait."""
        return self._counters.hit("\n".join(key), 1, PAUSE)

    def release(self, *key: str) -> None:
        """Let the next letter go at once: the last one failed, or has done its work."""
        self._counters.forget("\n".join(key))

    def close(self) -> None:
        """Let go of the counts."""
        self._counters.close()


def make_throttle(folder: Path, *, is_alone: bool) -> Throttle:
    """Return the throttle of the server on *folder*: in a file there unless it is one process."""
    return Throttle(Counters(None if is_alone else folder / FILE))
