"""Falcon's request and response, made leaner and with what our responders ask of them."""

from __future__ import annotations

from io import BytesIO
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Protocol

import falcon

from pocketbase_server.kit.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo
    from pocketbase_server.web.endpoint import Endpoint
    from pocketbase_server.web.multipart import Form

HEADERS_KEY: Final = "pocketbase.headers"
MATCH_KEY: Final = "pocketbase.match"
REFUSAL_KEY: Final = "pocketbase.refusal"
DELAY_KEY: Final = "pocketbase.delay"
COUNTED_KEY: Final = "pocketbase.counted"
"""WSGI environ keys by which the server process hands over what it already knows.

By `DELAY_KEY` a responder hands back how many seconds the answer is to wait; `COUNTED_KEY` says that
the request was counted for the rate limits, in case that it is run again.
"""

NO_BODY: Final = BytesIO()
"""The input of requests that the server process knows to have no body."""

SECURITY_HEADERS: Final = {
    "vary": "Origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "x-xss-protection": "1; mode=block",
    "cross-origin-opener-policy": "same-origin",
}


class NativeHeaders(Protocol):
    """The server's own header object: names in lower case, values looked up on demand."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a header, or *default*."""
        ...

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all headers, repeated ones repeatedly."""
        ...


class Request(falcon.Request):
    """A request; `header()` is the quick way to one header."""

    __slots__ = (
        "_native",
        "_query",
        "body",
        "caller",
        "endpoint",
        "failure",
        "form",
        "info",
        "ip",
        "is_logged",
        "started",
    )

    def __init__(self, env: dict[str, Any], options: Any = None) -> None:
        # PERF: Falcon would parse the query at once; we read it on demand, with the reference's rules
        query = env.pop("QUERY_STRING", "")
        super().__init__(env, options)
        self.query_string = query
        self._native: NativeHeaders | None = env.get(HEADERS_KEY)
        self._query: dict[str, str] | None = None
        self.caller: Record | None = None
        self.body: dict[str, Any] | None = None
        self.form: Form | None = None
        self.ip = ""
        self.info: RequestInfo | None = None
        self.endpoint: Endpoint | None = None
        self.failure: BaseException | None = None
        self.is_logged = True
        self.started = perf_counter()

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of repeated ones the first."""
        if self._query is None:
            self._query = parse_query(self.query_string) if self.query_string else {}
        return self._query

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name* (lower case, with dashes), or None."""
        if self._native is not None:
            value: str | None = self._native.get(name)
            return value
        if name in {"content-type", "content-length"}:
            return self.env.get(name.upper().replace("-", "_")) or None
        return self.env.get("HTTP_" + name.upper().replace("-", "_"))

    def header_items(self) -> list[tuple[str, str]]:
        """Return all headers, names in lower case with dashes."""
        if self._native is not None:
            return list(self._native.items())
        return [(name.lower(), value) for name, value in self.headers.items()]

    def header_reader(self) -> Callable[[], Iterable[tuple[str, str]]]:
        """Return what gives all headers, as `header_items()` does, and does not know of the request."""
        if self._native is not None:
            return self._native.items
        items = self.header_items()
        return lambda: items

    @property
    def target(self) -> str:
        """Path and query as one text."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path

    @property
    def remote_ip(self) -> str:
        """The address of the peer, which may be a proxy."""
        ip: str = self.env.get("REMOTE_ADDR") or ""
        return ip


class Response(falcon.Response):
    """A response that carries the security headers from the start."""

    __slots__ = ()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._headers = SECURITY_HEADERS.copy()

    def clear_headers(self) -> None:
        """Drop all headers, those of security too: for answers given before our own handling begins."""
        self._headers.clear()
        self._extra_headers = None

    def tell(self, headers: dict[str, str]) -> None:
        """Set headers whose names are in lower case, and whose values are fit for headers."""
        self._headers.update(headers)

    def add_vary(self, name: str) -> None:
        """Name one more request header that the answer depends on, on a line of its own."""
        self._extra_headers = [*(self._extra_headers or ()), ("vary", name)]

    def send(self, body: bytes, content_type: str, status: int = 200) -> None:
        """Answer with *body*."""
        self.status = status
        self._headers["content-type"] = content_type
        self.data = body

    def send_nothing(self, req: Request) -> None:
        """Answer with an empty body; its length is told unless only the headers were asked for."""
        # COMPAT: Falcon would tell a HEAD that the length is 0
        self.stream = () if req.method == "HEAD" else None

    def send_json_bytes(self, body: bytes, status: int = 200) -> None:
        """Answer with JSON that is already text."""
        self.status = status
        self._headers["content-type"] = "application/json"
        self.data = body
