"""The port beside TLS: shows authorities the proof that they look for, sends everybody else to HTTPS."""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

HEAD_BYTES: Final = 16 << 10
"""The longest head of a request that is read."""
_HEAD_SECONDS: Final = 10.0
_GOODBYE_SECONDS: Final = 2.0
_CONNECTIONS: Final = 512
_PROOFS: Final = "/.well-known/acme-challenge/"
_HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]*)?")
_AS_IS: Final = "/?#%[]@!$&'()*+,;=:~-._"
_HTTPS_PORT: Final = 443


class PlainPort:
    """Answers the connections of one listening socket; each gets one answer."""

    def __init__(
        self, names: Collection[str], tokens: Mapping[str, str], *, ports: tuple[int, int]
    ) -> None:
        self._names = names
        self._tokens = tokens
        self._plain, self._secure = ports
        self._running = 0
        self._idle: asyncio.Event | None = None
        """Set once nobody is being answered; made when we are told to stop."""

    async def drain(self, patience: float) -> None:
        """Return when nobody is being answered any more, or after *patience* seconds."""
        if self._running:
            self._idle = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), patience)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        if self._running >= _CONNECTIONS:
            writer.close()
            return
        self._running += 1
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client went, or had nothing to say
        finally:
            self._running -= 1
            writer.close()
            if self._idle is not None and not self._running:
                self._idle.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            head = b""
        writer.write(self.answer(head))
        writer.write_eof()
        # NOTE: closing on a body that nobody has read would take the answer away from the client
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                while await reader.read(HEAD_BYTES):
                    pass

    def answer(self, head: bytes) -> bytes:
        """Return the answer to a request that begins with *head*."""
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        host = _HOST.fullmatch(_host_of(lines))
        if len(words) != 3 or not words[2].startswith("HTTP/1.") or host is None:  # noqa: PLR2004
            return _text(HTTPStatus.BAD_REQUEST, "Bad Request")
        method, target = words[0], _path_of(words[1])
        if target.startswith(_PROOFS):
            return self._proof(host["name"], target.removeprefix(_PROOFS))
        # COMPAT: nobody should get used to sending data unencrypted
        if method not in {"GET", "HEAD"}:
            return _text(HTTPStatus.BAD_REQUEST, "Use HTTPS")
        location = f"https://{self._secure_host(host)}{quote(target, safe=_AS_IS)}"
        return _redirect(location, has_body=method == "GET")

    def _proof(self, name: str, token: str) -> bytes:
        if name.lower() not in self._names:
            return _text(HTTPStatus.FORBIDDEN, f'host "{name}" is not served here')
        text = self._tokens.get(token)
        if text is None:
            return _text(HTTPStatus.NOT_FOUND, "no such challenge")
        return _answer(HTTPStatus.OK, "application/octet-stream", text.encode())

    def _secure_host(self, host: re.Match[str]) -> str:
        """Return where the host is served over TLS.

        COMPAT: without a port there is none, with one it is 443. Who came to our own port, though,
        finds our own there: nobody maps ports in between.
        """
        if not host["port"]:
            return host["name"]
        own = host["port"] == f":{self._plain}"
        return f"{host['name']}:{self._secure if own else _HTTPS_PORT}"


def _host_of(lines: list[str]) -> str:
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "host":
            return value.strip()
    return ""


def _path_of(target: str) -> str:
    """Return the path and query, also when the target is a whole URL."""
    if target.lower().startswith("http://"):
        _, slash, rest = target[7:].partition("/")
        return slash + rest or "/"
    return target if target.startswith("/") else "/"


def _redirect(location: str, *, has_body: bool) -> bytes:
    body = f'<a href="{html.escape(location)}">Found</a>.\n\n' if has_body else ""
    return _answer(
        HTTPStatus.FOUND, "text/html; charset=utf-8", body.encode(), f"Location: {location}"
    )


def _text(status: HTTPStatus, text: str) -> bytes:
    more = "X-Content-Type-Options: nosniff"
    return _answer(status, "text/plain; charset=utf-8", f"{text}\n".encode(), more)


def _answer(status: HTTPStatus, kind: str, body: bytes, *more: str) -> bytes:
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {kind}",
        *more,
        f"Content-Length: {len(body)}",
        "Connection: close",
        "\r\n",
    )
    return "\r\n".join(lines).encode("latin-1") + body
