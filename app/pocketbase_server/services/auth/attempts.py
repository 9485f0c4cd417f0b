"""How often something secret was guessed at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.counters import Counters

if TYPE_CHECKING:
    from pocketbase_server.app import App

WINDOW: Final = 180
"""Seconds."""
ALLOWED: Final = 5
_FILE: Final = ".attempts"


class Attempts:
    """Counts attempts by what is guessed at, whoever guesses; workers share the counts."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._counters: Counters | None = None

    def take(self, key: str) -> bool:
        """Count one more attempt; False when there were too many within the window."""
        if self._counters is None:
            is_alone = self._app.config.workers <= 1
            self._counters = Counters(None if is_alone else self._app.dir.path / _FILE)
        return self._counters.hit(key, ALLOWED, WINDOW)

    def close(self) -> None:
        """Let go of the counts."""
        if self._counters is not None:
            self._counters.close()
