"""Starting anew in place: the same process id, the same sockets, everything else fresh."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

_SOCKETS: Final = "PB_LISTENING_SOCKETS"
"""Names the sockets that a process hands to the one it becomes."""
SIGNAL: Final = getattr(signal, "SIGUSR1", None)
"""What a worker sends to its parent to have it restart."""


def ask_for_restart(parent: int) -> None:
    """Have the parent process, and so all workers, start anew."""
    if SIGNAL is None:
        raise NotImplementedError("this system cannot restart a process in place")
    os.kill(parent, SIGNAL)


def start_anew(listening: Sequence[socket.socket]) -> NoReturn:
    """Become the program that we were started as; callers of *listening* wait meanwhile."""
    for sock in listening:
        os.set_inheritable(sock.fileno(), True)  # noqa: FBT003 - the standard library's signature
    os.environ[_SOCKETS] = ",".join(str(sock.fileno()) for sock in listening)
    sys.stdout.flush()
    sys.stderr.flush()
    # NOTE: a released executable runs unpacked, elsewhere; its launcher tells where it lies
    executable = os.environ.get("POCKETBASE_EXECUTABLE")
    if executable:
        os.execv(executable, [executable, *sys.argv[1:]])  # noqa: S606 - ourselves
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - ourselves


def inherited_sockets() -> list[socket.socket]:
    """Return the sockets that the process we were before listened on, in the same order."""
    texts = os.environ.pop(_SOCKETS, "").split(",")
    return [sock for text in texts if (sock := _socket(text)) is not None]


def _socket(text: str) -> socket.socket | None:
    if not text.isdecimal():
        return None
    try:
        sock = socket.socket(fileno=int(text))
    except OSError:
        return None
    sock.set_inheritable(False)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return sock
