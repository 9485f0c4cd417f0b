"""How often something secret was guessed at."""

from __future__ import annotations

import threading
import time
from typing import Final

WINDOW: Final = 180.0
ALLOWED: Final = 5
_MOST: Final = 100_000


class Attempts:
    """Counts attempts by what is guessed at, whoever guesses."""

    def __init__(self, allowed: int = ALLOWED, window: float = WINDOW) -> None:
        self._allowed = allowed
        self._window = window
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int]] = {}

    def take(self, key: str) -> bool:
        """Count one more attempt; False when there were too many within the window."""
        now = time.monotonic()
        with self._lock:
            until, count = self._seen.get(key, (0.0, 0))
            if until <= now:
                until, count = now + self._window, 0
                self._forget(now)
            self._seen[key] = (until, count + 1)
        return count < self._allowed

    def _forget(self, now: float) -> None:
        if len(self._seen) >= _MOST:
            self._seen = {key: seen for key, seen in self._seen.items() if seen[0] > now}
