"""Large files: the system sends them itself, past granian and past our memory.

Granian would read a file in pieces on other threads and copy each of them twice. Over a plain
connection it sends the head and a first piece only; the rest goes through a second handle of the
same socket, without a copy, whenever there is room.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.serve.handles import Handles

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from pocketbase_server.web.content import FileBody

LARGE: Final = 1 << 20
"""From here on it is quicker."""
FIRST: Final = 16 << 10
"""Bytes that granian sends with the head; fewer than the system takes from anybody at once."""
_STEP: Final = 1 << 20
"""Bytes that leave before others on the loop have their turn."""
_NEAR_MICROSECONDS: Final = 300
_NEAR_BUFFER: Final = 256 << 10
"""PERF: to who is near little is sent ahead, so that it is still in the processor's cache when it is read."""
_TURNS: Final = 3
"""How often granian's piece is looked for at once, and then with pauses."""
_SOON: Final = 0.001
_TRIES: Final = 10_000
"""How often we look for granian's piece, or for what the disk should bring, before we stop asking."""
_AT_LEAST: Final = _STEP // 16
"""What a turn counts as, also where nothing could be sent."""
_AT_ONCE: Final = 4
"""Connections that are served before we see which others there is room in."""
_TCP_INFO: Final = 11
_INFO: Final = struct.Struct("=B119xQQ12xI")
"""The state of a connection, the bytes that either side has, and how near the other is."""
_OPEN: Final = frozenset({1, 8})
"""States in which we may send: ours, and that of a client which has said its last."""
_UNSENT: Final = 0x5411
"""The question how many bytes are in the system's hands (SIOCOUTQ)."""
_INT: Final = struct.Struct("=i")
_BROKEN: Final = 0x018
"""What is told of a connection that can no longer be sent to: EPOLLERR or EPOLLHUP."""


class FileSender:
    """Sends large files on the event loop; who reads slowly costs two handles and nothing else."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._handles: Handles
        self._poll: select.epoll
        self._is_closed = False
        self._by_handle: dict[int, _Transfer] = {}
        self.busy: dict[str, asyncio.Future[None]] = {}
        """The peers whose connection is taken, and when it is free.

        NOTE: granian does not know, so whoever has a request from one of them has to wait.
        """

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send on *loop*."""
        self._loop = loop
        self._handles = Handles()

    async def free(self, peer: str) -> None:
        """Return once the connection of *peer* may be used for another answer."""
        while (ended := self.busy.get(peer)) is not None:
            await asyncio.wait([ended])
            await asyncio.sleep(0)

    def send(
        self, scope: Any, proto: Any, answer: Any, body: FileBody
    ) -> Coroutine[Any, Any, None] | None:
        """Return what answers with a large part of a file; None when granian has to."""
        if self._is_closed or not _is_ours(scope, answer, body):
            return None
        file = _opened(body)
        if file < 0:
            return None
        sock = self._handles.second(scope, send_buffer=0)
        if sock is None:
            os.close(file)
            return None
        info = _Info(sock)
        # NOTE: of a client that did not wait for the answer before, granian may still hold some
        if not info.is_open or info.unsent:
            os.close(file)
            self._handles.close(sock)
            return None
        if info.is_near:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _NEAR_BUFFER)
        transfer = _Transfer(sock, file, body, self._loop.create_future())
        return self._answer(scope.client, proto, answer, transfer, info.taken)

    async def _answer(
        self, peer: str, proto: Any, answer: Any, transfer: _Transfer, taken: int
    ) -> None:
        self.busy[peer] = transfer.ended
        try:
            size = _begin(proto, answer, transfer.first())
            if size and await _has_left(transfer.socket, taken + size):
                await self._rest(transfer)
        finally:
            del self.busy[peer]
            transfer.close()
            self._handles.close(transfer.socket)
            if not transfer.ended.done():
                transfer.ended.set_result(None)

    async def _rest(self, transfer: _Transfer) -> None:
        if not self._by_handle:
            self._open_poll()
        fd = transfer.socket.fileno()
        self._by_handle[fd] = transfer
        self._poll.register(fd, select.EPOLLOUT)
        try:
            await transfer.ended
        finally:
            del self._by_handle[fd]
            self._poll.unregister(fd)
            if not self._by_handle:
                self._loop.remove_reader(self._poll.fileno())
                self._poll.close()

    def _open_poll(self) -> None:
        # NOTE: one of our own, since the loop's forgets connections that break
        self._poll = select.epoll()
        self._loop.add_reader(self._poll.fileno(), self._send_ready)

    def _send_ready(self) -> None:
        left = _STEP
        while left > 0 and (ready := self._poll.poll(0, _AT_ONCE)):
            for fd, event in ready:
                transfer = self._by_handle.get(fd)
                if transfer is None or transfer.ended.done():
                    left = 0  # its coroutine is about to end it
                elif event & _BROKEN:
                    transfer.ended.set_result(None)
                elif transfer.is_at_hand():
                    left -= max(transfer.step(), _AT_LEAST)
                else:
                    self._poll.modify(fd, 0)
                    self._loop.call_later(_SOON, self._again, fd, transfer)

    def _again(self, fd: int, transfer: _Transfer) -> None:
        if self._by_handle.get(fd) is transfer:
            self._poll.modify(fd, select.EPOLLOUT)

    async def close(self) -> None:
        """Begin nothing any more, and return once everything has been sent."""
        self._is_closed = True
        while self.busy:
            await asyncio.wait(list(self.busy.values()))
            await asyncio.sleep(0)


