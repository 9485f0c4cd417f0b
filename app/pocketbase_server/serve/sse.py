"""Connections that stay open: events go straight to the socket, on the event loop.

Granian takes whatever it is given into a queue without end, so a client that does not read would
cost all that is sent to it. We therefore write behind the greeting to a second handle of the same
socket, which tells when it is full. Where that cannot be had (another platform, too few handles)
granian sends, and memory is bounded by how long a connection may last.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.serve.handles import Handles

if TYPE_CHECKING:
    from pocketbase_server.services.realtime.clients import RealtimeClient
    from pocketbase_server.web.sse import EventStream

_AT_ONCE: Final = 64 << 10
"""Bytes of events that leave the shared queue together."""
_ROUND: Final = 256
"""Clients that are served before others on the loop have their turn."""
_SWEEP_SECONDS: Final = 5.0
_END_OF_CHUNKS: Final = b"0\r\n\r\n"


class Lines:
    """The open connections of one worker."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._lines: dict[RealtimeClient, _Line] = {}
        self._awake: deque[RealtimeClient] = deque()
        self._handles: Handles
        self._is_due = False
        self._is_closed = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve on *loop*."""
        self._loop = loop
        self._handles = Handles()

    async def serve(self, scope: Any, proto: Any, answer: Any, stream: EventStream) -> None:
        """Answer with the stream, until the client goes or is sent away."""
        client, realtime = stream.client, stream.realtime
        sock = None if self._is_closed else self._handles.second(scope)
        transport = proto.response_stream(answer.status, answer.headers)
        transport.send_bytes(stream.greeting())
        if self._is_closed:
            return
        line = _Line(client, transport, sock, self._loop, is_chunked=scope.http_version != "1.0")
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
            self._handles.forget(sock)
            line.release()
            gone.cancel()

    # -- called on any thread

    def wake(self, client: RealtimeClient) -> None:
        """Send what waits for a client, soon."""
        self._awake.append(client)
        if not self._is_due:
            self._is_due = True
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._flush)

    def hang_up(self, client: RealtimeClient) -> None:
        """End the connection of a client, soon."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._close, client)

    # -- on the loop

    def _flush(self) -> None:
        self._is_due = False
        awake, lines = self._awake, self._lines
        for _ in range(min(len(awake), _ROUND)):
            client = awake.popleft()
            line = lines.get(client)
            if line is not None:
                line.flush()
        if awake and not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._flush)

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


class _Line:
    """One connection; used on the loop's thread only."""

    __slots__ = (
        "_client",
        "_head",
        "_is_chunked",
        "_loop",
        "_rest",
        "_socket",
        "_transport",
        "closed",
    )

    def __init__(
        self,
        client: RealtimeClient,
        transport: Any,
        sock: socket.socket | None,
        loop: asyncio.AbstractEventLoop,
        *,
        is_chunked: bool,
    ) -> None:
        self._client = client
        self._transport = transport
        self._socket = sock
        self._loop = loop
        self._is_chunked = is_chunked
        self._head = b"id:%b\n" % client.id.encode()
        self._rest: memoryview | None = None
        """What the socket had no room for."""
        self.closed: asyncio.Future[None] = loop.create_future()

    def flush(self) -> None:
        """Send what waits, as much as there is room for."""
        # NOTE: before the client has shown its id, granian may still be sending the greeting
        if self._rest is not None or not self._client.is_known or self.closed.done():
            return
        while events := self._client.take(_AT_ONCE):
            head = self._head
            data = head + head.join(events)
            if not self._send(data):
                return

    def _send(self, data: bytes) -> bool:
        """Send *data*; return whether there may be room for more."""
        if self._socket is None:
            self._transport.send_bytes(data)
            return True
        if self._is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        return self._write(data)

    def _write(self, data: bytes | memoryview) -> bool:
        sock = self._socket
        if sock is None:
            return False
        try:
            sent = sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return False
        if sent == len(data):
            return True
        if self._rest is None:
            self._loop.add_writer(sock.fileno(), self._writable)
        self._rest = memoryview(data)[sent:]
        return False

    def _writable(self) -> None:
        rest, sock = self._rest, self._socket
        if rest is not None and sock is not None and self._write(rest):
            self._loop.remove_writer(sock.fileno())
            self._rest = None
            self.flush()

    def close(self) -> None:
        """End the connection."""
        if not self.closed.done():
            self.closed.set_result(None)

    def release(self) -> None:
        """Let go of the socket."""
        sock, self._socket = self._socket, None
        if sock is None:
            return
        if self._rest is not None:
            self._loop.remove_writer(sock.fileno())
        elif self._is_chunked:
            with contextlib.suppress(OSError):
                sock.send(_END_OF_CHUNKS)
        # NOTE: granian sees the end of its own handle by this, and closes it
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()


async def _watch(proto: Any, line: _Line) -> None:
    """Close the line when the client goes."""
    await proto.client_disconnect()
    line.close()
