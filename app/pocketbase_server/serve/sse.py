"""Connections that stay open: events go straight to the sockets, on the event loop.

An event for many is posted once. It is sent from here to one connection after the other, without a
queue, a lock or a wake-up of each: what is left is nearly what the system takes for sending.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from functools import partial
from threading import get_ident
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.serve.handles import Handles
from pocketbase_server.serve.line import AT_ONCE, GranianWay, Line, SocketWay, Way, in_a_chunk

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from pocketbase_server.serve.gauge import Gauge
    from pocketbase_server.services.realtime.clients import RealtimeClient
    from pocketbase_server.web.sse import EventStream

_ROUND: Final = 256
"""Clients that are served before others on the loop have their turn."""
_MOST_POSTED: Final = 2048
"""Events that may wait for the loop; who posts more waits for it too."""
_PATIENCE_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 5.0
_WAKE: Final = b""
"""In place of an event: send what waits."""


class Lines:
    """The open connections of one worker."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._thread = 0
        """The loop's, which must not wait for itself."""
        self._lines: dict[RealtimeClient, Line] = {}
        self._posted: deque[tuple[bytes, Sequence[RealtimeClient]]] = deque()
        self._handles: Handles
        self._gauges: dict[str, Gauge] = {}
        self._is_due = False
        self._is_closed = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve on *loop*."""
        self._loop = loop
        self._handles = Handles()

    async def serve(self, scope: Any, proto: Any, answer: Any, stream: EventStream) -> None:
        """Answer with the stream, until the client goes or is sent away."""
        client, realtime = stream.client, stream.realtime
        self._thread = get_ident()
        line = Line(client, self._loop.create_future())
        way = None if self._is_closed else self._direct(scope, line)
        transport = proto.response_stream(answer.status, answer.headers)
        transport.send_bytes(stream.greeting())
        if self._is_closed:
            return
        line.way = way or GranianWay(line, transport, self._gauge(scope), self._loop)
        if not self._lines:
            self._loop.call_later(_SWEEP_SECONDS, self._sweep)
        self._lines[client] = line
        client.connect(self)
        realtime.start()
        realtime.broker.add(client)
        gone = self._loop.create_task(_watch(proto, line))
        try:
            await line.closed
        finally:
            realtime.broker.remove(client)
            del self._lines[client]
            line.release()
            gone.cancel()

    def _direct(self, scope: Any, line: Line) -> Way | None:
        """Return the way past granian, where there is one."""
        sock = self._handles.second(scope) if scope.scheme == "http" else None
        if sock is None:
            return None
        is_chunked = scope.http_version == "1.1"
        return SocketWay(line, sock, self._handles.close, self._loop, is_chunked=is_chunked)

    def _gauge(self, scope: Any) -> Gauge | None:
        """Return what tells how much granian holds for an encrypted connection, where that is known."""
        if scope.scheme == "http":
            return None
        from pocketbase_server.serve.gauge import Gauge, can_tell

        peer: str = scope.client
        gauge = self._gauges.get(peer)
        if gauge is None:
            sock = self._handles.second(scope)
            if sock is None:
                return None
            if not can_tell(sock):
                self._handles.close(sock)
                return None
            gauge = self._gauges[peer] = Gauge(sock, partial(self._close_gauge, peer))
        return gauge.share()

    def _close_gauge(self, peer: str, sock: socket.socket) -> None:
        del self._gauges[peer]
        self._handles.close(sock)

    # -- called on any thread

    def post(self, posts: Sequence[tuple[bytes, Sequence[RealtimeClient]]]) -> None:
        """Send events, each to all its clients, soon and in order; who reads too slowly is dropped.

        Waits only where events are posted faster than they can be sent.
        """
        posted = self._posted
        posted.extend(posts)
        if not self._is_due:
            self._is_due = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._flush)
        if len(posted) > _MOST_POSTED and get_ident() != self._thread:
            until = monotonic() + _PATIENCE_SECONDS
            while len(posted) > _MOST_POSTED and monotonic() < until:
                sleep(0.001)

    def wake(self, client: RealtimeClient) -> None:
        """Send what waits for a client, soon."""
        self.post([(_WAKE, (client,))])

    def hang_up(self, client: RealtimeClient) -> None:
        """End the connection of a client, soon."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._close, client)

    # -- on the loop

    def _flush(self) -> None:
        self._is_due = False
        posted, left = self._posted, _ROUND
        while posted and left > 0:
            events, clients = self._next()
            if len(clients) > left:
                others = clients[left:]
                posted.extendleft((event, others) for event in reversed(events))
                clients = clients[:left]
            left -= len(clients)
            self._send(events, clients)
        if posted and not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._flush)

    def _next(self) -> tuple[list[bytes], Sequence[RealtimeClient]]:
        """Return what is to be sent next, and to whom; all that is for the same clients at once."""
        posted = self._posted
        event, clients = posted.popleft()
        events, size = [event], len(event)
        while posted and size < AT_ONCE and posted[0][1] == clients:
            event = posted.popleft()[0]
            events.append(event)
            size += len(event)
        return events, clients

    def _send(self, events: Sequence[bytes], clients: Sequence[RealtimeClient]) -> None:
        find, now = self._lines.get, monotonic()
        pieces = in_a_chunk(events)
        is_wake = _WAKE in events
        for client in clients:
            line = find(client)
            # PERF: a thousand times for one event; for whom nothing waits, this is all
            if line is not None and line.is_free and not is_wake:
                line.way.write(line.head.join(pieces))
                client.last_sent = now
            elif line is not None:
                self._send_later(events, line)

    @staticmethod
    def _send_later(events: Sequence[bytes], line: Line) -> None:
        for event in events:
            if event is not _WAKE:
                line.keep(event)
        line.flush()

    def _close(self, client: RealtimeClient) -> None:
        line = self._lines.get(client)
        if line is not None:
            line.close()

    def _sweep(self) -> None:
        now = monotonic()
        for client, line in list(self._lines.items()):
            if client.is_overdue(now):
                line.close()
        if self._lines:
            self._loop.call_later(_SWEEP_SECONDS, self._sweep)

    async def close(self) -> None:
        """End all connections, and begin no others."""
        self._is_closed = True
        if not self._lines:
            return
        for line in list(self._lines.values()):
            line.close()
        # NOTE: their coroutines end them, before the loop does
        await asyncio.sleep(0.01)


async def _watch(proto: Any, line: Line) -> None:
    """Close the line when the client goes."""
    await proto.client_disconnect()
    line.close()
