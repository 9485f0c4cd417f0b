"""Errors as answers: the only place that knows status codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import falcon
import orjson

from pocketbase_server.core import errors as core
from pocketbase_server.core.errors import AppError, Issue, OffloadError
from pocketbase_server.kit.text import sentence
from pocketbase_server.storage.sql.errors import WouldBlock

if TYPE_CHECKING:
    from pocketbase_server.web.exchange import Request, Response

_STATUS: Final[dict[type[AppError], int]] = {
    core.BadRequestError: 400,
    core.UnauthorizedError: 401,
    core.ForbiddenError: 403,
    core.NotFoundError: 404,
    core.TooLargeError: 413,
    core.TooManyRequestsError: 429,
    core.InternalError: 500,
}

_BUGS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
)
"""COMPAT: what would be a panic in the reference answers 500; any other unexpected error answers 400."""

OFFLOAD: Final = (OffloadError, WouldBlock)
"""Signals that a request must run on a thread that may wait."""

GENERIC: Final = AppError.default_message


class ApiError(AppError):
    """An error with a status code of the caller's choice; for handlers of own routes."""

    def __init__(
        self, status: int, message: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message or _reason(status), data)
        self.status = status


def _reason(status: int) -> str:
    return next((e.default_message for e, code in _STATUS.items() if code == status), "")


def status_of(error: BaseException) -> int:
    """Return the status code that *error* answers with."""
    if isinstance(error, AppError):
        chosen = getattr(error, "status", None)
        if isinstance(chosen, int):
            return chosen
        return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 400)
    return 500 if isinstance(error, _BUGS) else 400


def error_body(error: BaseException) -> dict[str, Any]:
    """Return the body that *error* answers with: data, message, status."""
    if not isinstance(error, AppError):
        return {"data": {}, "message": GENERIC, "status": status_of(error)}
    return {
        "data": _exported(error.data),
        "message": sentence(error.message or GENERIC),
        "status": status_of(error),
    }


def _exported(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): _exported_value(value) for key, value in tree.items()}


def _exported_value(value: Any) -> Any:
    if isinstance(value, Issue):
        issue = value.export()
        issue["message"] = sentence(issue["message"])
        return issue
    if isinstance(value, Mapping):
        return dict(value) if "code" in value and "message" in value else _exported(value)
    # COMPAT: the reference tells nothing about data that is no validation error
    return core.INVALID_VALUE.export()


def add_error_handlers(api: falcon.App[Any, Any], *, is_dev: bool) -> None:
    """Make *api* answer every error in the reference's shape."""

    def on_error(req: Request, resp: Response, error: Exception, params: Any) -> None:  # noqa: ARG001
        if isinstance(error, OFFLOAD):
            raise error  # not an answer: the server runs the request again on another thread
        if status_of(error) == HTTPStatus.INTERNAL_SERVER_ERROR or (
            is_dev and not isinstance(error, AppError)
        ):
            traceback.print_exception(error, file=sys.stderr)
        send_error(req, resp, error)

    api.add_error_handler(Exception, on_error)
    api.add_error_handler(falcon.HTTPError, on_error)


def send_error(req: Request, resp: Response, error: BaseException) -> None:
    """Answer with *error* and remember it for the activity log."""
    req.failure = error
    resp.stream = None
    body = error_body(error)
    # COMPAT: what was refused is told in alphabetical order, on every level
    resp.send_json_bytes(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), body["status"])
    if req.method == "HEAD":
        # COMPAT: of an error not even the length is told
        resp.data = None
        resp.send_nothing(req)
