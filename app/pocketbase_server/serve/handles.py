"""Second handles of the sockets that granian holds: found by the address of their peer."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterable
from typing import Any, Final

_FOLDERS: Final = ("/proc/self/fd", "/dev/fd")
_NEAR: Final = 8
_SEND_BUFFER: Final = 256 << 10


WANTED: Final = 65_536
"""Handles that a worker may need: two for each connection that stays open."""


def raise_limit() -> None:
    """Let this process open as many handles as it may, more than the usual thousand."""
    try:
        import resource
    except ImportError:  # another platform
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (max(hard, WANTED), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        except (OSError, ValueError):
            continue  # only the system's administrator may ask for more than the hard limit
        return


def _limit() -> int:
    try:
        import resource
    except ImportError:
        return WANTED
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft > 0 else WANTED


class Handles:
    """Finds the socket of a request and gives another handle of it; used on the loop's thread."""

    def __init__(self) -> None:
        self._claimed: dict[int, int] = {}
        """Handles that nobody needs to look at: our own, each with granian's of the same socket."""
        self._taken: set[int] = set()
        self._seen: dict[str, int] = {}
        """Peers of sockets that a search came by."""
        self._most = _limit() * 3 // 4
        """Handles from here on are for new connections only."""

    def second(self, scope: Any, *, send_buffer: int = _SEND_BUFFER) -> socket.socket | None:
        """Return another handle of the socket that the request came by, or None.

        The system keeps as much for it as *send_buffer* says; 0 leaves that to the system.
        """
        if os.name != "posix":
            return None
        try:
            free = os.dup(0)
        except OSError:
            return None
        os.close(free)
        if free >= self._most:
            return None
        peer: str = scope.client
        fd = self._find(peer, free)
        sock = _duplicate(fd, peer) if fd is not None else None
        if sock is not None and send_buffer and scope.http_version.startswith("1"):
            # NOTE: other answers on an HTTP/2 connection want all the room they can get
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        if sock is not None and fd is not None:
            self._claimed[sock.fileno()] = fd
            self._taken.add(fd)
        return sock

    def close(self, sock: socket.socket) -> None:
        """Close a handle we gave."""
        self._taken.discard(self._claimed.pop(sock.fileno(), -1))
        sock.close()

    def _find(self, peer: str, free: int) -> int | None:
        known = self._seen.pop(peer, None)
        if known is not None and _peer_of(known) == peer:
            return known
        # PERF: a new connection takes the lowest handle that is free, so it is just below the next
        for fd in range(free - 1, max(2, free - _NEAR), -1):
            if self._is_worth(fd) and _peer_of(fd) == peer:
                return fd
        self._search()
        return self._seen.pop(peer, None)

    def _is_worth(self, fd: int) -> bool:
        return fd not in self._claimed and fd not in self._taken

    def _search(self) -> None:
        """Look at every handle, so that the next of a crowd are found at once."""
        self._seen = {
            peer: fd for fd in open_handles() if self._is_worth(fd) and (peer := _peer_of(fd))
        }


def open_handles() -> Iterable[int]:
    """Return the numbers of this process's open handles, and perhaps of some that are not open."""
    for folder in _FOLDERS:
        try:
            return [int(name) for name in os.listdir(folder)]  # noqa: PTH208
        except OSError:
            continue
    return range(3, 4096)


def _peer_of(fd: int) -> str:
    """Return the peer of the socket *fd*; "" when it is none, or has none."""
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return ""
        sock = socket.socket(fileno=fd)
    except OSError:
        return ""
    try:
        return _shown(sock.getpeername())
    except OSError:
        return ""
    finally:
        sock.detach()


def _duplicate(fd: int, peer: str) -> socket.socket | None:
    """Return another handle of the socket *fd*, if that is still the one of *peer*."""
    try:
        sock = socket.socket(fileno=os.dup(fd))
    except OSError:
        return None
    try:
        # SECURITY: asked of our own handle, which nobody can close and give to another connection
        if _shown(sock.getpeername()) == peer:
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            return sock
    except OSError:
        pass
    sock.close()
    return None


def _shown(address: Any) -> str:
    if not isinstance(address, tuple):
        return ""
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
