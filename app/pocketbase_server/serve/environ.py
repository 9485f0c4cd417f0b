"""The WSGI environment of a request, made cheaply from what the server knows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pocketbase_server.web.exchange import HEADERS_KEY, MATCH_KEY

if TYPE_CHECKING:
    from pocketbase_server.web.endpoint import Match
    from pocketbase_server.web.exchange import NativeHeaders


class Environ(dict[str, Any]):
    """An environment whose `HTTP_*` entries are looked up in the server's headers on demand."""

    __slots__ = ()

    def __missing__(self, key: str) -> Any:
        if key.startswith("HTTP_"):
            name = key[5:]
        elif key in {"CONTENT_LENGTH", "CONTENT_TYPE"}:
            name = key
        else:
            raise KeyError(key)
        value = self[HEADERS_KEY].get(name.lower().replace("_", "-"))
        if value is None:
            raise KeyError(key)
        return value


def make_environ(scope: Any, headers: NativeHeaders, match: Match, body: Any) -> Environ:
    """Return the environment of the request that *scope* describes."""
    path: str = scope.path
    return Environ(
        {
            "REQUEST_METHOD": scope.method,
            # NOTE: WSGI carries the bytes of a path as Latin-1 text
            "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
            "QUERY_STRING": scope.query_string,
            "SCRIPT_NAME": "",
            "SERVER_NAME": "",
            "SERVER_PORT": "",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
            # PERF: present even when there is none, so that nobody has to catch its absence
            "CONTENT_TYPE": headers.get("content-type"),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scope.scheme,
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            HEADERS_KEY: headers,
            MATCH_KEY: match,
        }
    )
