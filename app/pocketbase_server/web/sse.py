"""An answer that goes on: server-sent events, which the server process sends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from pocketbase_server.services.realtime.clients import RealtimeClient
    from pocketbase_server.services.realtime.realtime import Realtime

CONNECTED: Final = "PB_CONNECT"
HEADERS: Final = {
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}


class EventStream:
    """A body without an end: the events of one realtime client."""

    __slots__ = ("client", "realtime")

    def __init__(self, realtime: Realtime, client: RealtimeClient) -> None:
        self.realtime = realtime
        self.client = client

    def greeting(self) -> bytes:
        """Return the first event, which tells the client its id."""
        data = orjson.dumps({"clientId": self.client.id})
        return b"id:%b\nevent:%b\ndata:%b\n\n" % (
            self.client.id.encode(),
            CONNECTED.encode(),
            data,
        )

    def __iter__(self) -> Iterator[bytes]:
        # NOTE: for servers that cannot keep a connection open by themselves, such as test clients
        yield self.greeting()
