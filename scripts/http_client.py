"""
A small keep-alive HTTP client, so that asking costs less than answering.

Only the standard library: the tests must see status, headers and bytes exactly as sent.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

AGENT = "pb-tests"
STALE = 20.0
"""Seconds after which a kept connection is not trusted: servers may be about to close it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text, whatever its bytes."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the parsed body; raise ValueError when it is not JSON."""
        return json.loads(self.body)

    @property
    def value(self) -> Any:
        """Return the parsed body, or the plain text when it is not JSON."""
        try:
            return self.json()
        except ValueError:
            return self.text


@dataclass
class Client:
    """Asks one server over one kept connection."""

    port: int
    token: str = ""
    timeout: float = 60.0
    headers: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None
    _used: float = 0.0

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request and return the answer; a body that is no bytes or str goes as JSON."""
        send = {"User-Agent": AGENT, **self.headers}
        if self.token:
            send["Authorization"] = self.token
        if body is not None and not isinstance(body, bytes | str):
            body = json.dumps(body)
            send["Content-Type"] = "application/json"
        send.update(headers or {})
        data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        try:
            return self._send(method, path, data, send)
        except (http.client.HTTPException, ConnectionError):
            self.close()
            if method not in {"GET", "HEAD"}:
                raise
            return self._send(method, path, data, send)

    def _send(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        if time.monotonic() - self._used > STALE:
            self.close()
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=self.timeout
            )
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # NOTE: a server may refuse a body before it has read it all; its answer counts.
            self._connection.request(method, path, body=data, headers=headers)
        response = self._connection.getresponse()
        answer = Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
        if response.will_close:
            self.close()
        self._used = time.monotonic()
        return answer

    def close(self) -> None:
        """Drop the kept connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, **query: Any) -> Answer:
        """GET with query parameters."""
        return self.ask("GET", with_query(path, **query))

    def post(self, path: str, body: Any = None) -> Answer:
        """POST a JSON body."""
        return self.ask("POST", path, {} if body is None else body)

    def patch(self, path: str, body: Any) -> Answer:
        """PATCH with a JSON body."""
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        """DELETE a path."""
        return self.ask("DELETE", path)

    def must(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that has to succeed and return the parsed body."""
        answer = self.ask(method, path, body)
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.text[:500]}")
        return answer.value

    def login(self, identity: str, password: str, collection: str = "_superusers") -> Client:
        """Return a new client that speaks as the one who logged in."""
        body = {"identity": identity, "password": password}
        path = f"/api/collections/{collection}/auth-with-password"
        return Client(self.port, self.must("POST", path, body)["token"], self.timeout)


def with_query(path: str, **query: Any) -> str:
    """Return the path with URL-encoded parameters; None values are left out."""
    kept = {key: value for key, value in query.items() if value is not None}
    return f"{path}?{urlencode(kept, quote_via=quote)}" if kept else path