class _Transfer:
    """One file on its way to one client."""

    __slots__ = ("_at", "_end", "_file", "_known", "_tries", "ended", "socket")

    def __init__(
        self, sock: socket.socket, file: int, body: FileBody, ended: asyncio.Future[None]
    ) -> None:
        self.socket = sock
        self.ended = ended
        self._file = file
        self._at = self._known = body.start
        self._end = body.end
        self._tries = 0

    def first(self) -> bytes:
        """Return the first piece."""
        data = os.pread(self._file, FIRST, self._at)
        self._at += len(data)
        self._known = self._at
        return data

    def step(self) -> int:
        """Send what there is room for, at most a step, and return how much that was."""
        try:
            sent = os.sendfile(self.socket.fileno(), self._file, self._at, self._known - self._at)
        except BlockingIOError:
            return 0
        except OSError:
            sent = 0
        self._at += sent
        # NOTE: nothing is sent when the file has been cut; what is missing then cannot come
        if not sent or self._at >= self._end:
            self.ended.set_result(None)
        return sent

    def is_at_hand(self) -> bool:
        """Tell whether there is something that can be sent without waiting for the disk."""
        if self._at < self._known:
            return True
        last = min(self._at + _STEP, self._end)
        if self._tries < _TRIES and self._must_be_read(last - 1):
            self._tries += 1
            return False
        self._known = last
        self._tries = 0
        return True

    def _must_be_read(self, last: int) -> bool:
        try:
            os.preadv(self._file, [bytearray(1)], last, os.RWF_NOWAIT)
        except BlockingIOError:
            os.posix_fadvise(self._file, self._at, _STEP, os.POSIX_FADV_WILLNEED)
            return True
        except OSError:
            pass  # a file system that cannot tell
        return False

    def close(self) -> None:
        """Let go of the file, and break the connection of a client that has not got all of it."""
        os.close(self._file)
        if self._at < self._end:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class _Info:
    """What the system knows of a connection."""

    __slots__ = ("is_near", "is_open", "taken", "unsent")

    def __init__(self, sock: socket.socket) -> None:
        from fcntl import ioctl

        (self.unsent,) = _INT.unpack(ioctl(sock.fileno(), _UNSENT, bytes(_INT.size)))
        told = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _INFO.size)
        state, arrived, received, microseconds = _INFO.unpack(told.ljust(_INFO.size, b"\0"))
        # NOTE: a request has come, so a system that counts has counted some
        self.is_open = state in _OPEN and received > 0
        self.taken: int = arrived + self.unsent
        """Bytes that the system took over since the connection was made."""
        self.is_near = microseconds <= _NEAR_MICROSECONDS


async def _has_left(sock: socket.socket, taken: int) -> bool:
    """Wait until the system has taken over so much; tell whether it has."""
    for turn in range(_TRIES):
        await asyncio.sleep(0 if turn < _TURNS else _SOON)
        info = _Info(sock)
        if info.taken >= taken or not info.is_open:
            return info.is_open
    return False


def _begin(proto: Any, answer: Any, first: bytes) -> int:
    """Have granian send the head and the first piece; return how long both are at least."""
    if not first:  # the file was cut just now
        return 0
    # NOTE: granian believes the length that the head tells, and that it has sent all there is
    proto.response_bytes(answer.status, answer.headers, first)
    # NOTE: what it adds to the head comes before the piece too
    return len(first) + sum([len(name) + len(value) + 4 for name, value in answer.headers])


def _is_ours(scope: Any, answer: Any, body: FileBody) -> bool:
    """Tell whether the answer is large, and followed by others on a connection we can write to."""
    if body.end - body.start < LARGE or scope.scheme != "http" or scope.http_version != "1.1":
        return False
    headers = scope.headers
    return (
        sys.platform == "linux"
        # NOTE: granian would close the connection as soon as it believes that it has sent all
        and "close" not in (headers.get("connection") or "").lower()
        and not headers.get("content-length")
        and not headers.get("transfer-encoding")
        and ("content-length", str(body.end - body.start)) in answer.headers
        and all(name != "connection" for name, _ in answer.headers)
    )


def _opened(body: FileBody) -> int:
    """Return a handle of the file, or -1 when it is not what it was."""
    try:
        file = os.open(body.place, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1
    if os.fstat(file).st_size >= body.end:
        return file
    os.close(file)
    return -1
