"""Moving the write-ahead log into the database, away from the threads that write."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import apsw

from pocketbase_server.storage.sql.connection import open_writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PAGES: Final = 4_000
"""Pages in the log that start a round; four times SQLite's own measure."""
_MANY_PAGES: Final = 16_000
"""Pages at which writers have to wait, so that a round can reach the end of the log."""


class Checkpointer:
    """Does after a commit, on its own thread, what SQLite would do inside the commit.

    PERF: a round takes 5 to 40 ms, most of it waiting for the disk; no request pays for it.
    """

    def __init__(self, path: Path, writer_lock: threading.RLock) -> None:
        self._path = path
        self._lock = writer_lock
        self._wake = threading.Event()
        self._is_stopped = False
        self._thread: threading.Thread | None = None
        self._pages = 0
        self._let_go: Callable[[], None] = lambda: None

    def attach(self, writer: Any, let_go: Callable[[], None]) -> None:
        """Listen to the commits of the writer connection; *let_go* ends what keeps the log from beginning anew."""
        self._let_go = let_go
        writer.set_wal_hook(self._committed)

    def _committed(self, _connection: Any, _database: str, pages: int) -> int:
        self._pages = pages
        self._let_go()
        if pages >= _PAGES and not self._wake.is_set():
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
                self._thread.start()
        return apsw.SQLITE_OK

    def _run(self) -> None:
        connection = open_writer(self._path)
        try:
            while not self._is_stopped:
                self._wake.wait()
                self._round(connection)
                self._wake.clear()
        finally:
            connection.close()

    def _round(self, connection: Any) -> None:
        if self._is_stopped:
            return
        self._checkpoint(connection)
        if self._pages >= _MANY_PAGES:
            # NOTE: while others keep adding, the log has no end to reach and would grow for ever
            with self._lock:
                self._checkpoint(connection)

    @staticmethod
    def _checkpoint(connection: Any) -> None:
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error:
            return  # busy, or no room on the disk: the log just stays longer

    def stop(self) -> None:
        """End the thread; the writer's own closing moves what is left."""
        self._is_stopped = True
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
