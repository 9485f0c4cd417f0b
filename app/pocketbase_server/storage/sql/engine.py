"""One SQLite database: readers for every thread, one writer for all."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.storage.sql.bad_text import read_bad_text
from pocketbase_server.storage.sql.checkpoint import Checkpointer
from pocketbase_server.storage.sql.connection import (
    Connection,
    describe,
    open_reader,
    watch,
)
from pocketbase_server.storage.sql.dialects.sqlite import SqliteDialect
from pocketbase_server.storage.sql.errors import (
    DatabaseBusy,
    DatabaseError,
    QueryTimeout,
    UniqueViolation,
    WouldBlock,
)
from pocketbase_server.storage.sql.inline import MODE, Speeds, inline_mode
from pocketbase_server.storage.sql.kept_rows import KeptRows
from pocketbase_server.storage.sql.read_lock import ReadLock
from pocketbase_server.storage.sql.thread_state import Act, ThreadState
from pocketbase_server.storage.sql.translate import DriverError, translate
from pocketbase_server.storage.sql.writer import Transaction, Writer

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.dialects.base import Dialect
    from pocketbase_server.storage.sql.shared_commit import Member

__all__ = [
    "MODE",
    "DatabaseBusy",
    "DatabaseError",
    "Engine",
    "QueryTimeout",
    "Row",
    "UniqueViolation",
    "WouldBlock",
    "inline_mode",
]

Row = tuple[Any, ...]
Params = Sequence[Any]
Trace = Callable[[str, float], None]

_INLINE_LIMIT: Final = 0.008
"""Seconds after which a read on a thread in inline mode is broken off and sent elsewhere."""
_MANY: Final = 64
"""Reads in a short while that make the lock for reading worth keeping."""
_STEPS_INLINE: Final = 4_000
_STEPS: Final = 100_000
"""Steps of the virtual machine between two looks at the clock: about 40 µs, about 1 ms."""


class Engine:
    """One database file.

    Reads run on a connection of the calling thread; inside `transaction()` everything of that
    thread runs on the one writer connection. All errors are `DatabaseError`s.
    """

    def __init__(self, path: Path | str, *, query_timeout: float = 30.0) -> None:
        self.path = Path(path)
        self.query_timeout = query_timeout
        self.dialect: Dialect = SqliteDialect()
        self._thread = ThreadState()
        self._speeds = Speeds()
        self._writer = Writer(self.path, self._thread, self._speeds)
        self._readers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._readers_lock = threading.Lock()
        self._trace: Trace | None = None
        self._version = 0
        self._checkpointer: Checkpointer | None = None
        self._read_lock = ReadLock(self.path)
        self._reads = 0

    # -- life

    def open(self) -> None:
        """Open the database, making an empty one when the file is missing."""
        if self.is_open:
            return
        connection = self._writer.open()
        watch(connection, self._is_over, _STEPS_INLINE * 4)
        self._read_lock = ReadLock(self.path)
        self._checkpointer = Checkpointer(self.path, self._writer.lock)
        self._checkpointer.attach(connection, self._read_lock.let_go)
        self._traced(connection)

    @property
    def is_open(self) -> bool:
        """Whether `open()` was called and `close()` was not."""
        return self._writer.connection is not None

    def close(self) -> None:
        """Close every connection; statements still running are interrupted. Safe to call twice."""
        self._read_lock.stop()
        if self._checkpointer is not None:
            self._checkpointer.stop()
            self._checkpointer = None
        with self._writer.lock:
            writer, self._writer.connection = self._writer.connection, None
        with self._readers_lock:
            readers = list(self._readers)
            self._readers.clear()
        self._thread = self._writer.thread = ThreadState()
        # NOTE: the last connection to close writes the WAL back, and only the writer may
        for connection in (*readers, writer):
            if connection is not None:
                _close(connection)

    def trace(self, handler: Trace) -> None:
        """Call `handler(sql, seconds)` after each statement; to be set before `open()`."""
        self._trace = handler

    def _traced(self, connection: Connection) -> None:
        handler = self._trace
        if handler is not None:
            connection.set_profile(lambda sql, nanoseconds: handler(sql, nanoseconds / 1e9))

    def _reader(self) -> Connection:
        """Open this thread's reader."""
        self._writer.opened()
        try:
            reader = open_reader(self.path)
        except DriverError as ex:
            raise translate(ex) from ex
        # PERF: each look needs the GIL; a pool thread counting rows should not ask for it often
        watch(reader, self._is_over, _STEPS_INLINE if MODE.active else _STEPS)
        self._traced(reader)
        with self._readers_lock:
            self._readers.add(reader)
        self._thread.connection = reader
        return reader

    # -- reads

    def all(self, sql: str, params: Params = ()) -> list[Row]:
        """Return every row of a query."""
        thread = self._thread
        connection = thread.connection or self._reader()
        speeds = self._speeds
        if speeds.suspects and MODE.active and speeds.is_slow(sql):
            raise WouldBlock
        thread.started = 0.0
        began = _now()
        try:
            rows: list[Row] = connection.execute(sql, params).fetchall()
        except DriverError as ex:
            raise self._failed(ex, sql) from ex
        except UnicodeDecodeError:
            rows = self._bad_text(connection, sql, params)
        self._ran(sql, _now() - began)
        return rows

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """Return the first row of a query, or None."""
        thread = self._thread
        connection = thread.connection or self._reader()
        speeds = self._speeds
        if speeds.suspects and MODE.active and speeds.is_slow(sql):
            raise WouldBlock
        thread.started = 0.0
        began = _now()
        try:
            row: Row | None = connection.execute(sql, params).fetchone()
        except DriverError as ex:
            raise self._failed(ex, sql) from ex
        except UnicodeDecodeError:
            row = next(iter(self._bad_text(connection, sql, params)), None)
        self._ran(sql, _now() - began)
        return row

    def _ran(self, sql: str, seconds: float) -> None:
        speeds = self._speeds
        if seconds > speeds.limit or speeds.suspects:
            speeds.note(sql, seconds)
        self._reads += 1
        if not self._reads % _MANY:
            self._read_lock.want()

    def _bad_text(self, connection: Connection, sql: str, params: Params) -> list[Row]:
        self._thread.started = 0.0
        try:
            return read_bad_text(connection, sql, params)
        except DriverError as ex:
            raise self._failed(ex, sql) from ex

    def describe(self, sql: str, params: Params = ()) -> list[tuple[str, str]]:
        """Return `(name, declared type)` of each column a query gives, without running it."""
        connection = self._thread.connection or self._reader()
        self._thread.started = 0.0
        try:
            return describe(connection, sql, params)
        except DriverError as ex:
            raise self._failed(ex, sql) from ex

    def _failed(self, error: Exception, sql: str) -> Exception:
        failure = translate(error)
        if MODE.active and isinstance(failure, QueryTimeout):
            self._speeds.note(sql, 1.0)
            return WouldBlock()
        return failure

    def _is_over(self) -> bool:
        """Tell whether the statement running in this thread has had its time."""
        thread = self._thread
        started = thread.started
        # NOTE: inline, time that others compute does not count
        patience = _INLINE_LIMIT if MODE.active else thread.patience
        now = time.thread_time() if patience else _now()
        if started == 0.0:
            thread.started = now
            return False
        return now - started > (patience or self.query_timeout)

    # -- writes

    def run(self, sql: str, params: Params = ()) -> int:
        """Carry out a statement and return how many rows it changed.

        Outside a transaction it is one of its own.
        """
        if self._thread.depth:
            return self._writer.run(sql, params)
        with self.transaction():
            return self._writer.run(sql, params)

    def run_many(self, sql: str, many_params: Iterable[Params]) -> None:
        """Carry out a statement once for each of *many_params*, all in one transaction."""
        with self.transaction():
            self._writer.run_many(sql, many_params)

    def execute(self, sql: str) -> None:
        """Carry out a statement that cannot be part of a transaction, like VACUUM or a PRAGMA."""
        self._read_lock.let_go(wait=True)
        self._writer.execute(sql)

    def transaction(self) -> Transaction:
        """Return a context in which all work of this thread is one transaction.

        An exception rolls everything back. A transaction inside a transaction joins the outer one.
        """
        return Transaction(self._writer, self._thread)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside `transaction()`."""
        return self._thread.depth > 0

    @contextmanager
    def as_committed(self) -> Iterator[None]:
        """Let this thread read what is committed, although it is inside a transaction."""
        thread = self._thread
        if not thread.depth:
            yield
            return
        inside, thread.connection = thread.connection, thread.reader
        try:
            yield
        finally:
            thread.reader, thread.connection = thread.connection, inside

    @property
    def is_wanted(self) -> bool:
        """Whether some thread writes, or waits for its turn; a moment later it may be otherwise."""
        return self._writer.is_wanted

    def at_commit(self, act: Act) -> None:
        """As `after_commit()`, but before the next writer is let in; *act* must be quick."""
        self._writer.at_commit(act)

    def after_commit(self, act: Act) -> None:
        """Call *act* once what this thread has written is committed; now, when nothing waits for that."""
        self._writer.after_commit(act)

    def after_rollback(self, act: Act) -> None:
        """Call *act* should the open transaction be rolled back; never, when none is open."""
        self._writer.after_rollback(act)

    @contextmanager
    def writer_lock(self) -> Iterator[None]:
        """Keep every other writer of this process out, for work on a connection of one's own."""
        with self._writer.lock:
            yield

    # -- one commit for several

    def join(self, commit_later: Callable[[Act], object]) -> bool:
        """Have this thread's writes committed together with those of others, until `part()`.

        Reads see what others have written, although it is not committed. `commit_later(act)` is
        asked to call *act* on this thread once those who write now have had their turn. To be called
        in inline mode; False, and nothing has happened, where that would mean to wait.
        """
        return self._writer.join(commit_later)

    def part(self) -> Member | None:
        """End what `join()` began; return what was written, None when nothing was.

        Until the member `is_committed`, nobody may hear of it.
        """
        return self._writer.part()

    def commit_shared(self) -> None:
        """Commit what was written together now, and tell every member how that ended."""
        self._writer.commit_shared()

    def when_shared_ended(self, tell: Act) -> None:
        """Call *tell* once what was written together is committed or not; now, when that is known."""
        self._writer.when_shared_ended(tell)

    # -- the rest

    def data_version(self) -> int:
        """Return a number that changes when another process has changed the database.

        Asked while a write is running, it may still be the number of before.
        """
        lock = self._writer.lock
        if lock.acquire(blocking=False):
            try:
                writer = self._writer.connection
                if writer is not None:
                    self._thread.started = inf
                    self._version = writer.execute("PRAGMA data_version").fetchone()[0]
            finally:
                lock.release()
        return self._version

    def seen_version(self) -> int | None:
        """Return a number that changes, in this thread, whenever anybody has changed the database.

        None inside a transaction, whose own changes have no number yet.
        """
        thread = self._thread
        connection = thread.connection or self._reader()
        if connection is self._writer.connection:
            return None
        # NOTE: the look at the clock comes after so many steps, whichever statements took them
        thread.started = inf
        try:
            version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        except DriverError as ex:
            raise translate(ex) from ex
        return version

    def kept_rows(self) -> KeptRows | None:
        """Return the rows that this thread's reader has set aside of the database as it is now.

        None inside a transaction. They are those of `seen_version()`, which may have grown when an
        answer is there: then it is of two states of the database.
        """
        version = self.seen_version()
        if version is None:
            return None
        thread = self._thread
        kept = thread.kept
        if kept is None or kept.connection is not thread.connection:
            kept = thread.kept = KeptRows(thread, thread.connection)
        kept.renew(version)
        return kept

    def write_back(self) -> None:
        """Move the write-ahead log into the database file, as far as readers allow; never raises."""
        with suppress(DatabaseError):
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def optimize(self) -> None:
        """Let SQLite refresh what its planner knows about tables that changed much.

        Never raises: that it did not work out only means that plans stay as they were.
        """
        with suppress(DatabaseError):
            self.execute("PRAGMA optimize")


_now = time.perf_counter


def _close(connection: Connection) -> None:
    for _ in range(200):
        try:
            connection.close()
        except DriverError:
            # NOTE: interrupted only when in use; an interrupt would also stop the last write-back
            connection.interrupt()
            time.sleep(0.01)
        else:
            return
