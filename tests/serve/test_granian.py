"""What we count on in granian beyond its documented surface."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from granian import _futures
from pocketbase_server.serve import granian


class Watcher:
    """What granian hands over with one request."""

    def __init__(self) -> None:
        self.scope, self.proto = "scope", "proto"
        self.seen: list[Any] = []

    def done(self) -> None:
        self.seen.append("done")

    def err(self, error: BaseException) -> None:
        self.seen.append(type(error))

    def taskref(self, task: Any) -> None:
        self.seen.append("task")


async def later(error: Exception | None = None) -> None:
    await asyncio.sleep(0)
    if error is not None:
        raise error


def at_once(scope: Any, proto: Any) -> None:
    assert (scope, proto) == ("scope", "proto")


def failing(scope: Any, proto: Any) -> None:
    raise KeyError


@pytest.mark.parametrize(
    ("begin", "seen"),
    [
        (at_once, []),
        (failing, [KeyError]),
        (lambda *_: later(), ["task", "done"]),
        (lambda *_: later(ValueError()), ["task", ValueError]),
    ],
    ids=["answered at once", "failed at once", "answered on the loop", "failed on the loop"],
)
def test_every_request_ends(begin: Any, seen: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Granian asks our scheduler, by the name that we replace, and hears how every other request ends."""
    worker: Any = SimpleNamespace(begin=begin)
    takes: list[Any] = []

    def replaced(*given: Any) -> Any:
        takes.append(granian._taking(worker, *given))
        return takes[0]

    monkeypatch.setattr(_futures, "_cbsched_aioschedule", replaced)
    watcher = Watcher()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        _futures._new_cbscheduler(loop, None, impl_asyncio=True)
        takes[0](watcher)
        while len(watcher.seen) < len(seen):  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(run(), 30))
    assert watcher.seen == seen
