"""The document: every route as an operation, record routes once per collection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.version import __version__
from pocketbase_server.web.openapi import schemas
from pocketbase_server.web.openapi.operations import (
    FORM,
    JSON,
    LEFT_OUT,
    OPERATIONS,
    PARAMETERS,
    RECORD,
    Operation,
)
from pocketbase_server.web.routes import ROUTES, Access, Route

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.web.api import Api

_PARAM: Final = re.compile(r"\{(\w+)(?::path|\.\.\.)?\}")
_VERBS: Final = ("get", "post", "put", "patch", "delete")
_RULES: Final = {
    "list": "list_rule",
    "view": "view_rule",
    "create": "create_rule",
    "update": "update_rule",
    "delete": "delete_rule",
}
_ABOUT: Final = (
    "The API of this server. Tokens go into the `Authorization` header, with or without `Bearer`."
)


def make_document(app: App, api: Api | None, *, everything: bool) -> dict[str, Any]:
    """Return the OpenAPI document; without *everything*, what only superusers may use is left out."""
    return _Document(app, api, everything=everything).made()


class _Document:
    def __init__(self, app: App, api: Api | None, *, everything: bool) -> None:
        self._app = app
        self._api = api
        self._everything = everything
        self._paths: dict[str, dict[str, Any]] = {}
        self._schemas: dict[str, Any] = dict(schemas.GENERAL)

    def made(self) -> dict[str, Any]:
        meta = self._app.settings.current.meta
        collections = [c for c in self._app.collections.all() if self._is_shown(c)]
        for collection in collections:
            self._add_schemas(collection)
        for route in ROUTES:
            self._add_route(route, collections)
        self._add_own()
        return {
            "openapi": "3.1.0",
            "info": {"title": meta.app_name, "version": __version__, "description": _ABOUT},
            "servers": [{"url": "/"}],
            "tags": [{"name": name} for name in dict.fromkeys(self._tags())],
            "paths": self._paths,
            "components": {
                "schemas": self._schemas,
                "responses": {"Error": _error()},
                "securitySchemes": {
                    "token": {"type": "apiKey", "in": "header", "name": "Authorization"}
                },
            },
        }

    def _tags(self) -> Iterator[str]:
        for path in self._paths.values():
            for operation in path.values():
                yield from operation["tags"]

    # -- collections

    def _is_shown(self, collection: Collection) -> bool:
        if self._everything:
            return True
        rules = (getattr(collection, rule) for rule in _RULES.values())
        return not collection.system and (collection.is_auth or any(r is not None for r in rules))

    def _add_schemas(self, collection: Collection) -> None:
        everything = self._everything
        name = schemas.record_name(collection)
        self._schemas[name] = schemas.record_schema(collection, everything=everything)
        if not collection.is_view:
            form = schemas.form_schema(collection, everything=everything)
            self._schemas[schemas.form_name(collection)] = form

    # -- routes

    def _add_route(self, route: Route, collections: list[Collection]) -> None:
        if route.path in LEFT_OUT or route.path.startswith("/openapi/"):
            return
        if route.access is Access.SUPERUSERS and not self._everything:
            return
        known = OPERATIONS.get((route.method, route.path)) or _unknown(route)
        if "{collection}" not in route.path or not _is_per_collection(route):
            self._add(route.method, _shown(route.path), self._plain(route, known))
            return
        for collection in collections:
            if self._is_possible(route, collection):
                path = _shown(route.path.replace("{collection}", collection.name))
                operation = self._operation(route, known, collection)
                self._add(route.method, path, operation)

    def _is_possible(self, route: Route, collection: Collection) -> bool:
        if route.action not in _RULES:
            return collection.is_auth
        if collection.is_view and route.action not in {"list", "view"}:
            return False
        return self._everything or getattr(collection, _RULES[route.action]) is not None

    def _plain(self, route: Route, known: Operation) -> dict[str, Any]:
        tag = route.path.removeprefix("/api/").partition("/")[0]
        return _printed(known, _security(route.access), tag, _id(route.method, route.path), None)

    def _operation(self, route: Route, known: Operation, collection: Collection) -> dict[str, Any]:
        rule = getattr(collection, _RULES[route.action], "") if route.action in _RULES else ""
        access = Access.SUPERUSERS if rule is None else route.access
        operation_id = _id(route.method, route.path.replace("{collection}", collection.name))
        made = _printed(known, _security(access), collection.name, operation_id, collection)
        if known.form and collection.name:
            upload = schemas.upload_schema(collection, everything=self._everything)
            made["requestBody"]["content"]["multipart/form-data"] = {"schema": upload}
        return made

    def _add_own(self) -> None:
        own = self._api.own_routes.endpoints() if self._api is not None else []
        for method, endpoint in own:
            path = _shown(endpoint.path or endpoint.template)
            known = Operation(f"{method or 'ANY'} {path}", answer={}, content="*/*")
            for verb in [method] if method else ["GET", "POST", "PUT", "PATCH", "DELETE"]:
                made = _printed(known, _security(Access.ANYONE), "custom", _id(verb, path), None)
                self._add(verb, path, made)

    def _add(self, method: str, path: str, operation: dict[str, Any]) -> None:
        if method.lower() not in _VERBS:
            return
        names = _PARAM.findall(path)
        operation["parameters"] = [
            *({"name": n, "in": "path", "required": True, "schema": schemas.TEXT} for n in names),
            *operation["parameters"],
        ]
        self._paths.setdefault(path, {})[method.lower()] = operation


def _unknown(route: Route) -> Operation:
    return Operation(route.action or f"{route.method} {route.path}", answer={}, content="*/*")


def _is_per_collection(route: Route) -> bool:
    return bool(route.action) and route.action != "file"


def _shown(path: str) -> str:
    return _PARAM.sub(r"{\1}", path)


def _id(method: str, path: str) -> str:
    words = re.sub(r"\W+", "_", path.removeprefix("/api/")).strip("_")
    return f"{method.lower()}_{words}"


def _security(access: Access) -> list[dict[str, list[str]]]:
    token: dict[str, list[str]] = {"token": []}
    return [{}, token] if access is Access.ANYONE else [token]


def _printed(
    known: Operation,
    security: list[dict[str, list[str]]],
    tag: str,
    operation_id: str,
    collection: Collection | None,
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "summary": known.summary,
        "operationId": operation_id,
        "tags": [tag],
        "security": security,
        "parameters": [{"name": n, "in": "query", **PARAMETERS[n]} for n in known.query],
        "responses": {
            **_answer(known, collection),
            **known.more,
            "default": {"$ref": "#/components/responses/Error"},
        },
    }
    if known.body is not None:
        made["requestBody"] = {"content": _contents(known, collection)}
    return made


def _contents(known: Operation, collection: Collection | None) -> dict[str, Any]:
    schema = _filled(known.body, collection)
    is_upload = known.form and collection is None and JSON not in str(known.body)
    kinds = ["multipart/form-data"] if is_upload and "octet-stream" in str(schema) else [JSON]
    return {kind: {"schema": schema} for kind in kinds}


def _answer(known: Operation, collection: Collection | None) -> dict[str, Any]:
    if known.answer is None:
        return {"204": {"description": "Done."}}
    content = {known.content: {"schema": _filled(known.answer, collection)}}
    return {"200": {"description": "Done.", "content": content}}


def _error() -> dict[str, Any]:
    return {
        "description": "It was refused, or failed.",
        "content": {JSON: {"schema": schemas.ref("Error")}},
    }


def _filled(schema: Any, collection: Collection | None) -> Any:
    """Return a schema in which the places of the collection's own schemas are taken by these."""
    names = dict.fromkeys((RECORD, FORM), "")
    if collection is not None:
        names = {RECORD: schemas.record_name(collection), FORM: schemas.form_name(collection)}
    return _replaced(schema, names)


def _replaced(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_replaced(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    for mark, name in names.items():
        if node.get("$ref") == f"#/components/schemas/{mark}":
            return schemas.ref(name) if name else dict(schemas.ANY_OBJECT)
    return {key: _replaced(value, names) for key, value in node.items()}
