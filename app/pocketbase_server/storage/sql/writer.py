"""The writing side of a database: one connection, one transaction at a time."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.storage.sql.connection import BUSY_TIMEOUT_MS, open_writer
from pocketbase_server.storage.sql.errors import DatabaseBusy, DatabaseError, WouldBlock
from pocketbase_server.storage.sql.inline import MODE, Speeds
from pocketbase_server.storage.sql.shared_commit import (
    RELEASE,
    ROLL_BACK,
    SAVEPOINT,
    Member,
    SharedCommit,
)
from pocketbase_server.storage.sql.thread_state import Act, Acts, ThreadState, call_all
from pocketbase_server.storage.sql.translate import DriverError, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    from pocketbase_server.storage.sql.connection import Connection

_RETRIES: Final = 12
_CLOSED: Final = "database is closed"


class Writer:
    """The writer of one database file, behind a lock. All errors are `DatabaseError`s."""

    def __init__(self, path: Path, thread: ThreadState, speeds: Speeds) -> None:
        self._path = path
        self.thread = thread
        """What the current thread holds."""
        self._speeds = speeds
        self.connection: Connection | None = None
        self.lock = threading.RLock()
        """Held by whoever writes."""
        self._own = 0
        self._counting = threading.Lock()
        self._shared: SharedCommit | None = None
        self._commit_later: Callable[[Act], object]

    def open(self) -> Connection:
        """Open the connection and return it."""
        try:
            self.connection = open_writer(self._path)
        except DriverError as ex:
            raise translate(ex) from ex
        return self.connection

    @property
    def is_wanted(self) -> bool:
        """Whether some thread has a transaction of its own, or waits for its turn."""
        return self._own > 0

    def opened(self) -> Connection:
        """Return the connection; raises `DatabaseError` when there is none."""
        if self.connection is None:
            raise DatabaseError(_CLOSED)
        return self.connection

    # -- statements

    def run(self, sql: str, params: Sequence[Any]) -> int:
        """Carry out a statement inside the open transaction and return how many rows it changed."""
        writer: Any = self.connection
        if MODE.active and self._speeds.is_slow(sql):
            raise WouldBlock
        self.thread.started = inf
        began = _now()
        try:
            writer.execute(sql, params)
            changed: int = writer.changes()
        except DriverError as ex:
            raise translate(ex) from ex
        self._speeds.note(sql, _now() - began)
        return changed

    def run_many(self, sql: str, many_params: Iterable[Sequence[Any]]) -> None:
        """Carry out a statement once for each of *many_params* inside the open transaction."""
        self.thread.started = inf
        try:
            self.opened().executemany(sql, many_params)
        except DriverError as ex:
            raise translate(ex) from ex

    def execute(self, sql: str) -> None:
        """Carry out a statement that cannot be part of a transaction."""
        with self.lock:
            if self.connection is None or self.thread.depth:
                raise DatabaseError("only possible on an open database, outside a transaction")
            self._end_ours()
            self.thread.started = inf
            try:
                self.connection.execute(sql).fetchall()
            except DriverError as ex:
                raise translate(ex) from ex

    # -- transactions

    def begin(self) -> None:
        """Wait for the writer and begin a transaction of this thread."""
        thread = self.thread
        if thread.is_joining:
            self._begin_part()
            return
        self._end_ours()
        self._count(1)
        try:
            self._take()
        except BaseException:
            self._count(-1)
            raise
        self._enter()

    def _count(self, step: int) -> None:
        with self._counting:
            self._own += step

    def _enter(self) -> None:
        thread = self.thread
        thread.acts = Acts()
        thread.reader = thread.connection
        thread.connection = self.connection
        thread.depth = 1

    def _take(self) -> None:
        """Take the lock and begin; raises `WouldBlock` instead of waiting in inline mode."""
        if not MODE.active:
            self.lock.acquire()
        elif not self.lock.acquire(blocking=False):
            raise WouldBlock
        try:
            _begin_on(self.opened())
        except BaseException:
            self.lock.release()
            raise

    def end(self, *, is_failed: bool) -> None:
        """Commit or roll back, let the next writer in, then tell those who wanted to know."""
        thread = self.thread
        if thread.is_joining:
            self._end_part(is_failed=is_failed)
            return
        acts: Any = thread.acts
        try:
            if is_failed:
                _roll_back(self.connection)
            else:
                self._commit()
                call_all(acts.at_commit)
        except BaseException:
            is_failed = True
            raise
        finally:
            self._leave()
            self._count(-1)
            self.lock.release()
            if is_failed:
                call_all(acts.after_rollback)
        if not is_failed:
            call_all(acts.after_commit)

    def _leave(self) -> None:
        thread = self.thread
        thread.connection = thread.reader
        thread.depth = 0
        thread.acts = None

    def _commit(self) -> None:
        writer: Any = self.connection
        self.thread.started = inf
        try:
            writer.execute("COMMIT")
        except DriverError as ex:
            _roll_back(writer)
            raise translate(ex) from ex

    # -- one commit for several

    def join(self, commit_later: Callable[[Act], object]) -> bool:
        """Have this thread's writes committed with those of others, until `part()`.

        Reads are those of the writer: what others have written is seen, although it is not committed.
        `commit_later(act)` is asked to call *act* soon on this thread, when those who write now have
        had their turn. False, and nothing has happened, where that would mean to wait.
        """
        if self._shared is None:
            try:
                self._share(commit_later)
            except (WouldBlock, DatabaseError):
                return False
        thread = self.thread
        thread.is_joining = True
        thread.member = None
        thread.outside = thread.connection
        thread.connection = self.connection
        return True

    def _share(self, commit_later: Callable[[Act], object]) -> None:
        self._take()
        self._shared = SharedCommit(threading.get_ident())
        self._commit_later = commit_later
        commit_later(self.commit_shared)

    def part(self) -> Member | None:
        """End what `join()` began; return what was written, None when nothing was.

        Until the member `is_committed`, nobody may hear of it.
        """
        thread = self.thread
        member, thread.member = thread.member, None
        thread.is_joining = False
        thread.connection = thread.outside
        shared = self._shared
        if shared is not None and shared.is_full:
            self.commit_shared()
        return member

    def when_shared_ended(self, tell: Act) -> None:
        """Call *tell* when what was written together has ended; now, when there is nothing."""
        if self._shared is None:
            tell()
        else:
            self._shared.when_ended(tell)

    def commit_shared(self) -> None:
        """Commit what was written together, and tell every member how that ended."""
        shared, self._shared = self._shared, None
        if shared is None:
            return
        is_committed = False
        try:
            with suppress(DatabaseError):
                self._commit()
                is_committed = True
                for member in shared.members:
                    call_all(member.at_commit)
        finally:
            self.lock.release()
            shared.ended(is_committed=is_committed)

    def _end_ours(self) -> None:
        """Commit what this thread wrote with others before it writes something of its own."""
        shared = self._shared
        if shared is not None and shared.thread == threading.get_ident():
            self.commit_shared()

    def _begin_part(self) -> None:
        if self._shared is None:
            self._share(self._commit_later)
        elif self._shared.members:
            self._step(SAVEPOINT)
        self._enter()

    def _end_part(self, *, is_failed: bool) -> None:
        thread = self.thread
        acts: Any = thread.acts
        self._leave()
        thread.connection = self.connection
        if is_failed:
            self._take_back()
            call_all(acts.after_rollback)
            return
        shared: Any = self._shared
        if shared.members:
            self._step(RELEASE)
        member = thread.member
        if member is None:
            member = thread.member = Member()
            shared.members.append(member)
        member.take_over(acts)

    def _take_back(self) -> None:
        """Undo this part; everything, when it was the first or the database has given up."""
        writer: Any = self.connection
        shared: Any = self._shared
        if shared.members and writer.in_transaction:
            with suppress(DriverError):
                writer.execute(ROLL_BACK)
                writer.execute(RELEASE)
                return
        _roll_back(writer)
        self._shared = None
        self.thread.connection = self.thread.outside
        self.lock.release()
        shared.ended(is_committed=False)

    def _step(self, sql: str) -> None:
        self.thread.started = inf
        try:
            self.opened().execute(sql)
        except DriverError as ex:
            raise translate(ex) from ex

    # -- afterwards

    @property
    def _waiting(self) -> Acts | None:
        """Where acts wait that want to follow what this thread has written; None: nothing is open."""
        return self.thread.acts or self.thread.member

    def at_commit(self, act: Act) -> None:
        """As `after_commit()`, but before the next writer is let in."""
        waiting = self._waiting
        if waiting is None:
            act()
        else:
            waiting.at_commit.append(act)

    def after_commit(self, act: Act) -> None:
        """Call *act* once what this thread has written is committed; now, when that is so."""
        waiting = self._waiting
        if waiting is None:
            act()
        else:
            waiting.after_commit.append(act)

    def after_rollback(self, act: Act) -> None:
        """Call *act* should the open transaction be rolled back; never, when none is open."""
        if self.thread.acts is not None:
            self.thread.acts.after_rollback.append(act)


class Transaction:
    """The `with` block of `Engine.transaction()`."""

    __slots__ = ("_thread", "_writer")

    def __init__(self, writer: Writer, thread: ThreadState) -> None:
        self._writer = writer
        self._thread = thread

    def __enter__(self) -> None:
        thread = self._thread
        if thread.depth:
            thread.depth += 1
        else:
            self._writer.begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        thread = self._thread
        if thread.depth > 1:
            thread.depth -= 1
        else:
            self._writer.end(is_failed=kind is not None)


_now = time.perf_counter


def _begin_on(writer: Connection) -> None:
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
