"""One log entry per request, written later in bulk."""

from __future__ import annotations

import re
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from pocketbase_server.core.errors import AppError, Issue
from pocketbase_server.kit.text import sentence
from pocketbase_server.web.errors import GENERIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response

_PLAIN: Final = "/%~!$&'()*+,;=:@[]"
_TO_ESCAPE: Final = re.compile(r"[^!#-;=?-\[\]_a-z~]")
_REASON: Final = "Raw error:"
_TAKEN: Final = "validation_not_unique"
_COMMON: Final = frozenset(
    f"validation_{name}"
    for name in (
        "empty",
        "in_invalid",
        "invlaid_ip_or_subnet",
        "length_invalid",
        "length_out_of_range",
        "length_too_long",
        "length_too_short",
        "match_invalid",
        "max_less_equal_than_required",
        "min_greater_equal_than_required",
        "not_in_invalid",
        "required",
    )
)
INFO: Final = 0
ERROR: Final = 8


class ActivityLog:
    """Notes every request: always those that failed, the others when their path wants it."""

    def __init__(self, app: App) -> None:
        self._app = app

    def process_response(
        self,
        req: Request,
        resp: Response,
        resource: object,  # noqa: ARG002
        req_succeeded: bool,  # noqa: ARG002, FBT001
    ) -> None:
        """Hand the entry to the log writer, which keeps it in memory for now."""
        self._note(req, resp)
        # PERF: an error has the frames that it went through, they have the request and its uploads:
        # what has each other stays in memory for long
        req.failure = None

    def _note(self, req: Request, resp: Response) -> None:
        logs = self._app.settings.current.logs
        level = INFO if req.failure is None else ERROR
        if not self._is_wanted(req) or level < logs.min_level or logs.max_days <= 0:
            return
        self._app.logs.write(level, f"{req.method} {_readable(req.target)}", self._data(req, resp))

    @staticmethod
    def _is_wanted(req: Request) -> bool:
        if req.failure is not None:
            return True
        return req.is_logged and (req.endpoint is None or req.endpoint.is_logged)

    def _data(self, req: Request, resp: Response) -> dict[str, Any]:
        logs = self._app.settings.current.logs
        caller = req.caller
        data: dict[str, Any] = {
            "auth": caller.collection.name if caller is not None else "",
            "execTime": round((perf_counter() - req.started) * 1000, 6),
            "method": req.method,
            "referer": req.header("referer") or "",
            "status": resp.status_code,
            "type": "request",
            "url": _escaped(req.target),
            "userAgent": req.header("user-agent") or "",
        }
        if logs.log_ip:
            data["remoteIP"] = req.remote_ip
            data["userIP"] = req.ip
        if logs.log_auth_id and caller is not None:
            data["authId"] = caller.id
        if req.failure is not None:
            data["error"], data["details"] = _told(req.failure)
        return data


def _readable(target: str) -> str:
    return unquote(target) if "%" in target else target


def _escaped(target: str) -> str:
    """Return a target as a client sends it."""
    if _TO_ESCAPE.search(target) is None:
        return target
    path, mark, query = target.partition("?")
    return quote(path, safe=_PLAIN) + mark + query


def _told(error: BaseException) -> tuple[str, Any]:
    """Return message and details of an error: what the caller saw, and what lies behind it."""
    if not isinstance(error, AppError):
        return f"{type(error).__name__}: {error}", None
    message = sentence(error.message or GENERIC)
    # NOTE: where the caller sees the reason, it need not be said twice
    if error.__cause__ is not None and not error.data and _REASON not in message:
        return message, str(error.__cause__)
    return message, _messages(error.data) or None


def _messages(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _message(value) for key, value in tree.items()}


def _message(value: Any) -> Any:
    if isinstance(value, Issue):
        return _text(value)
    return _messages(value) if hasattr(value, "items") else value


def _text(issue: Issue) -> str:
    # COMPAT: in the log the texts of common checks are no sentences
    plain = issue.message.removesuffix(".")
    if issue.code == _TAKEN:
        return plain
    if issue.code in _COMMON or issue.code.startswith("validation_is_"):
        return plain[:1].lower() + plain[1:]
    return issue.message
