"""Letters on their way: sent by threads of their own, so that no request waits for a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, Full, Queue
from typing import Final

Job = Callable[[], None]

THREADS: Final = 4
MOST_WAITING: Final = 1_000
IDLE_SECONDS: Final = 30.0
"""After this long without work a thread ends; the next letter starts another."""


class Outbox:
    """Runs jobs in the background, a few at a time, in about the order they came."""

    def __init__(self) -> None:
        self._jobs: Queue[Job] = Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._threads = 0
        self._is_closed = False

    def put(self, job: Job) -> bool:
        """Take a job, which must not raise; False when too many wait already."""
        try:
            self._jobs.put_nowait(job)
        except Full:
            return False
        with self._lock:
            if self._threads < THREADS and not self._is_closed:
                self._threads += 1
                threading.Thread(target=self._work, name="mail", daemon=True).start()
        return True

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=IDLE_SECONDS)
            except Empty:
                # NOTE: a job that comes now must find either this thread or room for a new one
                with self._lock:
                    if self._jobs.empty():
                        self._threads -= 1
                        return
                continue
            try:
                job()
            finally:
                self._jobs.task_done()
                # NOTE: a waiting thread must not keep the last letter alive
                del job

    @property
    def is_idle(self) -> bool:
        """Whether every job taken so far is done."""
        return self._jobs.unfinished_tasks == 0

    def wait(self, seconds: float) -> bool:
        """Wait until every job is done, at most *seconds*; tell whether that is so."""
        until = time.monotonic() + seconds
        while not self.is_idle and time.monotonic() < until:
            time.sleep(0.01)
        return self.is_idle

    def close(self, patience: float) -> None:
        """Give the jobs at hand a last chance; what is not done after *patience* seconds is lost."""
        self.wait(patience)
        with self._lock:
            self._is_closed = True
