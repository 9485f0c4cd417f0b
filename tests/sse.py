"""
A small client of server-sent events over a plain socket.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time
from typing import Any

from scripts.servers import LIMIT


class Listener:
    """One connection to `/api/realtime`."""

    def __init__(
        self,
        port: int,
        headers: dict[str, str] | None = None,
        receive: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._socket = socket.socket()
        if receive:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self._socket.settimeout(LIMIT)
        self._socket.connect(("127.0.0.1", port))
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket)
        lines = [f"{name}: {value}\r\n" for name, value in (headers or {}).items()]
        request = f"GET /api/realtime HTTP/1.1\r\nHost: x\r\n{''.join(lines)}\r\n"
        self._socket.sendall(request.encode())
        self._raw = b""
        self._body = b""
        self.is_closed = False
        self.head = self._read_head()
        greeting = self.event() or {}
        self.id: str = greeting.get("id", "")
        self.greeting = greeting

    def _read_head(self) -> str:
        while b"\r\n\r\n" not in self._raw:
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError(self._raw)
            self._raw += piece
        head, _, self._raw = self._raw.partition(b"\r\n\r\n")
        return head.decode()

    def event(self, seconds: float = LIMIT) -> dict[str, Any] | None:
        """Return the next event, its data parsed; None when none comes in time."""
        end = time.monotonic() + seconds
        while b"\n\n" not in self._body:
            self._unpack()
            if b"\n\n" in self._body:
                break
            if self.is_closed or not self._receive(end - time.monotonic()):
                return None
        text, _, self._body = self._body.partition(b"\n\n")
        fields = dict(line.partition(":")[::2] for line in text.decode().split("\n"))
        with contextlib.suppress(ValueError):
            fields["data"] = json.loads(fields["data"])
        return fields

    def must_hear(self) -> dict[str, Any]:
        """Return the next event; fail when none comes."""
        event = self.event()

        assert event is not None, "closed" if self.is_closed else "nothing is heard"
        return event

    def _receive(self, seconds: float) -> bool:
        if seconds <= 0:
            return False
        self._socket.settimeout(seconds)
        try:
            piece = self._socket.recv(1 << 20)
        except TimeoutError:
            return False
        except ConnectionError:
            piece = b""
        self.is_closed = not piece
        self._raw += piece
        return bool(piece)

    def _unpack(self) -> None:
        """Take whole chunks out of the transfer coding."""
        while b"\r\n" in self._raw:
            size, _, rest = self._raw.partition(b"\r\n")
            length = int(size, 16)
            if length == 0:
                self.is_closed = True
                return
            if len(rest) < length + 2:
                return
            assert rest[length : length + 2] == b"\r\n"
            self._body += rest[:length]
            self._raw = rest[length + 2 :]

    def events(self, seconds: float) -> list[dict[str, Any]]:
        """Return all events until none has come for so long; which proves nothing of what may come."""
        found = []
        while (event := self.event(seconds)) is not None:
            found.append(event)
        return found

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
