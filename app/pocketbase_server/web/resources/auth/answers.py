"""What is sent to someone who signs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.records.model import Record
from pocketbase_server.web.aliases import ADMINS_KEY
from pocketbase_server.web.media import send_json

if TYPE_CHECKING:
    from pocketbase_server.services.auth.sign_in import AuthAnswer
    from pocketbase_server.web.exchange import Request, Response


def send_auth(req: Request, resp: Response, answer: AuthAnswer) -> None:
    """Send record and token; or 401 and the session that a second method must name."""
    status = 200 if answer.is_complete else 401
    body = _printed(answer.body)
    send_json(req, resp, _with_admin(body) if ADMINS_KEY in req.env else body, status)


def _with_admin(body: Any) -> Any:
    """Return the body as clients of before 0.23 expect it: they look for `admin`."""
    record = body.get("record") if isinstance(body, dict) else None
    return {**body, "admin": {"avatar": 0, **record}} if isinstance(record, dict) else body


def _printed(body: Any) -> Any:
    """Return the body with its record as the API prints it."""
    if not isinstance(body, dict):
        return body
    return {k: v.export() if isinstance(v, Record) else v for k, v in body.items()}
