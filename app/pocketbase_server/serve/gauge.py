"""How much of what granian was given for a connection has not left yet."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from collections.abc import Callable
from typing import Final

_ROOM: Final = 32 << 10
"""Bytes that may be in granian's hands for one connection."""
_FRAMING: Final = 10
"""Bytes that HTTP puts around what is given at once."""
_TCP_INFO: Final = 11
_ACKNOWLEDGED: Final = struct.Struct("=120xQ")
"""Where the system tells how many bytes the other side has taken."""
_ON_THE_WAY: Final = 0x5411
"""The question how many bytes are in the system's hands (SIOCOUTQ)."""
_INT: Final = struct.Struct("=i")


class Gauge:
    """Watches a handle of the socket, and never writes to it.

    The streams of one HTTP/2 connection share a gauge. What goes through the socket besides them, and
    what encryption adds, counts as theirs: it makes the gauge a little generous.
    """

    def __init__(self, sock: socket.socket, close: Callable[[socket.socket], None]) -> None:
        self._socket = sock
        self._close = close
        self._users = 0
        self._held = 0
        self._taken = taken(sock)

    def share(self) -> Gauge:
        """Count one more who uses the gauge."""
        self._users += 1
        return self

    def handed(self, size: int) -> None:
        """Take note that granian was given *size* bytes."""
        self._held += size + _FRAMING

    def has_room(self) -> bool:
        """Tell whether granian may be given more."""
        if self._held < _ROOM:
            return True
        now = taken(self._socket)
        self._held = max(0, self._held - (now - self._taken))
        self._taken = now
        return self._held < _ROOM

    def sever(self) -> None:
        """End the connection whatever still waits to be sent."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Let go of the socket, once nobody uses the gauge."""
        self._users -= 1
        if not self._users:
            self._close(self._socket)


def can_tell(sock: socket.socket) -> bool:
    """Tell whether the system counts what goes through a socket."""
    if sys.platform != "linux":
        return False
    try:
        taken(sock)
    except (OSError, struct.error):
        return False
    return True


def taken(sock: socket.socket) -> int:
    """Return how many bytes the system has taken over for a socket since it was opened."""
    from fcntl import ioctl

    info = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _ACKNOWLEDGED.size)
    (acknowledged,) = _ACKNOWLEDGED.unpack(info)
    (on_the_way,) = _INT.unpack(ioctl(sock.fileno(), _ON_THE_WAY, bytes(_INT.size)))
    return int(acknowledged + on_the_way)
