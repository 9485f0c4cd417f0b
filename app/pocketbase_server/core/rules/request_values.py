"""What `@request.*` paths stand for, read from the request whenever a plan runs."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.rules.binding import Inputs, Param, Read
from pocketbase_server.core.values import GeoPoint, JsonRaw
from pocketbase_server.kit.cast import to_text, to_texts
from pocketbase_server.kit.json import dumps
from pocketbase_server.kit.upload import Upload

if TYPE_CHECKING:
    from pocketbase_server.core.request_info import RequestInfo

Path = tuple[str, ...]

PLAIN_AUTH: Final = frozenset(
    {"id", "collectionId", "collectionName", "username", "email", "emailVisibility", "verified"}
)
"""Fields of the caller that are taken from the request; others are read from the database."""


class Known(IntEnum):
    """What a value is like, as far as the statement depends on it."""

    NULL = 0
    BLANK = 1
    FILLED = 2


class _Missing:
    pass


MISSING: Final = _Missing()


# -- finding

_AUTH_FIELDS: Final = PLAIN_AUTH - {"collectionId", "collectionName"}
_OF_AUTH: Final = 2
"""Steps of `auth.field`."""


def find(request: RequestInfo | None, path: Path) -> Any:
    """Return the value at a path below `@request`, or `MISSING`."""
    if request is None:
        return MISSING
    # PERF: rules ask nothing as often as who asks
    if path[0] == "auth" and len(path) == _OF_AUTH and path[1] in _AUTH_FIELDS:
        return MISSING if request.auth is None else request.auth.get(path[1])
    value = _ROOTS[path[0]](request)
    for step in path[1:]:
        value = _step(value, step)
        if value is MISSING:
            return MISSING
    return value


def _auth(request: RequestInfo) -> Any:
    auth = request.auth
    if auth is None:
        return None
    found = {name: auth.get(name) for name in PLAIN_AUTH}
    return found | {"collectionId": auth.collection.id, "collectionName": auth.collection.name}


_ROOTS: Final = {
    "context": lambda request: request.context,
    "method": lambda request: request.method,
    "query": lambda request: request.query,
    "headers": lambda request: request.headers,
    "body": lambda request: request.body,
    "auth": _auth,
}


def _step(value: Any, step: str) -> Any:
    if isinstance(value, JsonRaw):
        value = _parsed(value)
    elif isinstance(value, GeoPoint):
        value = value.export()
    elif isinstance(value, Upload):
        value = _described(value)
    if isinstance(value, list):
        index = int(step) if step.isascii() and step.isdigit() else -1
        return value[index] if 0 <= index < len(value) else MISSING
    return value.get(step, MISSING) if hasattr(value, "get") else MISSING


def _parsed(value: JsonRaw) -> Any:
    try:
        return value.load()
    except ValueError:
        return MISSING


# -- as SQL values


def plain(value: Any) -> Any:
    """Return a value as it is bound: null, text, a double or a boolean; lists and objects as JSON."""
    if value is None or value is MISSING:
        return None
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float)):
        # COMPAT: all numbers of a request are doubles, so beside a text `5` is "5.0"
        return float(value)
    return _text_of(value)


def _text_of(value: Any) -> str:
    match value:
        case JsonRaw():
            return value.text
        case GeoPoint():
            return dumps(value.export()).decode()
    return dumps(_jsonable(value), sort_keys=True).decode()


def _jsonable(value: Any) -> Any:
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, JsonRaw):
        return value.load()
    if isinstance(value, GeoPoint):
        return value.export()
    return _described(value) if isinstance(value, Upload) else value


def _described(upload: Upload) -> dict[str, Any]:
    """Return what rules see of an uploaded file."""
    return {"name": upload.file_name, "originalName": upload.name, "size": upload.size}


def _as_number(value: Any) -> Any:
    if not isinstance(value, str) or value != value.strip():
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _known(value: Any) -> Known:
    if value is None:
        return Known.NULL
    return Known.BLANK if value == "" and isinstance(value, str) else Known.FILLED


# -- params and questions


def value_param(path: Path, *, is_number: bool) -> Param:
    """Return the param of the value at a path; numeric texts become numbers if *is_number*."""
    if is_number:
        return Param(("number", path), lambda inputs: _as_number(plain(find(inputs.request, path))))
    return Param(("value", path), lambda inputs: plain(find(inputs.request, path)))


def known_param(value: Param) -> Param:
    """Return the question what another param is like."""
    read = value.read
    return Param(("known", value.key), lambda inputs: _known(read(inputs)))


def isset_param(path: Path) -> Param:
    """Return whether there is anything at a path, as 1 or 0."""
    return Param(("isset", path), lambda inputs: int(find(inputs.request, path) is not MISSING))


def lowered_param(name: str) -> Param:
    """Return the param of a body field as text, for `:lower`."""

    def read(inputs: Inputs) -> str:
        value = _body(inputs, name)
        return _text_of(value) if isinstance(value, (JsonRaw, GeoPoint)) else to_text(value)

    return Param(("lowered", name), read)


def items_param(name: str) -> Param:
    """Return the param of a body field as a JSON list, for `:each`."""
    return Param(("items", name), lambda inputs: dumps(_jsonable(_items(inputs, name))).decode())


def length_param(name: str) -> Param:
    """Return how many items a body field has, for `:length`."""
    return Param(("length", name), lambda inputs: len(_items(inputs, name)), is_written=True)


def is_few_param(name: str) -> Param:
    """Return the question whether a body field has at most one item."""
    return Param(("few", name), lambda inputs: len(_items(inputs, name)) <= 1)


def ids_param(name: str) -> Param:
    """Return the param of the ids in a body field, as a JSON list."""
    return Param(("ids", name), lambda inputs: dumps(to_texts(_body(inputs, name))).decode())


def has_ids_param(name: str) -> Param:
    """Return the question whether a body field has any ids."""
    return Param(("has ids", name), lambda inputs: bool(to_texts(_body(inputs, name))))


def auth_id() -> Param:
    """Return the param of the caller's id."""
    read: Read = lambda inputs: inputs.request.auth.id  # type: ignore[union-attr]  # noqa: E731
    return Param(("auth id",), read)


def _body(inputs: Inputs, name: str) -> Any:
    return None if inputs.request is None else inputs.request.body.get(name)


def _items(inputs: Inputs, name: str) -> list[Any]:
    if inputs.request is None:
        return []
    value = inputs.request.body.get(name)
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]
