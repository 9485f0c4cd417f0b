"""The lock that all readers share, kept while they are many and nobody writes."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.storage.sql.connection import open_reader
from pocketbase_server.storage.sql.translate import DriverError

if TYPE_CHECKING:
    from pathlib import Path

_TICK: Final = 0.1
"""Seconds for which the lock is kept at a time, and longer than anybody has to wait for it."""


class ReadLock:
    """Reads all the time, on a connection of its own, so that other readers need not ask for the lock.

    PERF: SQLite takes a lock on the write-ahead log for each read and gives it back, two system calls and
    a third of what a read by key costs. While another connection of the process has it, SQLite only counts.

    Nobody reads anything older for it: each read begins where the database is, as ever. But the log cannot
    begin anew while somebody reads, so the lock is let go with the first commit, and taken again once
    a tick has passed without one, of whichever process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        """Held by whoever uses the connection."""
        self._connection: Any = None
        self._is_held = False
        self._version = -1
        self._is_wanted = False
        self._stopped = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def want(self) -> None:
        """Take the lock soon, and keep it as long as this is called again and again; returns at once."""
        self._is_wanted = True
        if not self._wake.is_set():
            self._wake.set()
            if self._thread is None:
                self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="read-lock", daemon=True)
                self._thread.start()

    def let_go(self, *, wait: bool = False) -> None:
        """Give the lock back; without *wait* only if that can be done at once."""
        if self._is_held and self._lock.acquire(blocking=wait):
            try:
                self._release()
            finally:
                self._lock.release()

    def stop(self) -> None:
        """Give the lock back for good."""
        self._stopped.set()
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        try:
            self._connection = open_reader(self._path)
        except DriverError:
            return  # everybody takes the lock by himself
        while not self._stopped.is_set():
            self._is_wanted = False
            with self._lock, suppress(DriverError):
                self._renew()
            self._stopped.wait(_TICK)
            if not self._is_wanted:
                self._rest()
        self._connection.close()

    def _rest(self) -> None:
        with self._lock:
            self._release()
        self._wake.clear()
        # NOTE: what was asked for before that would wake nobody any more
        if not self._is_wanted and not self._stopped.is_set():
            self._wake.wait()

    def _renew(self) -> None:
        self._release()
        version = self._connection.execute("PRAGMA data_version").fetchall()
        if version == self._version:
            self._connection.execute("BEGIN")
            self._is_held = True
            self._connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        self._version = version

    def _release(self) -> None:
        if self._is_held:
            self._is_held = False
            with suppress(DriverError):
                self._connection.execute("ROLLBACK")
