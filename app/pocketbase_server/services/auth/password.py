"""The password pool: bcrypt on threads of its own, so that a login never slows a quick request."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import TooManyRequestsError
from pocketbase_server.kit.passwords import DEFAULT_COST, hash_password, verify_password
from pocketbase_server.storage.sql.errors import WouldBlock
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from collections.abc import Callable

NICENESS: Final = 5
"""PERF: our threads may use every idle core, but give way as soon as anything else wants to run."""
WAITING_PER_THREAD: Final = 128
"""Jobs in line per thread before we refuse: about 8 seconds of work at cost 10."""


class PasswordPool:
    """Hashes and checks passwords on low-priority threads, one per core; callers wait.

    Raises `TooManyRequestsError` from its verbs when too many callers wait already.
    """

    def __init__(self, threads: int = 0, waiting_per_thread: int = WAITING_PER_THREAD) -> None:
        self._threads = threads or _cores()
        self._limit = self._threads * waiting_per_thread
        self._executor: ThreadPoolExecutor | None = None
        self._waiting = 0
        self._lock = threading.Lock()

    def verify(self, plain: str, hashed: str) -> bool:
        """Tell whether *plain* is the password of the bcrypt hash; False for what is no hash."""
        matches: bool = self._run(lambda: verify_password(plain, hashed))
        return matches

    def verify_nothing(self, plain: str, cost: int = 0) -> bool:
        """Take as long as `verify()` with a hash of that cost, and return False."""
        self.verify(plain, _unmatchable(cost or DEFAULT_COST))
        return False

    def hash(self, plain: str, cost: int = 0) -> str:
        """Return a new bcrypt hash of *plain*; cost 0 means 10."""
        hashed: str = self._run(lambda: hash_password(plain, cost))
        return hashed

    def close(self) -> None:
        """Stop the threads once the jobs at hand are done; those in line are dropped."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Callable[[], Any]) -> Any:
        executor = self._enter()
        try:
            return executor.submit(job).result()
        finally:
            with self._lock:
                self._waiting -= 1

    def _enter(self) -> ThreadPoolExecutor:
        if MODE.active:
            raise WouldBlock
        with self._lock:
            if self._waiting >= self._limit:
                raise TooManyRequestsError
            self._waiting += 1
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._threads, "password", _give_way)
            return self._executor


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _give_way() -> None:
    # NOTE: only Linux has a priority per thread; elsewhere this would slow the whole process
    if hasattr(os, "setpriority") and os.path.exists("/proc/self/task"):  # noqa: PTH110
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _unmatchable(cost: int) -> str:
    """Return a well-formed hash of *cost* that belongs to no password."""
    return f"$2a${cost:02d}${'.' * 22}{'.' * 31}"
