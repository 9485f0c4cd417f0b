"""Letters about sign-ins from places not seen before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import AppError
from pocketbase_server.core.records.auth import email
from pocketbase_server.kit.dates import now
from pocketbase_server.services.auth.letters import send_auth_alert
from pocketbase_server.services.auth.origins import remember_origin
from pocketbase_server.storage.sql.errors import DatabaseError

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

FAILED: Final = "[recordAuthResponse] Failed to send login alert"
WARN: Final = 4
"""Log level."""
LONGEST_AGENT: Final = 200


def watch_origin(app: App, request: RequestInfo, record: Record) -> None:
    """Remember from where *record* signs in, and write to it when that place is new.

    The first place is remembered silently. Never raises: who gave the right password gets in.
    """
    options = record.collection.auth
    if options is None or not options.auth_alert.enabled:
        return
    try:
        origin = remember_origin(app, request, record)
    except (AppError, DatabaseError) as ex:
        app.logs.write(WARN, FAILED, {"error": str(ex)})
        return
    if origin is not None and email(record):
        _write(app, record, origin, describe(request))


def _write(app: App, record: Record, origin: Record, info: str) -> None:
    # NOTE: a place that could not be told about is forgotten, so that the next sign-in tells
    app.mailer.send_later(
        lambda: send_auth_alert(app, record, info),
        FAILED,
        lambda: app.records.delete(origin),
        WARN,
    )


def describe(request: RequestInfo) -> str:
    """Return when and from where a request came, as the letter says it."""
    agent = request.headers.get("user_agent", "")
    if len(agent) > LONGEST_AGENT:
        agent = agent[:LONGEST_AGENT] + "..."
    return f"{now()} - {request.ip} {agent}"
