"""One request as handlers of own routes see it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.hooks.events import RequestEvent
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.web.media import read_body, read_files, send_json
from pocketbase_server.web.request_info import request_info, rule_headers

if TYPE_CHECKING:
    from pathlib import Path

    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.kit.upload import Upload
    from pocketbase_server.web.exchange import Request, Response


class RouteEvent(RequestEvent):
    """Who asks, with what, and the means to answer.

    `params` holds the values of the path's parameters. The answer is what the last of `json()`,
    `text()`, … said; nothing said means 200 with an empty body. Raise an `AppError` to refuse.
    """

    __slots__ = ("_exchange", "_response", "params")

    def __init__(self, app: App, req: Request, resp: Response, params: dict[str, str]) -> None:
        super().__init__(app, _NO_REQUEST)
        self._exchange = req
        self._response = resp
        self.params = params

    # -- the request

    @property
    def request(self) -> RequestInfo:
        """The request in domain terms: method, query, body, headers, auth.

        Raises `BadRequestError` when the body is malformed.
        """
        return request_info(self._exchange)

    @request.setter
    def request(self, value: RequestInfo) -> None:
        pass

    @property
    def auth(self) -> Record | None:
        """The signed-in record, or None for a guest."""
        return self._exchange.caller

    @property
    def method(self) -> str:
        """The request's method."""
        return self._exchange.method

    @property
    def path(self) -> str:
        """The request's path, decoded."""
        return self._exchange.path

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters; of repeated ones the first."""
        return self._exchange.query

    @property
    def ip(self) -> str:
        """The caller's address, behind trusted proxies too."""
        return self._exchange.ip

    def header(self, name: str) -> str:
        """Return the first value of a request header, or an empty text."""
        return self._exchange.header(name.lower()) or ""

    def headers(self) -> dict[str, str]:
        """Return all request headers with names as rules write them: `x_token`."""
        return rule_headers(self._exchange)

    def body(self) -> dict[str, Any]:
        """Return the body as a mapping, be it JSON or a form; raises `BadRequestError`."""
        return read_body(self._exchange)

    def files(self) -> dict[str, list[Upload]]:
        """Return the uploaded files by field name."""
        return read_files(self._exchange)

    # -- the answer

    def set_header(self, name: str, value: str) -> None:
        """Set a header of the answer."""
        self._response.set_header(name, value)

    @property
    def status(self) -> int:
        """The answer's status so far."""
        return self._response.status_code

    def json(self, status: int, data: Any) -> None:
        """Answer with *data* as JSON, reduced to what `?fields=` asks for; records may be in it."""
        send_json(self._exchange, self._response, _exported(data), status)

    def text(self, status: int, text: str) -> None:
        """Answer with plain text."""
        self._response.send(text.encode(), "text/plain; charset=utf-8", status)

    def html(self, status: int, text: str) -> None:
        """Answer with a page."""
        self._response.send(text.encode(), "text/html; charset=utf-8", status)

    def blob(self, status: int, content_type: str, data: bytes) -> None:
        """Answer with bytes."""
        self._response.send(data, content_type, status)

    def file(self, path: Path) -> None:
        """Answer with a file; conditions and ranges are taken care of."""
        from pocketbase_server.web.content import send_file

        found = path.stat()
        send_file(
            self._exchange,
            self._response,
            str(path),
            size=found.st_size,
            modified=found.st_mtime,
        )

    def redirect(self, status: int, url: str) -> None:
        """Send the caller elsewhere; the status is one of the 300s."""
        if not _REDIRECTS[0] <= status <= _REDIRECTS[1]:
            raise ValueError(f"no redirect: {status}")
        self._response.status = status
        self._response.set_header("location", url)

    def no_content(self, status: int = 204) -> None:
        """Answer with nothing."""
        self._response.status = status
        self._response.data = None

    def finish(self) -> None:
        """See to it that handlers who answered with `event.answer` are heard."""
        if self.answer is not None and self._response.data is None:
            self.json(200, self.answer)


def _exported(value: Any) -> Any:
    """Return *value* as JSON can hold it: records and their like in their public form."""
    if hasattr(value, "export"):
        return value.export()
    if isinstance(value, Mapping):
        return {key: _exported(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_exported(item) for item in value]
    return value


_NO_REQUEST: Final = RequestInfo()
_REDIRECTS: Final = (HTTPStatus.MULTIPLE_CHOICES, HTTPStatus.PERMANENT_REDIRECT)
