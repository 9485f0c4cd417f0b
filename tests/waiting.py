"""
Waiting for what must happen: nothing in the tests relies on how long something takes.

Limits are far over what any machine needs; only a test that fails ever waits for so long.
"""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any, TypeVar

from scripts.http_client import Client
from scripts.servers import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenario import Side

T = TypeVar("T")
LOOK_EVERY = 0.2
"""Seconds after which a worker looks for settings that another one has changed."""


def eventually(
    check: Callable[[], T], what: object = "", seconds: float = LIMIT, pause: float = 0.02
) -> T:
    """
    Return the first true value of *check*, or fail with *what*; a broken connection is no value.

    *what* may be a function that tells, at the end, what there is instead.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
        except (OSError, http.client.HTTPException):
            if time.monotonic() > end:
                raise
        if time.monotonic() > end:
            raise AssertionError(what() if callable(what) else what or check)
        time.sleep(pause)


def settled(look: Callable[[], T], wanted: T, seconds: float = LIMIT) -> T:
    """Return what *look* sees once that is *wanted*, or what it is at the end; for `assert a == b`."""
    end = time.monotonic() + seconds
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return found


def until_known_everywhere(side: Side, path: str, wanted: object) -> None:
    """Wait until all workers of a server know what one of them has stored in the settings."""
    root = side.client("superuser")

    def seen() -> list[object]:
        clients = [Client(side.server.port, root.token) for _ in range(12)]
        found = [client.must("GET", "/api/settings") for client in clients]
        for client in clients:
            client.close()
        return [_dig(value, path) for value in found]

    time.sleep(1.5 * LOOK_EVERY)  # a worker that gets none of these requests looks with its next

    assert settled(seen, [wanted] * 12) == [wanted] * 12


def _dig(value: Any, path: str) -> object:
    for name in path.split("."):
        value = value[name]
    return value
