"""The WSGI application: Falcon with our way of finding responders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import falcon
from falcon.routing import CompiledRouter

from pocketbase_server.core.errors import NotFoundError
from pocketbase_server.core.hooks.hook import Hook
from pocketbase_server.web.aliases import ADMINS, present_path
from pocketbase_server.web.endpoint import Endpoint, Lane, Match
from pocketbase_server.web.exchange import MATCH_KEY, Request, Response
from pocketbase_server.web.route_event import RouteEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.app import App
    from pocketbase_server.web.endpoint import Responder

_NAME: Final = re.compile(r"\{\w+")
_READS: Final = frozenset({"GET", "HEAD"})


class _Node:
    """What Falcon's router keeps for a path template: our endpoints by method."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {}

    def answering(self, method: str) -> Endpoint | None:
        """Return the endpoint of a method, or the one of all; HEAD is answered by GET's."""
        own = self.endpoints.get(method) or self.endpoints.get("")
        return self.endpoints.get("GET") if own is None and method == "HEAD" else own


class RouteTree:
    """Endpoints by path and method; of templates that differ only in names, the later joins the earlier."""

    def __init__(self) -> None:
        self._router = CompiledRouter()
        self._nodes: dict[str, _Node] = {}
        self._shapes: set[tuple[str, str]] = set()

    def add(self, method: str, endpoint: Endpoint) -> None:
        """Add an endpoint; raises ValueError when method and path are taken."""
        if self.has(method, endpoint.template):
            raise ValueError(f"the route {method} {endpoint.template} exists already")
        self._shapes.add((method, _shape(endpoint.template)))
        node = self._nodes.get(endpoint.template)
        if node is None:
            node = self._nodes[endpoint.template] = _Node()
            self._router.add_route(endpoint.template, node)
        node.endpoints[method] = endpoint

    def has(self, method: str, template: str) -> bool:
        """Tell whether a template that matches the same paths was added for *method*."""
        return (method, _shape(template)) in self._shapes

    def endpoints(self) -> list[tuple[str, Endpoint]]:
        """Return every endpoint with its method; "" for all methods."""
        return [pair for node in self._nodes.values() for pair in node.endpoints.items()]

    def find(self, method: str, path: str) -> Match | None:
        """Return what answers, or None."""
        found = self._router.find(path)
        if found is None:
            return None
        node: Any = found[0]
        endpoint, params = node.answering(method), found[2]
        if endpoint is None:
            # NOTE: a fixed path may lack the method that a wider template has: `/api/backups/upload`
            return self._find_wider(method, path)
        # COMPAT: a parameter stands for a whole, non-empty segment: `/records/` is no record
        if path[-1] == "/" and "" in params.values() and not endpoint.takes_rest:
            return None
        return Match(endpoint, params)

    def _find_wider(self, method: str, path: str) -> Match | None:
        """Return what answers *method* among all templates that fit, whichever the router prefers."""
        segments = path.split("/")
        for template, node in self._nodes.items():
            endpoint = node.answering(method)
            params = _fitted(template.split("/"), segments) if endpoint else None
            if endpoint is not None and params is not None:
                return Match(endpoint, params)
        return None


def _fitted(template: list[str], segments: list[str]) -> dict[str, str] | None:
    """Return the parameters of a template whose segments are those of a path, or None."""
    if len(template) != len(segments):
        return None
    params: dict[str, str] = {}
    for wanted, segment in zip(template, segments, strict=True):
        if wanted.startswith("{") and segment and ":" not in wanted:
            params[wanted[1:-1]] = segment
        elif wanted != segment:
            return None
    return params


def _shape(template: str) -> str:
    return _NAME.sub("{", template)


def _not_found(req: Request, resp: Response, **params: Any) -> None:  # noqa: ARG001
    raise NotFoundError


_NO_ROUTE: Final = Match(Endpoint(_not_found, "", Lane.INLINE), {})


