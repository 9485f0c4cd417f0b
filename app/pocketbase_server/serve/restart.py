"""Starting anew in place: the same process id, the same socket, everything else fresh."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Final, NoReturn

_SOCKET: Final = "PB_LISTENING_SOCKET"
"""Names the socket that a process hands to the one it becomes."""
SIGNAL: Final = getattr(signal, "SIGUSR1", None)
"""What a worker sends to its parent to have it restart."""


def ask_for_restart(parent: int) -> None:
    """Have the parent process, and so all workers, start anew."""
    if SIGNAL is None:
        raise NotImplementedError("this system cannot restart a process in place")
    os.kill(parent, SIGNAL)


def start_anew(listening: socket.socket) -> NoReturn:
    """Become the program that we were started as; callers of *listening* wait meanwhile."""
    os.set_inheritable(listening.fileno(), True)  # noqa: FBT003 - the standard library's signature
    os.environ[_SOCKET] = str(listening.fileno())
    sys.stdout.flush()
    sys.stderr.flush()
    # NOTE: a released executable runs unpacked, elsewhere; its launcher tells where it lies
    executable = os.environ.get("POCKETBASE_EXECUTABLE")
    if executable:
        os.execv(executable, [executable, *sys.argv[1:]])  # noqa: S606 - ourselves
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves


def inherited_socket() -> socket.socket | None:
    """Return the socket that the process we were before listened on, or None."""
    text = os.environ.pop(_SOCKET, "")
    if not text.isdecimal():
        return None
    try:
        sock = socket.socket(fileno=int(text))
    except OSError:
        return None
    sock.set_inheritable(False)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return sock
