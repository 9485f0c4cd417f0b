"""One connected client: what it listens to, who it is, what waits to be sent to it."""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from pocketbase_server.services.realtime.topics import Subscription, frame, parse_subscription

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.core.records.model import Record

MAX_WAITING_BYTES: Final = 1 << 20
MAX_WAITING_EVENTS: Final = 4096
"""What may wait for a client that reads slowly; beyond that it is dropped."""
IDLE_SECONDS: Final = 5 * 60.0
LONGEST_SECONDS: Final = 30 * 60.0


class Line(Protocol):
    """The way to a client; its methods may be called on any thread."""

    def wake(self, client: RealtimeClient) -> None:
        """Send what waits, soon."""
        ...

    def hang_up(self, client: RealtimeClient) -> None:
        """End the connection, soon."""
        ...


class RealtimeClient:
    """A client of the realtime API; handlers may read all of it and `send()`."""

    __slots__ = (
        "_is_awake",
        "_line",
        "_lock",
        "_size",
        "_waiting",
        "auth",
        "began",
        "id",
        "idle_seconds",
        "ip",
        "is_dropped",
        "is_known",
        "last_sent",
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
        self.began = self.last_sent = monotonic()
        self.idle_seconds = IDLE_SECONDS
        self._line: Line | None = None
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._is_awake = False
        self._lock = threading.Lock()

    def connect(self, line: Line) -> None:
        """Send over *line* from now on."""
        self._line = line

    def subscribe(self, texts: Iterable[str]) -> None:
        """Replace the subscriptions."""
        self.subscriptions = {text: parse_subscription(text) for text in texts if text}

    def has_topic(self, topic: str) -> bool:
        """Tell whether any subscription is to *topic*, whatever its options."""
        return any(s.topic == topic for s in self.subscriptions.values())

    def send(self, name: str, data: bytes | str) -> None:
        """Send one event; never waits. A client that reads too slowly is dropped instead."""
        self.push(frame(name, data.encode() if isinstance(data, str) else data))

    def push(self, event: bytes) -> None:
        """Send an event made by `frame()`, which may be shared by many clients."""
        with self._lock:
            if self.is_dropped:
                return
            self._waiting.append(event)
            self._size += len(event)
            is_over = self._size > MAX_WAITING_BYTES or len(self._waiting) > MAX_WAITING_EVENTS
            if is_over:
                self._forget()
            was_awake, self._is_awake = self._is_awake, True
        if self._line is None:
            return
        if is_over:
            self._line.hang_up(self)
        elif not was_awake:
            self._line.wake(self)

    def _forget(self) -> None:
        self.is_dropped = True
        self._waiting.clear()
        self._size = 0

    def take(self, most: int) -> list[bytes]:
        """Return events that wait, about *most* bytes of them; none: the next `send()` wakes the line."""
        taken: list[bytes] = []
        size = 0
        with self._lock:
            while self._waiting and size < most:
                event = self._waiting.popleft()
                taken.append(event)
                size += len(event)
            self._size -= size
            self._is_awake = bool(taken)
        if taken:
            self.last_sent = monotonic()
        return taken

    def show_itself(self) -> None:
        """Note that the client has got its id, so that the way to it is free."""
        with self._lock:
            was_known, self.is_known = self.is_known, True
            self._is_awake = self._is_awake or not was_known
        if not was_known and self._line is not None:
            self._line.wake(self)

    def drop(self) -> None:
        """Send nothing any more and end the connection."""
        with self._lock:
            self._forget()
        if self._line is not None:
            self._line.hang_up(self)

    def is_overdue(self, now: float) -> bool:
        """Tell whether the connection has had its time: idle for too long, or too old."""
        return now - self.last_sent > self.idle_seconds or now - self.began > LONGEST_SECONDS
