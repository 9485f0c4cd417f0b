"""Rows that one reader has set aside in its own memory, until anybody changes the database."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.storage.sql.nodes.kept import KEPT_TABLE, MOST_KEPT
from pocketbase_server.storage.sql.translate import DriverError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.storage.sql.connection import Connection
    from pocketbase_server.storage.sql.thread_state import ThreadState

Key = tuple[str, str]

_MOST_NOTED: Final = 1024
_MOST_SLOWER: Final = 3
"""How many times in a row it may take longer with a set than without."""
_FEW_USES: Final = 3
_MANY_USES: Final = 12
_MOST_ASKED: Final = 32
_CREATE: Final = (
    f"CREATE TABLE IF NOT EXISTS {KEPT_TABLE}"
    " (part INTEGER, row INTEGER, PRIMARY KEY (part, row)) WITHOUT ROWID"
)


class KeptSet:
    """What is known of one condition with its values."""

    __slots__ = ("_slower", "asked", "is_refused", "number", "rows", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """How long the whole question took without it."""
        self.asked = 0
        """How many times it was asked since."""
        self.number = 0
        """Under which its rows were set aside; 0 where they were not."""
        self.rows = 0
        self.is_refused = False
        """Whether setting its rows aside does not pay."""
        self._slower = 0

    def judge(self, seconds: float) -> None:
        """Take into account how long the question took with it; refuse it where it is no gain."""
        self._slower = self._slower + 1 if seconds > self.seconds else 0
        if self._slower >= _MOST_SLOWER:
            self.number, self.is_refused = 0, True


class KeptRows:
    """The sets of one reader, of one version of the database."""

    __slots__ = (
        "_asked", "_is_made", "_last", "_made", "_rows", "_thread", "_used",
        "connection", "sets", "version",
    )  # fmt: skip

    def __init__(self, thread: ThreadState, connection: Connection) -> None:
        self.connection = connection
        self.version = -1
        self.sets: dict[Key, KeptSet] = {}
        self._thread = thread
        self._rows = 0
        self._last = 0
        self._is_made = False
        self._made = self._used = 0
        """How many sets there were since the last were dropped, and how often they were of use."""
        self._asked = 1
        """How many times a condition must have been asked to be worth a set."""

    def renew(self, version: int) -> None:
        """Forget everything that is of another version of the database."""
        if version != self.version:
            self.version = version
            self._drop()

    def note(self, key: Key, seconds: float) -> None:
        """Remember that a condition was asked, in a question that took so long."""
        if len(self.sets) >= _MOST_NOTED:
            self._drop()
        self.sets.setdefault(key, KeptSet(seconds)).asked += 1

    def is_worth(self, key: Key) -> bool:
        """Tell whether the rows of a condition had better be set aside now."""
        kept = self.sets.get(key)
        if kept is None or kept.number or kept.is_refused:
            return False
        return kept.asked >= self._asked

    def took(self, kept: KeptSet, seconds: float) -> None:
        """Take into account how long a question took with a set."""
        self._used += 1
        kept.judge(seconds)

    def _drop(self) -> None:
        """Forget all sets, and learn from how often they were of use."""
        if self._made and self._used < self._made * _FEW_USES:
            self._asked = min(self._asked * 2, _MOST_ASKED)
        elif self._used > self._made * _MANY_USES:
            self._asked = max(self._asked // 2, 1)
        elif self._were_missed():
            self._asked = 1
        self._made = self._used = 0
        # NOTE: whoever still holds one must see that its rows may be gone
        for kept in self.sets.values():
            kept.number = 0
        self.sets = {}

    def _were_missed(self) -> bool:
        """Tell whether a set that was waited for would have been of use."""
        return not self._made and any(kept.asked > 2 * _FEW_USES for kept in self.sets.values())

    def keep(self, key: Key, sql: str, params: Sequence[Any], seconds: float) -> None:
        """Set the rows of a condition aside; it is refused when they are too many or take too long.

        The first of *params* is the number of the set. Others may be dropped to make room.
        """
        kept = self.sets[key]
        self._last += 1
        thread = self._thread
        thread.started = inf
        self.connection.execute("PRAGMA query_only = OFF")
        try:
            self._make_room()
            thread.started, thread.patience = 0.0, seconds
            self.connection.execute(sql, (self._last, *params[1:]))
            kept.rows = self.connection.changes()
        except DriverError:
            # NOTE: whatever is wrong, the question itself will tell
            kept.is_refused = True
        finally:
            thread.started, thread.patience = inf, 0.0
            self.connection.execute("PRAGMA query_only = ON")
        self.sets[key] = kept
        self._made += 1
        self._rows += kept.rows
        kept.is_refused = kept.is_refused or kept.rows > MOST_KEPT
        kept.number = 0 if kept.is_refused else self._last

    def _make_room(self) -> None:
        """See to it that there is a table, with none but rows that can still be asked for."""
        if not self._is_made:
            self.connection.execute(_CREATE)
            self._is_made = True
        if self._rows > MOST_KEPT:
            self._drop()
        if self._rows and not self._made:
            self.connection.execute(f"DELETE FROM {KEPT_TABLE}")
            self._rows = 0