class Api(falcon.App[Request, Response]):
    """The whole HTTP surface as one WSGI application."""

    def __init__(self, app: App, files: Responder, middleware: list[Any]) -> None:
        self.app = app
        super().__init__(request_type=Request, response_type=Response)
        self._before = [m.process_request for m in middleware if hasattr(m, "process_request")]
        self._after = [m.process_response for m in middleware if hasattr(m, "process_response")]
        # PERF: no media handlers are asked, no default type is guessed: responders say what they send
        self.resp_options.default_media_type = None  # type: ignore[assignment]
        self.routes = RouteTree()
        self.own_routes = RouteTree()
        self.around: Hook[RouteEvent] = Hook(RouteEvent)
        """Middlewares of other people's code, around every request."""
        self._roots: dict[str, set[str]] = {}
        """The methods of subtrees, by the path that lacks their slash."""
        self._files = Match(Endpoint(files, "", Lane.POOL, is_logged=False), {})

    def add(self, method: str, endpoint: Endpoint, *, root: str = "") -> None:
        """Add a route of the API; *root* is a path that gets a slash when it lacks it."""
        self.routes.add(method, endpoint)
        self._add_root(method, root)

    def add_own(self, method: str, endpoint: Endpoint, *, root: str = "") -> None:
        """Add a route of other people's code; raises ValueError when it exists already."""
        if self.routes.has(method, endpoint.template):
            raise ValueError(f"the route {method} {endpoint.template} exists already")
        self.own_routes.add(method, endpoint)
        self._add_root(method, root)

    def _add_root(self, method: str, root: str) -> None:
        if root not in {"", "/"}:
            self._roots.setdefault(root, set()).update(
                {method, "HEAD"} if method == "GET" else {method}
            )

    def is_subtree(self, method: str, path: str) -> bool:
        """Tell whether *path* is the root of a subtree that answers *method*, without its slash."""
        methods = self._roots.get(path)
        return methods is not None and (method in methods or "" in methods)

    def match(self, method: str, path: str) -> Match:
        """Return what answers *method* on *path*; there is always something."""
        found = self.routes.find(method, path) or self.own_routes.find(method, path)
        if found is None and path.startswith(ADMINS):
            found = self.routes.find(method, present_path(path))
        if found is not None:
            return found
        return self._files if method in _READS else _NO_ROUTE

    def __call__(self, env: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request as WSGI has it.

        PERF: Falcon's own does the same in twice the time, for it also looks after what nobody here uses.
        """
        req, resp = Request(env, self.req_options), Response(self.resp_options)
        succeeded = False
        try:
            for process_request in self._before:
                process_request(req, resp)
                if resp.complete:
                    break
            else:
                self._respond(req, resp)
            succeeded = True
        except Exception as ex:  # noqa: BLE001 - that is what the handlers are for
            self._fail(req, resp, ex)
        for process_response in self._after:
            try:
                process_response(req, resp, None, succeeded)
            except Exception as ex:  # noqa: BLE001
                self._fail(req, resp, ex)
        status, headers, body = resp.finish(req.method)
        start_response(status, headers)
        return body

    def _respond(self, req: Request, resp: Response) -> None:
        match: Match | None = req.env.get(MATCH_KEY)
        endpoint, params = match or self.match(req.method, req.path)
        req.endpoint = endpoint
        responder = endpoint.responder
        if self.around.is_bound:
            responder = self._surrounded(responder)
        responder(req, resp, **params)

    def _fail(self, req: Request, resp: Response, error: Exception) -> None:
        if not self._handle_exception(req, resp, error, {}):
            raise error

    def _surrounded(self, responder: Responder) -> Responder:
        """Return *responder* inside the middlewares that are bound around everything."""

        def respond(req: Request, resp: Response, **params: Any) -> None:
            event = RouteEvent(self.app, req, resp, dict(params))
            self.around.trigger(event, lambda _: responder(req, resp, **params))

        return respond
