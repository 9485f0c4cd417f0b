"""How a worker makes room for the next without a caller noticing."""

from __future__ import annotations

import os
import signal
import socket
from typing import Final

from pocketbase_server.serve.handles import open_handles

SIGNAL: Final = getattr(signal, "SIGUSR2", None)
"""What the parent sends to a worker that it will replace."""
QUIET_SECONDS: Final = 2.0
"""How long connections that were just made have for their first request."""


def stop_accepting(where: object) -> None:
    """Leave new connections at the address *where* to others; those that we have go on.

    NOTE: granian can only stop altogether, and then drops connections whose first request is on
    its way. So its listening handle is put on a socket that nobody knows.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0) as nowhere:
        nowhere.setblocking(False)  # noqa: FBT003 - the standard library's signature
        for fd in open_handles():
            if fd != nowhere.fileno() and _listens(fd, where):
                os.dup2(nowhere.fileno(), fd, inheritable=False)


def _listens(fd: int, where: object) -> bool:
    try:
        sock = socket.socket(fileno=fd)
    except OSError:
        return False
    try:
        is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        return bool(is_listening) and sock.getsockname() == where
    except OSError:
        return False
    finally:
        sock.detach()
