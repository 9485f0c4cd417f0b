"""Threads for requests that may wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future


class _Job(NamedTuple):
    act: Callable[[], Any]
    future: Future[Any]


class Pool:
    """A fixed number of threads, started when first needed; results go to futures of one loop."""

    def __init__(self, loop: AbstractEventLoop, size: int, name: str) -> None:
        self._loop = loop
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0

    def run(self, act: Callable[[], Any]) -> Future[Any]:
        """Run *act* on a thread and return the future of its result. Call it on the loop's thread."""
        future: Future[Any] = self._loop.create_future()
        self._busy += 1
        if self._busy > len(self._threads) and len(self._threads) < self._size:
            self._start_thread()
        self._jobs.put(_Job(act, future))
        return future

    def _start_thread(self) -> None:
        name = f"{self._name}-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                result, error = job.act(), None
            except BaseException as ex:  # noqa: BLE001 - handed to whoever waits
                result, error = None, ex
            self._loop.call_soon_threadsafe(self._done, job.future, result, error)
            # NOTE: a waiting thread must not keep the last request alive
            del job, result, error

    def _done(self, future: Future[Any], result: Any, error: BaseException | None) -> None:
        self._busy -= 1
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    def close(self) -> None:
        """End the threads once their work is done, without waiting."""
        for _ in self._threads:
            self._jobs.put(None)
