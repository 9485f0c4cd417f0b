"""One connected client: what it listens to, who it is, and the way to it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from pocketbase_server.services.realtime.topics import Subscription, frame, parse_subscription

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pocketbase_server.core.records.model import Record

    Post = tuple[bytes, Sequence["RealtimeClient"]]
    """An event and whom it is for."""

MAX_WAITING_BYTES: Final = 1 << 20
MAX_WAITING_EVENTS: Final = 4096
"""What may wait for a client that reads slowly; beyond that it is dropped."""
IDLE_SECONDS: Final = 5 * 60.0
LONGEST_SECONDS: Final = 30 * 60.0


class Outbox(Protocol):
    """The way to the clients of this process; its methods may be called on any thread."""

    def post(self, posts: Sequence[Post]) -> None:
        """Send events, soon and in order; who reads too slowly is dropped."""
        ...

    def wake(self, client: RealtimeClient) -> None:
        """Send what waits for a client that has shown itself, soon."""
        ...

    def hang_up(self, client: RealtimeClient) -> None:
        """End the connection, soon."""
        ...


class RealtimeClient:
    """A client of the realtime API; handlers may read all of it and `send()`."""

    __slots__ = (
        "auth",
        "began",
        "id",
        "idle_seconds",
        "ip",
        "is_dropped",
        "is_known",
        "last_sent",
        "outbox",
        "subscriptions",
        "values",
    )

    def __init__(self, id: str, ip: str) -> None:
        self.id = id
        self.ip = ip
        self.auth: Record | None = None
        """Who it signed in as when it subscribed last; None for a guest."""
        self.subscriptions: dict[str, Subscription] = {}
        self.values: dict[str, Any] = {}
        """Room for handlers."""
        self.is_known = False
        """Whether it has shown that it got its id."""
        self.is_dropped = False
        """Whether nothing is sent to it any more."""
        self.began = self.last_sent = monotonic()
        self.idle_seconds = IDLE_SECONDS
        self.outbox: Outbox | None = None

    def connect(self, outbox: Outbox) -> None:
        """Send by *outbox* from now on."""
        self.outbox = outbox

    def subscribe(self, texts: Iterable[str]) -> None:
        """Replace the subscriptions."""
        self.subscriptions = {text: parse_subscription(text) for text in texts if text}

    def has_topic(self, topic: str) -> bool:
        """Tell whether a subscription is to *topic*, without options."""
        return topic in self.subscriptions

    def send(self, name: str, data: bytes | str) -> None:
        """Send one event. A client that reads too slowly is dropped instead."""
        post(frame(name, data.encode() if isinstance(data, str) else data), (self,))

    def show_itself(self) -> None:
        """Note that the client has got its id, so that the way to it is free."""
        was_known, self.is_known = self.is_known, True
        if not was_known and self.outbox is not None:
            self.outbox.wake(self)

    def drop(self) -> None:
        """Send nothing any more and end the connection."""
        self.is_dropped = True
        if self.outbox is not None:
            self.outbox.hang_up(self)

    def is_overdue(self, now: float) -> bool:
        """Tell whether the connection has had its time: idle for too long, or too old."""
        return now - self.last_sent > self.idle_seconds or now - self.began > LONGEST_SECONDS


class _Kept(threading.local):
    """What this thread sends together, and since when."""

    posts: list[Post] | None = None
    since: float = 0.0


_KEPT: Final = _Kept()
_LONGEST_KEPT: Final = 0.1
"""Seconds; where rules are asked for each client, events come slowly and need not wait for others."""


@contextmanager
def together() -> Iterator[None]:
    """Send in few pieces, and in their order, what events this thread makes until the end.

    PERF: else the first would be on their way to everybody before the second is made.
    """
    if _KEPT.posts is not None:
        yield
        return
    _KEPT.posts = []
    try:
        yield
    finally:
        posts, _KEPT.posts = _KEPT.posts, None
        _post_all(posts)


def post(event: bytes, clients: Sequence[RealtimeClient]) -> None:
    """Send an event made by `frame()` to clients of this process, which share it."""
    kept = _KEPT.posts
    if kept is None:
        _post_all([(event, clients)])
        return
    if not kept:
        _KEPT.since = monotonic()
    kept.append((event, clients))
    if monotonic() - _KEPT.since > _LONGEST_KEPT:
        _KEPT.posts = []
        _post_all(kept)


def _post_all(posts: Sequence[Post]) -> None:
    # NOTE: all of one process have the same outbox
    outbox = next((c.outbox for _, clients in posts for c in clients if c.outbox), None)
    if outbox is not None:
        outbox.post(posts)
