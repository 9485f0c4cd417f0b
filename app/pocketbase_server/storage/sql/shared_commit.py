"""One commit for the quick writes of several requests.

PERF: beginning and committing is most of what a small write costs. Requests that the event loop
answers one after the other, without waiting in between, write in one transaction, each inside a
savepoint of its own; all of them are answered once it is committed.
"""

from __future__ import annotations

import time
from typing import Final

from pocketbase_server.storage.sql.thread_state import Act, Acts, call_all

_MOST: Final = 64
_LONGEST: Final = 0.02
"""Seconds for which other writers may be kept out."""

SAVEPOINT: Final = "SAVEPOINT member"
RELEASE: Final = "RELEASE member"
ROLL_BACK: Final = "ROLLBACK TO member"


class Member(Acts):
    """What one request has written in a shared transaction, and what waits for its end."""

    __slots__ = ("error", "is_committed")

    def __init__(self) -> None:
        super().__init__()
        self.is_committed = False
        self.error: Exception | None = None
        """What went wrong in acts after the end."""

    def ended(self, *, is_committed: bool) -> None:
        """Tell those who waited for the end; what goes wrong there is kept in `error`."""
        self.is_committed = is_committed
        try:
            call_all(self.after_commit if is_committed else self.after_rollback)
        except Exception as ex:  # noqa: BLE001 - whose request it is may tell
            self.error = ex


class SharedCommit:
    """A transaction in which several requests of one thread take part."""

    __slots__ = ("_began", "_told", "members", "thread")

    def __init__(self, thread: int) -> None:
        self.thread = thread
        """Ident of the thread whose transaction it is."""
        self.members: list[Member] = []
        self._began = time.monotonic()
        self._told: list[Act] = []

    @property
    def is_full(self) -> bool:
        """Whether it should be committed before anybody else joins."""
        return len(self.members) >= _MOST or time.monotonic() - self._began > _LONGEST

    def when_ended(self, tell: Act) -> None:
        """Call *tell* when every member knows how it ended."""
        self._told.append(tell)

    def ended(self, *, is_committed: bool) -> None:
        """Let everybody know how it ended."""
        for member in self.members:
            member.ended(is_committed=is_committed)
        call_all(self._told)
