"""When to ask for a certificate, what to do when there is none to be had, and how long to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.serve.acme.cache import Progress

if TYPE_CHECKING:
    from pocketbase_server.serve.acme.cache import Cache
    from pocketbase_server.serve.acme.certificates import Certificate

_WAITS: Final = (60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0)
"""Seconds after the first failure, the second, …; the last again and again.

NOTE: Let's Encrypt counts five failed checks of a name in an hour, then refuses to look.
"""
_WAIT_AFTER_START: Final = 900.0
"""The most that a restart, by which people say "try again", has to wait."""
_WAIT_WHEN_LIMITED: Final = 3
"""As many failures an authority's "too many" stands for."""
_NAP: Final = 3600.0
"""The longest sleep, since clocks are set and machines sleep."""
_SHORTEST: Final = 0.1


@dataclass(slots=True, frozen=True)
class Wish:
    """What is wanted of whom."""

    names: tuple[str, ...]
    directory: str


class Renewer:
    """Keeps the certificate valid: `run()` asks for one whenever that is due."""

    def __init__(
        self,
        wish: Wish,
        cache: Cache,
        order: Callable[[Sequence[str]], bytes],
        *,
        on_new: Callable[[], object],
        say: Callable[[str], object],
    ) -> None:
        self._wish = wish
        self._cache = cache
        self._order = order
        self._on_new = on_new
        self._say = say
        self._said = ""
        self._has_tried = False

    def run(self, stop: threading.Event) -> None:
        """Go on until *stop* is set."""
        while not stop.is_set():
            seconds = self.step(time.time())
            stop.wait(min(max(seconds, _SHORTEST), _NAP))

    def step(self, now: float) -> float:
        """Ask for a certificate if that is due; return in how many seconds the next look is."""
        wait = self._due(now) - now
        if wait > 0:
            return wait
        self._has_tried = True
        try:
            self._renew(now)
        except Exception as ex:  # noqa: BLE001 - whatever happens, the next try comes later
            self._failed(str(ex) or type(ex).__name__, now, is_limit=_is_limit(ex))
        return max(self._due(now) - now, _SHORTEST)

    def _due(self, now: float) -> float:
        progress = self._cache.progress()
        due = self._wanted_at(self._cache.certificate(), progress)
        if not progress.failures or progress.names != self._wish.names:
            return due
        wait = _WAITS[min(progress.failures, len(_WAITS)) - 1]
        if not self._has_tried:
            wait = min(wait, _WAIT_AFTER_START)
        # NOTE: a clock that was put back must not make us wait for years
        return max(due, min(progress.failed_at, now) + wait)

    def _wanted_at(self, held: Certificate | None, progress: Progress) -> float:
        """Return when another certificate would be better than *held*."""
        if held is None or not held.covers(self._wish.names):
            return 0.0
        if progress.directory not in {"", self._wish.directory}:
            return 0.0
        return held.renewal_at().timestamp()

    def _renew(self, now: float) -> None:
        try:
            self._take(self._order(self._wish.names))
        except Exception as ex:
            rest = self._rest(getattr(ex, "names", frozenset()), now)
            if not rest:
                raise
            self._take(self._order(rest))
            self._failed(str(ex), now)
        else:
            self._cache.save_progress(Progress(self._wish.directory))

    def _rest(self, refused: frozenset[str], now: float) -> tuple[str, ...]:
        """Return the names that remain, if a certificate for them alone would help."""
        rest = tuple(name for name in self._wish.names if name not in refused)
        if not refused or not rest:
            return ()
        held = self._cache.certificate()
        # NOTE: names that cannot be had must not cost an order for the others at every try
        is_held = held is not None and held.covers(rest) and held.renewal_at().timestamp() > now
        return () if is_held else rest

    def _take(self, pem: bytes) -> None:
        self._cache.save_certificate(pem)
        progress = self._cache.progress()
        progress.directory = self._wish.directory
        self._cache.save_progress(progress)
        self._on_new()

    def _failed(self, reason: str, now: float, *, is_limit: bool = False) -> None:
        progress = self._cache.progress()
        before = progress.failures if progress.names == self._wish.names else 0
        failures = max(before + 1, _WAIT_WHEN_LIMITED + 1 if is_limit else 0)
        self._cache.save_progress(
            Progress(progress.directory, self._wish.names, failures, now, reason)
        )
        if reason != self._said:
            self._said = reason
            self._say(self._complaint(reason, _WAITS[min(failures, len(_WAITS)) - 1]))

    def _complaint(self, reason: str, wait: float) -> str:
        held = self._cache.certificate()
        missing = [n for n in self._wish.names if held is None or n not in held.names]
        what = f"no certificate for {', '.join(missing)}" if missing else "no new certificate"
        return f"{what}: {reason}. Next try in {round(wait / 60)} min"


def _is_limit(ex: Exception) -> bool:
    return bool(getattr(ex, "is_rate_limit", False))
