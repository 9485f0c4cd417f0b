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


_BODILESS: Final = frozenset({falcon.HTTP_100, falcon.HTTP_101, falcon.HTTP_204, falcon.HTTP_304})


class NativeHeaders(Protocol):
    """The server's own header object: names in lower case, values looked up on demand."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a header, or *default*."""
        ...

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all headers, repeated ones repeatedly."""
        ...


class EnvironHeaders:
    """Headers as a WSGI environment has them, for servers that do not hand over their own."""

    __slots__ = ("_env",)

    def __init__(self, env: dict[str, Any]) -> None:
        self._env = env

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a header, or *default*."""
        name = key.upper().replace("-", "_")
        known = name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
        return self._env.get(name if known else f"HTTP_{name}") or default

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all headers."""
        for name, value in self._env.items():
            if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                yield name.removeprefix("HTTP_").lower().replace("_", "-"), value


_FALCONS: Final = frozenset(falcon.Request.__slots__)


class Request(falcon.Request):
    """A request; `header()` is the quick way to one header."""

    __slots__ = (
        "_query",
        "body",
        "caller",
        "endpoint",
        "failure",
        "form",
        "header",
        "info",
        "ip",
        "is_logged",
        "native",
        "started",
    )

    def __init__(self, env: dict[str, Any], options: Any = None) -> None:
        # PERF: Falcon would make much ready that hardly anything asks for: see `__getattr__()`
        self.env = env
        self.options = options
        self.method = env["REQUEST_METHOD"]
        path: str = env["PATH_INFO"] or "/"
        # NOTE: WSGI carries the bytes of a path as Latin-1 text
        self.path = path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")
        self.query_string: str = env.get("QUERY_STRING", "")
        native: NativeHeaders | None = env.get(HEADERS_KEY)
        self.native = EnvironHeaders(env) if native is None else native
        """The headers, names in lower case with dashes."""
        # PERF: the server's own function, asked without a step between
        self.header: Callable[[str], str | None] = self.native.get
        """Gives the first value of a header, or None."""
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

    def __getattr__(self, name: str) -> Any:
        """Have Falcon make ready what it keeps of a request, once something asks for it."""
        if name not in _FALCONS:
            raise AttributeError(name)
        path = self.path
        super().__init__(self.env, self.options)
        self.path = path
        return getattr(self, name)

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of repeated ones the first."""
        if self._query is None:
            self._query = parse_query(self.query_string) if self.query_string else {}
        return self._query

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

    def finish(self, method: str) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
        """Return status line, headers and body of the answer to a request of *method*, as WSGI has them."""
        status: str = falcon.code_to_http_status(self.status)
        body: Any = []
        length: int | None = 0
        if self._data is not None:
            body, length = [self._data], len(self._data)
        elif self.stream is not None:
            body, length = self.stream, None
        if method == "HEAD" or status in _BODILESS:
            body = []
            # NOTE: what a HEAD was told to be the length stays so
            if status in _BODILESS or "content-length" in self._headers:
                length = None
        if length is not None:
            self._headers["content-length"] = str(length)
        return status, self._wsgi_headers(), body

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
