"""PocketBase in Python.

from pocketbase_server import PocketBase

app = PocketBase()

@app.route("GET", "/hello/{name}")
def hello(event):
    event.text(200, f"Hello {event.params['name']}!")

app.start()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.version import __version__

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.config import Config
    from pocketbase_server.core.errors import (
        BadRequestError,
        ForbiddenError,
        NotFoundError,
        UnauthorizedError,
    )
    from pocketbase_server.launcher import PocketBase
    from pocketbase_server.web.errors import ApiError
    from pocketbase_server.web.route_event import RouteEvent

__all__ = [
    "ApiError",
    "App",
    "BadRequestError",
    "Config",
    "ForbiddenError",
    "NotFoundError",
    "PocketBase",
    "RouteEvent",
    "UnauthorizedError",
    "__version__",
]

_HOMES = {
    "App": "pocketbase_server.app",
    "Config": "pocketbase_server.core.config",
    "PocketBase": "pocketbase_server.launcher",
    "ApiError": "pocketbase_server.web.errors",
    "RouteEvent": "pocketbase_server.web.route_event",
    "BadRequestError": "pocketbase_server.core.errors",
    "ForbiddenError": "pocketbase_server.core.errors",
    "NotFoundError": "pocketbase_server.core.errors",
    "UnauthorizedError": "pocketbase_server.core.errors",
}


def __getattr__(name: str) -> Any:
    # PERF: `pocketbase --version` must not load the whole application
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
