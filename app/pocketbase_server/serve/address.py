"""Where to listen: `127.0.0.1:8090`, `localhost:8090`, `:8090`, `[::1]:8090`."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from typing import Final

_BACKLOG: Final = 1024
_PORTS: Final = 65535
_SERVICES: Final = {"http": 80, "https": 443}


class ListenError(OSError):
    """We cannot listen there; the message says why."""


@dataclass(slots=True, frozen=True)
class Address:
    """A host (empty for all) and a port, and the text they came from."""

    text: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """The URL that the banner prints."""
        return f"http://{self.text}"


def parse_address(text: str) -> Address:
    """Return the address that *text* names; raises `ListenError`."""
    host, colon, port = text.rpartition(":")
    if not colon or (port.endswith("]") and "[" in text):
        raise ListenError(f"listen tcp: address {text}: missing port in address")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ListenError(f"listen tcp: address {text}: too many colons in address")
    return Address(text, host, _port(port))


def _port(text: str) -> int:
    if text in _SERVICES:
        return _SERVICES[text]
    if not (text.isdecimal() and text.isascii()) and text:
        raise ListenError(f"listen tcp: lookup tcp/{text}: unknown port")
    port = int(text or 0)
    if port > _PORTS:
        raise ListenError(f"listen tcp: address {text}: invalid port")
    return port


def listen(address: Address) -> socket.socket:
    """Return a socket that listens at *address*; raises `ListenError` when that cannot be."""
    family, where = _resolve(address)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and not address.host:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # PERF: inherited by every connection; without it a file's first bytes wait 40 ms for the
        # acknowledgement of its headers
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind(where)
        sock.listen(_BACKLOG)
    except OSError as ex:
        sock.close()
        reason = os.strerror(ex.errno or 0).lower() if ex.errno else str(ex)
        raise ListenError(f"listen tcp {_shown(address, where)}: bind: {reason}") from ex
    sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return sock


def _resolve(address: Address) -> tuple[socket.AddressFamily, tuple[str, int]]:
    if not address.host:
        family = socket.AF_INET6 if _has_ipv6() else socket.AF_INET
        return family, ("::" if family == socket.AF_INET6 else "0.0.0.0", address.port)  # noqa: S104
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as ex:
        raise ListenError(f"listen tcp: lookup {address.host}: no such host") from ex
    # COMPAT: of a name's addresses the first of IPv4 is taken
    family, _, _, _, where = next((f for f in found if f[0] == socket.AF_INET), found[0])
    return family, (str(where[0]), address.port)


def _has_ipv6() -> bool:
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError as ex:
        return ex.errno == errno.EACCES
    return True


def _shown(address: Address, where: tuple[str, int]) -> str:
    host = where[0] if address.host else ""
    return f"[{host}]:{where[1]}" if ":" in host else f"{host}:{where[1]}"
