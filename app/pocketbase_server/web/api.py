"""The WSGI application: Falcon with our way of finding responders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import falcon
from falcon.routing import CompiledRouter

from pocketbase_server.core.errors import NotFoundError
from pocketbase_server.web.endpoint import Endpoint, Lane, Match
from pocketbase_server.web.exchange import MATCH_KEY, Request, Response

if TYPE_CHECKING:
    from pocketbase_server.web.endpoint import Responder

_READS: Final = frozenset({"GET", "HEAD"})


class _Node:
    """What Falcon's router keeps for a path template: our endpoints by method."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {}


class RouteTree:
    """Endpoints by path and method; of templates that differ only in names, the later joins the earlier."""

    def __init__(self) -> None:
        self._router = CompiledRouter()
        self._nodes: dict[str, _Node] = {}

    def add(self, method: str, endpoint: Endpoint) -> None:
        """Add an endpoint; raises ValueError when method and path are taken."""
        node = self._nodes.get(endpoint.template)
        if node is None:
            node = self._nodes[endpoint.template] = _Node()
            self._router.add_route(endpoint.template, node)
        if method in node.endpoints:
            raise ValueError(f"the route {method} {endpoint.template} exists already")
        node.endpoints[method] = endpoint

    def find(self, method: str, path: str) -> Match | None:
        """Return what answers, or None."""
        found = self._router.find(path)
        if found is None:
            return None
        node: Any = found[0]
        endpoint = node.endpoints.get(method) or node.endpoints.get("")
        if endpoint is None and method == "HEAD":
            endpoint = node.endpoints.get("GET")
        if endpoint is None:
            return None
        params = found[2]
        # COMPAT: a parameter stands for a whole, non-empty segment: `/records/` is no record
        if path[-1] == "/" and "" in params.values() and not endpoint.takes_rest:
            return None
        return Match(endpoint, params)


def _not_found(req: Request, resp: Response, **params: Any) -> None:  # noqa: ARG001
    raise NotFoundError


_NO_ROUTE: Final = Match(Endpoint(_not_found, "", Lane.INLINE), {})


class Api(falcon.App[Request, Response]):
    """The whole HTTP surface as one WSGI application."""

    def __init__(self, files: Responder, middleware: list[Any]) -> None:
        super().__init__(
            middleware=middleware, request_type=Request, response_type=Response
        )
        # PERF: no media handlers are asked, no default type is guessed: responders say what they send
        self.resp_options.default_media_type = None  # type: ignore[assignment]
        self.routes = RouteTree()
        self.own_routes = RouteTree()
        self._files = Match(Endpoint(files, "", Lane.POOL, is_logged=False), {})

    def match(self, method: str, path: str) -> Match:
        """Return what answers *method* on *path*; there is always something."""
        found = self.routes.find(method, path) or self.own_routes.find(method, path)
        if found is not None:
            return found
        return self._files if method in _READS else _NO_ROUTE

    def _get_responder(self, req: Request) -> Any:
        match: Match | None = req.env.get(MATCH_KEY)
        if match is None:
            match = self.match(req.method, req.path)
        endpoint, params = match
        req.endpoint = endpoint
        return endpoint.responder, params, None, endpoint.template
