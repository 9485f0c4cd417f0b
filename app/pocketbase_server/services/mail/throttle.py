"""How often the same letter may go to the same record."""

from __future__ import annotations

import threading
import time
from typing import Final

PAUSE: Final = 120.0
"""Seconds between two letters of one kind to one record."""
_MOST: Final = 10_000


class Throttle:
    """Remembers who was written to lately."""

    def __init__(self, pause: float = PAUSE) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._until: dict[tuple[str, ...], float] = {}

    def take(self, *key: str) -> bool:
        """Tell whether a letter may go now; if so, the next one has to wait."""
        now = time.monotonic()
        with self._lock:
            if self._until.get(key, 0.0) > now:
                return False
            if len(self._until) >= _MOST:
                self._until = {k: until for k, until in self._until.items() if until > now}
            self._until[key] = now + self._pause
        return True

    def release(self, *key: str) -> None:
        """Let the next letter go at once: the last one failed, or has done its work."""
        with self._lock:
            self._until.pop(key, None)
