"""What one thread holds of one engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.connection import Connection
    from pocketbase_server.storage.sql.kept_rows import KeptRows
    from pocketbase_server.storage.sql.shared_commit import Member

Act = Callable[[], None]


class Acts:
    """What waits for the end of a transaction."""

    __slots__ = ("after_commit", "after_rollback", "at_commit")

    def __init__(self) -> None:
        self.at_commit: list[Act] = []
        """To be called after the commit, before the next writer is let in."""
        self.after_commit: list[Act] = []
        self.after_rollback: list[Act] = []

    def take_over(self, others: Acts) -> None:
        """Let what waits in *others* wait here."""
        self.at_commit += others.at_commit
        self.after_commit += others.after_commit
        self.after_rollback += others.after_rollback


class ThreadState(threading.local):
    """The current thread's part of an engine."""

    connection: Connection | None = None
    """Where reads go now: this thread's reader, or the writer inside a transaction."""
    depth: int = 0
    started: float = inf
    """When the running read began; 0 = not looked at yet; inf = it may take any time."""
    patience: float = 0.0
    """Seconds of computing after which the running statement is given up; 0 = the usual limit."""
    kept: KeptRows | None = None
    """What this thread's reader has set aside."""
    is_joining: bool = False
    """Whether a transaction of this thread is committed together with those of others."""
    member: Member | None = None
    """What this thread has written since it joined; others may still take it back."""
    reader: Connection | None = None
    """Where reads go again once the transaction has ended."""
    outside: Connection | None = None
    """Where reads go again once this thread no longer joins others."""
    acts: Acts | None = None
    """What waits for the end of the open transaction."""


def call_all(acts: list[Act]) -> None:
    """Call every one, then raise the first exception."""
    first: BaseException | None = None
    for act in acts:
        try:
            act()
        except Exception as ex:  # noqa: BLE001 - raised below, when the others had their turn
            first = first or ex
    if first is not None:
        raise first
