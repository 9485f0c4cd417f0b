"""PocketBase as a library: a program of one's own that binds handlers, adds routes and starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pocketbase_server.app import App

if TYPE_CHECKING:
    from pocketbase_server.core.config import Config
    from pocketbase_server.web.route_event import RouteEvent
    from pocketbase_server.web.router import Router

H = TypeVar("H", bound="Callable[[RouteEvent], object]")


class PocketBase(App):
    """The application together with the command line.

    Made from the flags of the command line (or of *args*), so that `app.config` is right at once.
    Bind handlers with `@app.hooks.record_create("posts")`, add routes with `@app.route("GET", "/hello/{name}")`, then
    `app.start()`.
    """

    def __init__(self, args: Sequence[str] | None = None) -> None:
        self._args = list(sys.argv[1:] if args is None else args)
        super().__init__(_command_line().config_from(self._args))

    def route(
        self, method: str, path: str, *middlewares: Callable[[RouteEvent], object]
    ) -> Callable[[H], H]:
        """Let the decorated function answer *method* on *path*, inside *middlewares*."""

        def decorate(handler: H) -> H:
            def add(router: Any) -> None:
                found: Router = router
                found.route(method.upper(), path, handler, *middlewares)

            self.routes.append(add)
            return handler

        return decorate

    def start(self) -> NoReturn:
        """Run the command line with this application and end the process with its exit code."""
        sys.exit(self.execute())

    def execute(self) -> int:
        """Run the command line with this application and return its exit code."""
        code: int = _command_line().main(self._args, self._configured)
        return code

    def _configured(self, config: Config) -> App:
        # NOTE: folders were settled when we were made; a command adds what only it knows
        self.config = replace(
            self.config,
            origins=config.origins,
            expand_all=config.expand_all,
            workers=config.workers,
        )
        return self


def _command_line() -> Any:
    # NOTE: found by name, because the command line stands above this package and imports it
    return import_module("pocketbase_cli.main")
