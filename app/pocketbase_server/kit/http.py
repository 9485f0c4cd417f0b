"""Asking other servers: answers of bounded size, and a way that never leads into our own network."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import PoolManager

TIMEOUT: Final = 30.0
"""Seconds that one answer may take to begin, and then each piece of it."""
MOST_BYTES: Final = 4 << 20
_CHUNK: Final = 1 << 16
_OPEN_STATUS: Final = 400
_SCHEMES: Final = ("http://", "https://")


class HttpError(Exception):
    """There was no answer, or one that is too large; the message says which."""


@dataclass(slots=True, frozen=True)
class HttpAnswer:
    """What another server said."""

    status: int
    content_type: str
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether the status is no error."""
        return self.status < _OPEN_STATUS


def ask(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> HttpAnswer:
    """Return what the server at *url* answers; redirects are followed. Raises `HttpError`."""
    return _ask(_anywhere(), method, url, headers or {}, body, MOST_BYTES)


def ask_public(url: str, most_bytes: int) -> HttpAnswer:
    """Return what GET answers at *url*, which may lead to public addresses only.

    Raises `HttpError`; also for addresses of this machine and its network, whatever name leads
    there and through whatever redirect.
    """
    return _ask(_public_only(), "GET", url, {}, None, most_bytes)


def _ask(
    pool: PoolManager,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    most: int,
) -> HttpAnswer:
    from urllib3.exceptions import HTTPError

    if not url.startswith(_SCHEMES):
        raise HttpError(f"{url!r} is no web address")
    try:
        answer = pool.request(method, url, headers=headers, body=body, preload_content=False)
        try:
            data = _read(answer, most)
        finally:
            answer.drain_conn() if answer.status < _OPEN_STATUS else answer.close()
    except (HTTPError, OSError, ValueError) as ex:
        raise HttpError(f"{method} {url}: {ex}") from ex
    return HttpAnswer(answer.status, answer.headers.get("content-type", ""), data)


def _read(answer: Any, most: int) -> bytes:
    data = bytearray()
    for piece in answer.stream(_CHUNK):
        data += piece
        if len(data) > most:
            answer.close()
            raise HttpError(f"the answer has more than {most} bytes")
    return bytes(data)


@cache
def _anywhere() -> PoolManager:
    from urllib3 import PoolManager

    return PoolManager(**_options())


def _options() -> dict[str, Any]:
    from urllib3 import Retry, Timeout

    return {
        # NOTE: a request that failed may have been carried out; only redirects are followed
        "retries": Retry(connect=0, read=0, other=0, status=0, redirect=5),
        "timeout": Timeout(connect=10.0, read=TIMEOUT),
    }


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


def public_address(host: str, port: int) -> str:
    """Return an address of *host*; raises `OSError` unless all that it has are public ones."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    # SECURITY: the caller connects to this address and not to the name, which may change its mind
    if not found or not all(is_public(address) for address in found):
        raise OSError(f"{host} is no public address")
    return found[0]


@cache
def _public_only() -> PoolManager:
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class PublicHttp(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, super()._new_conn)

    class PublicHttps(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, super()._new_conn)

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = PublicHttp

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = PublicHttps

    manager = PoolManager(**_options())
    manager.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}
    return manager


def _connect(connection: Any, connect: Any) -> socket.socket:
    name = connection._dns_host
    connection._dns_host = public_address(connection.host, connection.port)
    try:
        sock: socket.socket = connect()
    finally:
        # NOTE: the certificate is checked for the name
        connection._dns_host = name
    return sock
