"""One open connection: what waits for its client, and the ways to send it.

Granian takes whatever it is given into a queue without end, so a client that does not read would
cost all that is sent to it. Plain connections are therefore written to by ourselves, behind the
greeting, through a second handle of the same socket, which tells when it is full. Under TLS granian
sends, and a gauge on the socket tells how much of it has left. Where neither can be had (another
platform, too few handles) memory is bounded by how long a connection may last.

All of it is used on the loop's thread only.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from pocketbase_server.services.realtime.broker import ID_LENGTH
from pocketbase_server.services.realtime.clients import MAX_WAITING_BYTES, MAX_WAITING_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pocketbase_server.serve.gauge import Gauge
    from pocketbase_server.services.realtime.clients import RealtimeClient

AT_ONCE: Final = 16 << 10
"""Bytes of events that leave the shared queue together."""
HEAD_LENGTH: Final = len("id:\n") + ID_LENGTH
"""Bytes that every event of a client begins with."""
_SOON: Final = 0.01
_LATER: Final = 1.0
"""How often a gauge is looked at while there is no room: ever less often."""
_END_OF_CHUNKS: Final = b"0\r\n\r\n"


class Way(Protocol):
    """How bytes get to a client."""

    is_quick: bool
    """Whether a chunk may be written as it is, when nothing waits."""
    is_full: bool
    """Whether nothing more should be sent now; the line is told to flush when that has changed."""

    def send(self, data: bytes) -> None:
        """Send *data*."""
        ...

    def write(self, data: bytes) -> None:
        """Send *data* that is in a chunk already; only where `is_quick`."""
        ...

    def release(self, *, is_dropped: bool) -> None:
        """Let go of the connection; at once when the client is *is_dropped*."""
        ...


def in_a_chunk(events: Sequence[bytes]) -> list[bytes]:
    """Return pieces that make a chunk of *events* when a client's head is put between them."""
    size = len(events) * HEAD_LENGTH + sum(map(len, events))
    *others, last = events
    return [b"%x\r\n" % size, *others, last + b"\r\n"]


class Line:
    """One connection, and what waits for it."""

    __slots__ = ("_client", "_size", "_waiting", "closed", "head", "is_free", "way")

    def __init__(self, client: RealtimeClient, closed: asyncio.Future[None]) -> None:
        self._client = client
        self._waiting: list[bytes] = []
        self._size = 0
        self.closed = closed
        self.head = b"id:%b\n" % client.id.encode()
        """What every event of the client begins with."""
        self.way: Way
        self.is_free = False
        """Whether a chunk may be given to the way as it is: nothing waits before it."""

    def keep(self, event: bytes) -> None:
        """Let an event wait; a client for whom too much waits is dropped."""
        if self._client.is_dropped:
            return
        self.is_free = False
        self._waiting.append(event)
        self._size += len(event)
        if self._size > MAX_WAITING_BYTES or len(self._waiting) > MAX_WAITING_EVENTS:
            self._client.is_dropped = True
            self.close()

    def flush(self) -> None:
        """Send what waits, as much as there is room for."""
        # NOTE: before the client has shown its id, granian may still be sending the greeting
        if self.closed.done() or not self._client.is_known or self.way.is_full:
            return
        way = self.way
        if self._waiting:
            self._client.last_sent = monotonic()
        while self._waiting:
            way.send(self._taken())
            if way.is_full:
                return
        self.is_free = way.is_quick and not self.closed.done()

    def _taken(self) -> bytes:
        """Return events that wait, about as much as may leave at once."""
        size = count = 0
        for event in self._waiting:
            if size >= AT_ONCE:
                break
            size += len(event)
            count += 1
        events = self._waiting[:count]
        del self._waiting[:count]
        self._size -= size
        return self.head + self.head.join(events)

    def close(self) -> None:
        """End the connection."""
        self.is_free = False
        self._waiting.clear()
        self._size = 0
        if not self.closed.done():
            self.closed.set_result(None)

    def release(self) -> None:
        """Let go of the connection, once it is closed."""
        self.close()
        self.way.release(is_dropped=self._client.is_dropped)
        # NOTE: they know each other; granian's side must go now, not when somebody looks for circles
        del self.way


class SocketWay:
    """Writes to a handle of the socket; what there is no room for waits until it is writable."""

    __slots__ = ("_close", "_line", "_loop", "_rest", "_socket", "is_full", "is_quick")

    def __init__(
        self,
        line: Line,
        sock: socket.socket,
        close: Callable[[socket.socket], None],
        loop: asyncio.AbstractEventLoop,
        *,
        is_chunked: bool,
    ) -> None:
        self._line = line
        self._close = close
        self._loop = loop
        self._socket = sock
        self._rest = memoryview(b"")
        self.is_full = False
        self.is_quick = is_chunked

    def send(self, data: bytes) -> None:
        """Send *data*, in a chunk of its own where there are chunks."""
        self.write(b"%x\r\n%b\r\n" % (len(data), data) if self.is_quick else data)

    def write(self, data: bytes | memoryview) -> None:
        """Send *data*, all of it or as much as there is room for."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._line.close()
            return
        if sent != len(data):
            self._wait(memoryview(data)[sent:])

    def _wait(self, rest: memoryview) -> None:
        self._rest = rest
        self._line.is_free = False
        if not self.is_full:
            self.is_full = True
            self._loop.add_writer(self._socket.fileno(), self._writable)

    def _writable(self) -> None:
        # NOTE: not in one line; the compiler cannot make an executable of `memoryview()` in a tuple
        rest = self._rest
        self._rest = memoryview(b"")
        self.write(rest)
        if not self._rest and self.is_full:
            self.is_full = False
            self._loop.remove_writer(self._socket.fileno())
            self._line.flush()

    def release(self, *, is_dropped: bool) -> None:  # noqa: ARG002
        """Let go of the socket."""
        sock = self._socket
        if self.is_full:
            self.is_full = False
            self._loop.remove_writer(sock.fileno())
        elif self.is_quick:
            with contextlib.suppress(OSError):
                sock.send(_END_OF_CHUNKS)
        # NOTE: granian sees the end of its own handle by this, and closes it
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        self._close(sock)


class GranianWay:
    """Lets granian send, as much as there is room for behind what it has not sent yet."""

    __slots__ = ("_gauge", "_line", "_loop", "_timer", "_transport", "is_full", "is_quick")

    def __init__(
        self, line: Line, transport: Any, gauge: Gauge | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._line = line
        self._loop = loop
        self._transport = transport
        self._gauge = gauge
        self._timer: asyncio.TimerHandle | None = None
        self.is_full = False
        self.is_quick = False

    def send(self, data: bytes) -> None:
        """Give *data* to granian."""
        self._transport.send_bytes(data)
        if self._gauge is not None:
            self._gauge.handed(len(data))
            self._look(self._gauge, _SOON)

    write = send

    def _look(self, gauge: Gauge, pause: float) -> None:
        was_full, self.is_full = self.is_full, not gauge.has_room()
        if self.is_full:
            longer = min(2 * pause, _LATER)
            self._timer = self._loop.call_later(pause, self._look, gauge, longer)
        elif was_full:
            self._line.flush()

    def release(self, *, is_dropped: bool) -> None:
        """Let go of the connection; granian ends the answer when nobody can send to it."""
        if self._timer is not None:
            self._timer.cancel()
        if self._gauge is not None:
            if is_dropped and self.is_full:
                # NOTE: granian would wait for a client that does not read, with all it has for it
                self._gauge.sever()
            self._gauge.release()
