"""Who asks: the record whose token the request carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.tokens import AUTH, bare_token, record_by_token
from pocketbase_server.web.request_info import client_ip

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class AuthToken:
    """Sets `req.caller` and `req.ip`; a bad or expired token makes a guest, silently."""

    def __init__(self, app: App) -> None:
        self._app = app

    def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        """Find the caller."""
        req.ip = client_ip(req, self._app.settings.current)
        authorization = req.header("authorization")
        if authorization:
            req.caller = record_by_token(self._app, bare_token(authorization), AUTH)
