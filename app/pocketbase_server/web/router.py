"""Routes and middlewares of other people's code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.hooks.hook import run_chain
from pocketbase_server.web.endpoint import BODY_LIMIT, Endpoint, Limit
from pocketbase_server.web.route_event import RouteEvent

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.api import Api
    from pocketbase_server.web.endpoint import Responder
    from pocketbase_server.web.exchange import Request, Response

Handler = Callable[[RouteEvent], object]

_PARAM: Final = re.compile(r"\{(\w+)(\.\.\.)?\}", re.ASCII)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", ""})


class RouteError(ValueError):
    """A route cannot be added: its pattern is odd, or it exists already."""


@dataclass(slots=True, frozen=True)
class Pattern:
    """A path pattern such as `/hello/{name}` or `/files/{path...}`, in the router's own terms."""

    template: str
    names: dict[str, str]
    """What the pattern calls the router's parameters."""
    takes_rest: bool
    root: str
    """The path of the subtree without its slash; empty when it is no subtree."""


def parse_pattern(path: str) -> Pattern:
    """Return *path* understood; raises `RouteError`."""
    if not path.startswith("/"):
        raise RouteError(f"a path starts with a slash: {path!r}")
    names: dict[str, str] = {}
    segments: list[str] = []
    rest = False
    for level, segment in enumerate(path[1:].split("/")):
        found = _PARAM.fullmatch(segment)
        if rest or (found is None and ("{" in segment or "}" in segment)):
            raise RouteError(f"a parameter fills a whole segment, `...` the last: {path!r}")
        if found is None:
            segments.append(segment)
            continue
        rest = bool(found[2])
        # NOTE: named by position, so that two patterns may name the same segment differently
        key = f"rest{level}" if rest else f"p{level}"
        names[key] = found[1]
        segments.append(f"{{{key}:path}}" if rest else f"{{{key}}}")
    root = "/" + "/".join(segments[:-1]) if rest else ""
    return Pattern("/" + "/".join(segments), names, rest, "" if "{" in root else root)


class Router:
    """Adds routes and middlewares to the API: `router.get("/hello/{name}", handler)`.

    Handlers take a `RouteEvent`. Middlewares do too; they let the request go on with `event.next()`.
    """

    def __init__(self, app: App, api: Api) -> None:
        self._app = app
        self._api = api
        self._prefix = ""

    def route(
        self,
        method: str,
        path: str,
        handler: Handler,
        *middlewares: Handler,
        limit: Limit = BODY_LIMIT,
    ) -> None:
        """Let *handler* answer *method* on *path*, inside *middlewares*; an empty method means any."""
        if method not in _METHODS:
            raise RouteError(f"unknown method: {method!r}")
        pattern = parse_pattern(self._prefix + path)
        responder = self._responder(pattern, (*self._chain(), *middlewares), handler)
        endpoint = Endpoint(
            responder,
            pattern.template,
            limit=limit,
            path=self._prefix + path,
            takes_rest=pattern.takes_rest,
        )
        try:
            self._api.add_own(method, endpoint, root=pattern.root)
        except ValueError as ex:
            raise RouteError(str(ex)) from ex

    def _chain(self) -> tuple[Handler, ...]:
        return ()

    def _responder(
        self, pattern: Pattern, middlewares: tuple[Handler, ...], handler: Handler
    ) -> Responder:
        app = self._app
        names = pattern.names

        def respond(req: Request, resp: Response, **params: str) -> None:
            path = {names[key]: value for key, value in params.items()}
            event = RouteEvent(app, req, resp, path)
            run_chain(event, middlewares, handler)
            event.finish()

        return respond

    def get(self, path: str, handler: Handler, *middlewares: Handler) -> None:
        """Let *handler* answer GET and HEAD."""
        self.route("GET", path, handler, *middlewares)

    def post(self, path: str, handler: Handler, *middlewares: Handler) -> None:
        """Let *handler* answer POST."""
        self.route("POST", path, handler, *middlewares)

    def put(self, path: str, handler: Handler, *middlewares: Handler) -> None:
        """Let *handler* answer PUT."""
        self.route("PUT", path, handler, *middlewares)

    def patch(self, path: str, handler: Handler, *middlewares: Handler) -> None:
        """Let *handler* answer PATCH."""
        self.route("PATCH", path, handler, *middlewares)

    def delete(self, path: str, handler: Handler, *middlewares: Handler) -> None:
        """Let *handler* answer DELETE."""
        self.route("DELETE", path, handler, *middlewares)

    def any(self, path: str, handler: Handler, *middlewares: Handler) -> None:
        """Let *handler* answer every method."""
        self.route("", path, handler, *middlewares)

    def group(self, prefix: str, *middlewares: Handler) -> Group:
        """Return a router whose paths begin with *prefix* and whose routes run inside *middlewares*."""
        return Group(self._app, self._api, self._prefix + prefix, (*self._chain(), *middlewares))

    def bind(self, middleware: Handler, *, id: str = "", priority: int = 0) -> str:
        """Run *middleware* around every request, built-in routes too; return its id."""
        return self._api.around.bind(middleware, id=id, priority=priority)

    def unbind(self, *ids: str) -> None:
        """Remove middlewares that `bind()` added."""
        self._api.around.unbind(*ids)


class Group(Router):
    """Routes with a common prefix and common middlewares."""

    def __init__(self, app: App, api: Api, prefix: str, middlewares: tuple[Handler, ...]) -> None:
        super().__init__(app, api)
        self._prefix = prefix.rstrip("/")
        self._middlewares = middlewares

    def _chain(self) -> tuple[Handler, ...]:
        return self._middlewares

    def bind(self, middleware: Handler, *, id: str = "", priority: int = 0) -> str:  # noqa: ARG002
        """Run *middleware* around the routes that are added to the group from now on."""
        self._middlewares = (*self._middlewares, middleware)
        return id
