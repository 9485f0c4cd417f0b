"""The WSGI environment of a request, made cheaply from what the server knows."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.web.exchange import HEADERS_KEY, MATCH_KEY

if TYPE_CHECKING:
    from pocketbase_server.web.endpoint import Match
    from pocketbase_server.web.exchange import NativeHeaders

_FIXED: Final[dict[str, Any]] = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "",
    "SERVER_PORT": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class Environ(dict[str, Any]):
    """An environment in which what is seldom asked for is looked up on demand."""

    __slots__ = ()

    def __missing__(self, key: str) -> Any:
        if key in _FIXED:
            return _FIXED[key]
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


def make_environ(
    scope: Any, method: str, path: str, headers: NativeHeaders, match: Match, body: Any
) -> Environ:
    """Return the environment of the request that *scope* describes."""
    return Environ(
        {
            "REQUEST_METHOD": method,
            # NOTE: WSGI carries the bytes of a path as Latin-1 text
            "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
            "QUERY_STRING": scope.query_string,
            "REMOTE_ADDR": _address(scope.client),
            "wsgi.url_scheme": scope.scheme,
            "wsgi.input": body,
            HEADERS_KEY: headers,
            MATCH_KEY: match,
        }
    )


@lru_cache(maxsize=4096)
def _address(client: str) -> str:
    """Return the address of a client that is told with its port."""
    return client.rpartition(":")[0].strip("[]")
