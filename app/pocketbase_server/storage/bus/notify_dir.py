"""The bus of processes on one machine that share a data directory: one local socket for each."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import tempfile
import threading
from hashlib import blake2b
from pathlib import Path
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.ids import random_string

if TYPE_CHECKING:
    from pocketbase_server.storage.bus.base import Handler

TAG_LENGTH: Final = 6
ASK_SECONDS: Final = 3.0
_SEND_SECONDS: Final = 1.0
_LONGEST_PATH: Final = 90
"""Bytes; the address of a local socket has room for about a hundred."""
_LOOK_EVERY: Final = 0.005
_TICK_NS: Final = 100_000_000
_LARGE: Final = 48 << 10
_RECEIVE: Final = 1 << 18
_HEAD: Final = struct.Struct(f"<B{TAG_LENGTH}sQ")
_NEWS, _QUESTION, _ANSWER, _END = range(4)
_IN_FILE: Final = 0x80
_SUFFIX: Final = ".sock"


class NotifyDirBus:
    """Datagrams between local sockets in a folder; what is too large for one goes through a file.

    A process has a socket only once it listens, so `has_peers()` is one look at the folder.
    """

    name: Final = "notify_dir"

    def __init__(self, folder: Path) -> None:
        self.tag = random_string(TAG_LENGTH)
        self._folder = _short(folder)
        self._handler: Handler | None = None
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._waiting: dict[int, _Pending] = {}
        self._number = 0
        self._seen = -1
        self._look_at = 0.0
        self._peers: tuple[str, ...] = ()

    # -- listening

    def listen(self, handler: Handler) -> None:
        """Begin to take messages; a second call changes nothing."""
        if self._handler is None:
            self._handler = handler
        self._open()

    def _open(self) -> None:
        """Have a socket: who only asks needs one too, for the answers."""
        with self._lock:
            if self._socket is not None:
                return
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.bind(str(self._path(self.tag)))
            sock.settimeout(None)
            self._socket = sock
            self._thread = threading.Thread(target=self._receive, name="bus", daemon=True)
            self._thread.start()

    def _receive(self) -> None:
        sock = self._socket
        while sock is not None:
            try:
                data = sock.recv(_RECEIVE)
            except OSError:
                return
            if len(data) < _HEAD.size:
                continue
            kind, tag, number = _HEAD.unpack_from(data)
            if kind == _END:
                return
            with contextlib.suppress(OSError):
                self._take(kind, tag.decode("latin-1"), number, data[_HEAD.size :])

    def _take(self, kind: int, tag: str, number: int, message: bytes) -> None:
        if kind & _IN_FILE:
            message = self._from_file(message)
        kind &= ~_IN_FILE
        if kind == _ANSWER:
            pending = self._waiting.get(number)
            if pending is not None:
                pending.settle(message)
        elif kind == _QUESTION:
            threading.Thread(target=self._answer, args=(tag, number, message), daemon=True).start()
        else:
            self._handled(message)

    def _answer(self, tag: str, number: int, message: bytes) -> None:
        self._send(tag, _ANSWER, number, self._handled(message) or b"")

    def _handled(self, message: bytes) -> bytes | None:
        try:
            return self._handler(message) if self._handler is not None else None
        except Exception:  # noqa: BLE001 - one bad message must not end the bus
            return None

    # -- sending

    def has_peers(self) -> bool:
        """Tell whether any other process listens."""
        return bool(self._others())

    def _others(self) -> tuple[str, ...]:
        # PERF: asked with every write; the folder changes only when a process comes or goes
        now = monotonic()
        if now < self._look_at:
            return self._peers
        self._look_at = now + _LOOK_EVERY
        try:
            changed = os.stat(self._folder).st_mtime_ns  # noqa: PTH116
        except OSError:
            self._peers, self._seen = (), -1
            return ()
        if changed != self._seen:
            names = os.listdir(self._folder)  # noqa: PTH208
            tags = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
            self._peers = tuple(tag for tag in tags if tag != self.tag)
            # NOTE: the clock of a file system ticks slowly: within a tick there may be another change
            self._seen = changed if time_ns() - changed > _TICK_NS else -1
        return self._peers

    def publish(self, message: bytes) -> None:
        """Send a message to every other process that listens; what cannot be sent is lost."""
        for tag in self._others():
            self._send(tag, _NEWS, 0, message)

    def ask(self, tag: str, message: bytes) -> bytes | None:
        """Return the answer of the process called *tag*; None when there is none in time."""
        if tag not in self._others():
            # NOTE: its process may have come since the last look
            self._look_at, self._seen = 0.0, -1
            if tag not in self._others():
                return None
        self._open()
        pending = _Pending()
        with self._lock:
            self._number += 1
            number = self._number
            self._waiting[number] = pending
        try:
            return pending.wait() if self._send(tag, _QUESTION, number, message) else None
        finally:
            del self._waiting[number]

    def _send(self, tag: str, kind: int, number: int, message: bytes) -> bool:
        if len(message) > _LARGE:
            kind, message = kind | _IN_FILE, self._to_file(message)
        data = _HEAD.pack(kind, self.tag.encode(), number) + message
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(_SEND_SECONDS)
            try:
                sock.sendto(data, str(self._path(tag)))
            except (ConnectionRefusedError, FileNotFoundError):
                self._path(tag).unlink(missing_ok=True)  # its process died
                return False
            except OSError:
                return False
        return True

    def _to_file(self, message: bytes) -> bytes:
        path = self._folder / f"{random_string(16)}.msg"
        path.write_bytes(message)
        return path.name.encode()

    def _from_file(self, name: bytes) -> bytes:
        path = self._folder / Path(name.decode()).name
        message = path.read_bytes()
        path.unlink(missing_ok=True)
        return message

    def _path(self, tag: str) -> Path:
        return self._folder / f"{tag}{_SUFFIX}"

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        with self._lock:
            sock, self._socket = self._socket, None
        if sock is None:
            return
        self._send(self.tag, _END, 0, b"")
        self._path(self.tag).unlink(missing_ok=True)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)
        sock.close()


class _Pending:
    """A question that waits for its answer."""

    def __init__(self) -> None:
        self._is_settled = threading.Event()
        self._answer: bytes | None = None

    def settle(self, answer: bytes) -> None:
        self._answer = answer
        self._is_settled.set()

    def wait(self) -> bytes | None:
        self._is_settled.wait(ASK_SECONDS)
        return self._answer


def _short(folder: Path) -> Path:
    """Return *folder*, or one for it among the temporary files when its name is too long."""
    absolute = folder.absolute()
    if len(str(absolute).encode()) + TAG_LENGTH + len(_SUFFIX) <= _LONGEST_PATH:
        return absolute
    digest = blake2b(str(absolute.resolve()).encode(), digest_size=8).hexdigest()
    user = os.getuid() if hasattr(os, "getuid") else 0
    home = Path(tempfile.gettempdir()) / f"pocketbase-{user}"
    home.mkdir(mode=0o700, exist_ok=True)
    found = home.lstat()
    if hasattr(os, "getuid") and (found.st_uid != user or found.st_mode & 0o077):
        # SECURITY: somebody else's folder would let them read and write our messages
        home = Path(tempfile.mkdtemp(prefix="pocketbase-"))
    return home / digest
