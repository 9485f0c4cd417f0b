"""One log entry per request, written later in bulk."""

from __future__ import annotations

from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

import orjson

from pocketbase_server.core.errors import AppError, Issue
from pocketbase_server.kit.text import sentence
from pocketbase_server.services.logs.entry import DEFAULT_DATA_SIZE, MAX_MESSAGE
from pocketbase_server.web.errors import GENERIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.settings.model import Logs
    from pocketbase_server.web.exchange import Request, Response

_PLAIN: Final = "/%~!$&'()*+,;=:@[]"
_AS_IT_IS: Final = (
    b"!#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~"
)
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
        logs = self._app.settings.current.logs
        target, failure = req.target, req.failure
        if failure is None:
            if _is_wanted(req) and logs.max_days > 0 and logs.min_level <= INFO:
                self._note(req, resp, target, logs)
            return
        data = _data(req, resp, target, logs)
        data["error"], data["details"] = _told(failure)
        self._app.logs.write(ERROR, _title(req, target), data)
        # PERF: an error has the frames that it went through, they have the request and its uploads:
        # what has each other stays in memory for long
        req.failure = None

    def _note(self, req: Request, resp: Response, target: str, logs: Logs) -> None:
        title = _title(req, target)
        text = _as_text(req, resp, target, logs)
        is_short = len(title) <= MAX_MESSAGE and len(text) <= (
            logs.max_data_size or DEFAULT_DATA_SIZE
        )
        if text and is_short and text.isascii():
            self._app.logs.write_text(title, text)
        else:
            self._app.logs.write(INFO, title, _data(req, resp, target, logs))


def _is_wanted(req: Request) -> bool:
    endpoint = req.endpoint
    return req.is_logged and (endpoint is None or endpoint.is_logged)


def _title(req: Request, target: str) -> str:
    return f"{req.method} {unquote(target) if '%' in target else target}"


def _as_text(req: Request, resp: Response, target: str, logs: Logs) -> str:
    """Return what `_data()` does as JSON, or "" where that takes a closer look.

    PERF: a third of what a dict and its encoding cost.
    """
    if not target.isascii() or target.encode().translate(None, _AS_IT_IS):
        return ""
    agent, referer = req.header("user-agent") or "", req.header("referer") or ""
    told = _client if len(agent) + len(referer) <= _USUAL else _client.__wrapped__
    front, back = told(referer, req.remote_ip, agent, req.ip, logs.log_ip)
    status = resp.status
    code = status if status.__class__ is int else resp.status_code
    who = _NO_ONE if req.caller is None else _dumped(_who(req, logs))
    return (
        f'{{{who},"execTime":{repr(_elapsed(req)).removesuffix(".0")},"method":"{req.method}"'
        f',{front},"status":{code},"type":"request","url":"{target}",{back}}}'
    )


@lru_cache(maxsize=1024)
def _client(referer: str, remote_ip: str, agent: str, ip: str, log_ip: bool) -> tuple[str, str]:  # noqa: FBT001
    """Return what is the same for all requests of one client: before the status, and at the end."""
    front, back = {"referer": referer, "remoteIP": remote_ip}, {"userAgent": agent, "userIP": ip}
    if not log_ip:
        del front["remoteIP"], back["userIP"]
    return _dumped(front), _dumped(back)


def _dumped(data: dict[str, str]) -> str:
    """Return an object as JSON, without its braces."""
    return orjson.dumps(data)[1:-1].decode()


def _elapsed(req: Request) -> float:
    """Return the milliseconds that a request has taken so far."""
    # PERF: `round()` would take half a microsecond
    return int((perf_counter() - req.started) * 1e9) / 1e6


def _data(req: Request, resp: Response, target: str, logs: Logs) -> dict[str, Any]:
    """Return what is noted of a request, in the order of its names."""
    status = resp.status
    data: dict[str, Any] = {
        **_who(req, logs),
        "execTime": _elapsed(req),
        "method": req.method,
        "referer": req.header("referer") or "",
        "remoteIP": req.remote_ip,
        "status": status if status.__class__ is int else resp.status_code,
        "type": "request",
        "url": _escaped(target),
        "userAgent": req.header("user-agent") or "",
        "userIP": req.ip,
    }
    if not logs.log_ip:
        del data["remoteIP"], data["userIP"]
    return data


def _who(req: Request, logs: Logs) -> dict[str, str]:
    caller = req.caller
    if caller is None:
        return _NOBODY
    auth = {"auth": caller.collection.name}
    return {**auth, "authId": caller.id} if logs.log_auth_id else auth


_NOBODY: Final = {"auth": ""}
_NO_ONE: Final = '"auth":""'
_USUAL: Final = 512
"""Characters that a client tells of itself; what is longer is not kept."""


def _escaped(target: str) -> str:
    """Return a target as a client sends it."""
    # PERF: twice as fast as a look with a pattern
    if target.isascii() and not target.encode().translate(None, _AS_IT_IS):
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
