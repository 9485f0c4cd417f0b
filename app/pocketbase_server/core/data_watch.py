"""Noticing that another process has changed the database."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.errors import DatabaseError, WouldBlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App

LOOK_EVERY: Final = 0.2
"""Seconds between two looks, where nobody needs to know sooner."""


class DataWatch:
    """Whether what a store keeps in memory may be older than `data.db`.

    Once `monotonic()` is past `due`, it is time for a `look()`; never before the first `rest()`.
    """

    __slots__ = ("_app", "_every", "_version", "due")

    def __init__(self, app: App, *, every: float | None = None) -> None:
        self._app = app
        self._every = LOOK_EVERY if every is None else every
        self._version = 0
        self.due = inf

    def rest(self) -> None:
        """Put the next look off."""
        self.due = monotonic() + self._every

    def begin(self) -> None:
        """Take note of the state that is about to be read."""
        self._version = self._app.data.data_version()

    def look(self, read: Callable[[], bool]) -> bool:
        """Call *read* when another process has changed the data; tell whether that made a difference.

        Data that cannot be read now are looked at again. Raises `WouldBlock` as *read* does.
        """
        self.rest()
        data = self._app.data
        if not data.is_open or data.in_transaction:
            return False
        version = data.data_version()
        if version == self._version:
            return False
        try:
            is_new = read()
        except WouldBlock:
            self.due = 0.0
            raise
        except DatabaseError:
            return False
        self._version = version
        return is_new
