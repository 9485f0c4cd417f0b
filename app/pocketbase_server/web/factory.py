"""Putting the HTTP surface together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.services.batch import body_limit
from pocketbase_server.web.api import Api
from pocketbase_server.web.endpoint import BODY_LIMIT, Endpoint, Limit, Responder
from pocketbase_server.web.errors import add_error_handlers
from pocketbase_server.web.guards import for_signed_in, for_superusers
from pocketbase_server.web.middleware.activity_log import ActivityLog
from pocketbase_server.web.middleware.auth_token import AuthToken
from pocketbase_server.web.middleware.body_limit import BodyLimit
from pocketbase_server.web.middleware.cors import Cors
from pocketbase_server.web.middleware.paths import CleanPaths
from pocketbase_server.web.middleware.rate_limit import RateLimit
from pocketbase_server.web.middleware.superuser_ips import SuperuserIps
from pocketbase_server.web.routes import ROUTES, Access, BodySize, Route
from pocketbase_server.web.static import PublicFiles

if TYPE_CHECKING:
    from pocketbase_server.app import App

_GUARDS: Final[Mapping[Access, Callable[[Responder], Responder]]] = {
    Access.ANYONE: lambda responder: responder,
    Access.SIGNED_IN: for_signed_in,
    Access.SUPERUSERS: for_superusers,
}


def make_app(app: App) -> Api:
    """Return the WSGI application of *app*: middlewares and all routes."""
    config = app.config
    paths = CleanPaths()
    rates = RateLimit(app)
    api = Api(
        app,
        PublicFiles(config.public_dir, index_fallback=config.index_fallback),
        # NOTE: in this order before the responder; the log comes first, so it ends last
        [
            ActivityLog(app),
            paths,
            Cors(config.origins),
            AuthToken(app),
            SuperuserIps(app),
            rates,
            BodyLimit(),
        ],
    )
    paths.api = api
    rates.api = api
    add_error_handlers(api, is_dev=config.is_dev)
    _add_routes(app, api)
    return api


def _add_routes(app: App, api: Api) -> None:
    made: dict[str, Any] = {}
    for route in ROUTES:
        name = route.target
        if name not in made:
            made[name] = _resource(app, name)
            if hasattr(made[name], "api"):
                made[name].api = api
        root = route.path.partition("/{path:path}")[0] if ":path}" in route.path else ""
        api.add(route.method, _endpoint(app, route, made[name]), root=root)


def _resource(app: App, target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(f"pocketbase_server.web.resources.{module}"), name)(app)


def _endpoint(app: App, route: Route, resource: Any) -> Endpoint:
    responder: Responder = getattr(resource, f"on_{route.method.lower()}")
    limit: Limit = BODY_LIMIT
    if route.limit is BodySize.RECORD:
        limit = partial(record_limit, app)
    elif route.limit is BodySize.BATCH:
        limit = partial(batch_limit, app)
    elif not isinstance(route.limit, BodySize):
        limit = route.limit
    return Endpoint(
        responder=_GUARDS[route.access](responder),
        template=route.path,
        lane=route.lane,
        limit=limit,
        tags=(route.action,) if route.action else (),
        is_logged=route.is_logged and not route.path.startswith("/_/"),
        takes_rest=":path}" in route.path,
    )


def batch_limit(app: App, params: Mapping[str, str]) -> int:  # noqa: ARG001
    """Return how many bytes the body of a batch may have."""
    return body_limit(app)


def record_limit(app: App, params: Mapping[str, str]) -> int:
    """Return how many bytes a record's body may have: the usual, and what its large fields take."""
    collection = app.collections.get(params.get("collection", ""))
    if collection is None or collection.is_view:
        return BODY_LIMIT
    limit: int | None = collection.cache.get("body_limit")
    if limit is None:
        limit = BODY_LIMIT + sum(_most_bytes(field) for field in collection.fields)
        collection.cache["body_limit"] = limit
    return limit


_USUAL_SIZES: Final = {"editor": 5 << 20, "file": 5 << 20, "json": 1 << 20}


def _most_bytes(field: Any) -> int:
    usual = _USUAL_SIZES.get(field.type)
    if usual is None:
        return 0
    size: int = (field.max_size or usual) * max(1, getattr(field, "max_select", 1))
    return size
