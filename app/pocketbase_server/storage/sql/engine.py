"""One SQLite database: readers for every thread, one writer for all."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.storage.sql.checkpoint import Checkpointer
from pocketbase_server.storage.sql.connection import (
    BUSY_TIMEOUT_MS,
    Connection,
    describe,
    open_reader,
    open_writer,
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
from pocketbase_server.storage.sql.translate import DriverError, translate

if TYPE_CHECKING:
    from types import TracebackType

    from pocketbase_server.storage.sql.dialects.base import Dialect

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
_STEPS_INLINE: Final = 4_000
_STEPS: Final = 100_000
"""Steps of the virtual machine between two looks at the clock: about 40 µs, about 1 ms."""
_RETRIES: Final = 12
_CLOSED: Final = "database is closed"


class _Thread(threading.local):
    """What one thread holds of one engine."""

    connection: Connection | None = None
    """Where reads go now: this thread's reader, or the writer inside a transaction."""
    depth: int = 0
    started: float = inf
    """When the running read began; 0 = not looked at yet; inf = it may take any time."""
    at_commit: tuple[Callable[[], None], ...] = ()
    after_commit: list[Callable[[], None]]
    after_rollback: list[Callable[[], None]]


class Engine:
    """One database file.

    Reads run on a connection of the calling thread; inside `transaction()` everything of that
    thread runs on the one writer connection. All errors are `DatabaseError`s.
    """

    def __init__(self, path: Path | str, *, query_timeout: float = 30.0) -> None:
        self.path = Path(path)
        self.query_timeout = query_timeout
        self.dialect: Dialect = SqliteDialect()
        self._writer: Connection | None = None
        self._lock = threading.RLock()
        self._thread = _Thread()
        self._readers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._readers_lock = threading.Lock()
        self._speeds = Speeds()
        self.is_writing = False
        """Whether some thread is inside a transaction; a moment later it may be otherwise."""
        self._trace: Trace | None = None
        self._version = 0
        self._checkpointer: Checkpointer | None = None

    # -- life

    def open(self) -> None:
        """Open the database, making an empty one when the file is missing."""
        if self._writer is not None:
            return
        try:
            self._writer = open_writer(self.path)
        except DriverError as ex:
            raise translate(ex) from ex
        watch(self._writer, self._is_over, _STEPS_INLINE * 4)
        self._checkpointer = Checkpointer(self.path, self._lock)
        self._checkpointer.attach(self._writer)
        self._traced(self._writer)

    @property
    def is_open(self) -> bool:
        """Whether `open()` was called and `close()` was not."""
        return self._writer is not None

    def close(self) -> None:
        """Close every connection; statements still running are interrupted. Safe to call twice."""
        if self._checkpointer is not None:
            self._checkpointer.stop()
            self._checkpointer = None
        with self._lock:
            writer, self._writer = self._writer, None
        with self._readers_lock:
            readers = list(self._readers)
            self._readers.clear()
        self._thread = _Thread()
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
        self._open_writer()
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
        if MODE.active and self._speeds.is_slow(sql):
            raise WouldBlock
        thread.started = 0.0
        began = _now()
        try:
            rows: list[Row] = connection.execute(sql, params).fetchall()
        except DriverError as ex:
            raise self._failed(ex, sql) from ex
        self._speeds.note(sql, _now() - began)
        return rows

    def one(self, sql: str, params: Params = ()) -> Row | None:
        """Return the first row of a query, or None."""
        thread = self._thread
        connection = thread.connection or self._reader()
        if MODE.active and self._speeds.is_slow(sql):
            raise WouldBlock
        thread.started = 0.0
        began = _now()
        try:
            row: Row | None = connection.execute(sql, params).fetchone()
        except DriverError as ex:
            raise self._failed(ex, sql) from ex
        self._speeds.note(sql, _now() - began)
        return row

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
        if started == 0.0:
            thread.started = _now()
            return False
        return _now() - started > (_INLINE_LIMIT if MODE.active else self.query_timeout)

    # -- writes

    def run(self, sql: str, params: Params = ()) -> int:
        """Carry out a statement and return how many rows it changed.

        Outside a transaction it is one of its own.
        """
        if self._thread.depth:
            return self._run(sql, params)
        with self.transaction():
            return self._run(sql, params)

    def _run(self, sql: str, params: Params) -> int:
        writer = self._writer
        if MODE.active and self._speeds.is_slow(sql):
            raise WouldBlock
        self._thread.started = inf
        began = _now()
        try:
            writer.execute(sql, params)  # type: ignore[union-attr]
            changed: int = writer.changes()  # type: ignore[union-attr]
        except DriverError as ex:
            raise translate(ex) from ex
        self._speeds.note(sql, _now() - began)
        return changed

    def run_many(self, sql: str, many_params: Iterable[Params]) -> None:
        """Carry out a statement once for each of *many_params*, all in one transaction."""
        with self.transaction():
            self._thread.started = inf
            try:
                self._writer.executemany(sql, many_params)  # type: ignore[union-attr]
            except DriverError as ex:
                raise translate(ex) from ex

    def execute(self, sql: str) -> None:
        """Carry out a statement that cannot be part of a transaction, like VACUUM or a PRAGMA."""
        with self._lock:
            if self._writer is None or self._thread.depth:
                raise DatabaseError("only possible on an open database, outside a transaction")
            self._thread.started = inf
            try:
                self._writer.execute(sql).fetchall()
            except DriverError as ex:
                raise translate(ex) from ex

    def transaction(self) -> Transaction:
        """Return a context in which all work of this thread is one transaction.

        An exception rolls everything back. A transaction inside a transaction joins the outer one.
        """
        return Transaction(self)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside `transaction()`."""
        return self._thread.depth > 0

    def at_commit(self, act: Callable[[], None]) -> None:
        """As `after_commit()`, but before the next writer is let in; *act* must be quick."""
        if self._thread.depth:
            self._thread.at_commit = (*self._thread.at_commit, act)
        else:
            act()

    def after_commit(self, act: Callable[[], None]) -> None:
        """Call *act* once the open transaction is committed; now, when none is open."""
        if self._thread.depth:
            self._thread.after_commit.append(act)
        else:
            act()

    def after_rollback(self, act: Callable[[], None]) -> None:
        """Call *act* should the open transaction be rolled back; never, when none is open."""
        if self._thread.depth:
            self._thread.after_rollback.append(act)

    def _begin(self) -> None:
        self._lock_writer()
        try:
            writer = self._open_writer()
            self._begin_on(writer)
        except BaseException:
            self._lock.release()
            raise
        self.is_writing = True
        thread = self._thread
        thread.after_commit, thread.after_rollback = [], []
        self._outer_reader = thread.connection
        thread.connection = writer
        thread.depth = 1

    def _open_writer(self) -> Connection:
        if self._writer is None:
            raise DatabaseError(_CLOSED)
        return self._writer

    def _lock_writer(self) -> None:
        if not MODE.active:
            self._lock.acquire()
        elif not self._lock.acquire(blocking=False):
            raise WouldBlock

    def _begin_on(self, writer: Connection) -> None:
        try:
            if MODE.active:
                _begin_at_once(writer)
            else:
                _begin_patiently(writer)
        except DriverError as ex:
            failure = translate(ex)
            if MODE.active and isinstance(failure, DatabaseBusy):
                raise WouldBlock from ex
            raise failure from ex

    def _end(self, *, is_failed: bool) -> None:
        """Commit or roll back, let the next writer in, then tell those who wanted to know."""
        thread = self._thread
        committed, rolled_back = thread.after_commit, thread.after_rollback
        try:
            if is_failed:
                _roll_back(self._writer)
            else:
                self._commit()
                _call_all(thread.at_commit)
        except BaseException:
            is_failed = True
            raise
        finally:
            thread.at_commit = ()
            thread.connection = self._outer_reader
            thread.depth = 0
            thread.after_commit, thread.after_rollback = [], []
            self.is_writing = False
            self._lock.release()
            if is_failed:
                _call_all(rolled_back)
        if not is_failed:
            _call_all(committed)

    def _commit(self) -> None:
        writer = self._writer
        self._thread.started = inf
        try:
            writer.execute("COMMIT")  # type: ignore[union-attr]
        except DriverError as ex:
            _roll_back(writer)
            raise translate(ex) from ex

    # -- the rest

    def data_version(self) -> int:
        """Return a number that changes when another process has changed the database.

        Asked while a write is running, it may still be the number of before.
        """
        if self._lock.acquire(blocking=False):
            try:
                if self._writer is not None:
                    self._version = self._writer.execute("PRAGMA data_version").fetchone()[0]
            finally:
                self._lock.release()
        return self._version

    def seen_version(self) -> int | None:
        """Return a number that changes, in this thread, whenever anybody has changed the database.

        None inside a transaction, whose own changes have no number yet.
        """
        thread = self._thread
        if thread.depth:
            return None
        connection = thread.connection or self._reader()
        try:
            version: int = connection.execute("PRAGMA data_version").fetchone()[0]
        except DriverError as ex:
            raise translate(ex) from ex
        return version

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


class Transaction:
    """The `with` block of `Engine.transaction()`."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        engine = self._engine
        if engine._thread.depth:
            engine._thread.depth += 1
        else:
            engine._begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        engine = self._engine
        if engine._thread.depth > 1:
            engine._thread.depth -= 1
        else:
            engine._end(is_failed=kind is not None)


_now = time.perf_counter


def _begin_at_once(writer: Connection) -> None:
    writer.set_busy_timeout(0)
    try:
        writer.execute("BEGIN IMMEDIATE")
    finally:
        writer.set_busy_timeout(BUSY_TIMEOUT_MS)


def _begin_patiently(writer: Connection) -> None:
    for attempt in range(_RETRIES):
        try:
            writer.execute("BEGIN IMMEDIATE")
        except DriverError as ex:
            if attempt + 1 == _RETRIES or not isinstance(translate(ex), DatabaseBusy):
                raise
            time.sleep(min(0.05 * (attempt + 1), 1.0))
        else:
            return


def _roll_back(writer: Connection) -> None:
    # NOTE: a full disk or an I/O error may have rolled back already
    with suppress(DriverError):
        if writer.in_transaction:
            writer.execute("ROLLBACK")


def _call_all(acts: Iterable[Callable[[], None]]) -> None:
    """Call every one, then raise the first exception."""
    first: BaseException | None = None
    for act in acts:
        try:
            act()
        except Exception as ex:  # noqa: BLE001 - raised below, when the others had their turn
            first = first or ex
    if first is not None:
        raise first


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
