"""The log's writer: takes lines at once, stores them later."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.services.logs.entry import new_row, timestamp
from pocketbase_server.storage.sql.engine import DatabaseError
from pocketbase_server.storage.sql.log_rows import LogRow, add_logs, delete_logs_before

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.app import App

DEBUG: Final = -4
INFO: Final = 0
WARN: Final = 4
ERROR: Final = 8
LEVELS: Final = {DEBUG: "DEBUG", INFO: "INFO", WARN: "WARN", ERROR: "ERROR"}

FLUSH_SECONDS: Final = 3.0
FLUSH_ROWS: Final = 5_000
"""NOTE: the reference stores from 200 on; larger batches cost half as much, and nobody waits."""
_MOST_WAITING: Final = 20_000
"""What is kept while the database refuses; beyond that the oldest lines go."""
_PRUNE_SECONDS: Final = 6 * 3600
_DAY: Final = 86_400


class LogWriter:
    """Writes the activity log into the auxiliary database, every 3 seconds or 5,000 lines.

    Nothing here ever raises into a caller.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._waiting: deque[LogRow] = deque(maxlen=_MOST_WAITING)
        self._flushing = threading.Lock()
        self._wake = threading.Event()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._prune_at = 0.0

    def write(self, level: int, message: str, data: Mapping[str, Any]) -> None:
        """Take one line, unless the settings say that it is not wanted."""
        logs = self._app.settings.current.logs
        if self._app.config.is_dev:
            _print(level, message, data)
        if logs.max_days and level >= logs.min_level:
            self._add(new_row(level, message, data, logs.max_data_size))

    def write_text(self, message: str, data: str) -> None:
        """Take one line that is wanted and tells of nothing unusual, its data as JSON, both within limits."""
        # PERF: a text is made of what the processor has just seen, and not here of thousands later
        if self._app.config.is_dev:
            _print(INFO, message, {})
        self._add((INFO, message, data, time.time()))

    def _add(self, row: LogRow) -> None:
        if self._is_closed:
            return
        waiting = self._waiting
        waiting.append(row)
        if self._thread is None:
            self._start()
        elif len(waiting) == FLUSH_ROWS:
            self._wake.set()

    def flush(self) -> None:
        """Store the lines taken so far; when the database refuses, they wait for the next time."""
        with self._flushing:
            rows = self._take()
            if not rows:
                return
            try:
                add_logs(self._app.auxiliary, rows)
            except DatabaseError:
                self._waiting.extendleft(reversed(rows))

    def _take(self) -> list[LogRow]:
        rows = []
        try:
            while True:
                rows.append(self._waiting.popleft())
        except IndexError:
            return rows

    def prune(self) -> None:
        """Remove the lines that are older than the settings allow."""
        days = self._app.settings.current.logs.max_days
        try:
            delete_logs_before(self._app.auxiliary, timestamp(time.time() - days * _DAY))
        except DatabaseError:
            return  # the next round will do it

    def close(self) -> None:
        """Store what is waiting and stop; safe to call twice."""
        self._is_closed = True
        self._wake.set()
        with self._starting:  # NOTE: another thread may be about to start it
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=10)
        if self._app.auxiliary.is_open:
            self.flush()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._is_closed:
                thread = threading.Thread(target=self._run, name="logs", daemon=True)
                self._thread = thread
                thread.start()

    def _run(self) -> None:
        self._prune_at = time.monotonic() + FLUSH_SECONDS
        while not self._is_closed:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            self.flush()
            if time.monotonic() > self._prune_at:
                self._prune_at = time.monotonic() + _PRUNE_SECONDS
                self.prune()


def _print(level: int, message: str, data: Mapping[str, Any]) -> None:
    lines = [f"{LEVELS.get(level, str(level))} {message}"]
    lines += [f"└─ {data[key]}" for key in ("error", "details") if data.get(key)]
    _say("\n".join(lines))


def print_statement(sql: str, seconds: float) -> None:
    """Print a statement that the database has run, and how long it took: for `--dev`."""
    _say(f"[{seconds * 1000:.2f}ms] {sql.strip()}")


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
