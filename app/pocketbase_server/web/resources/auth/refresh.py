"""A newer token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.context import find_collection, require_auth_of
from pocketbase_server.services.auth.refresh import refresh_auth
from pocketbase_server.services.auth.tokens import bare_token
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.answers import send_auth

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class RefreshResource:
    """Renews the caller's token."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with the caller and a new token."""
        caller = require_auth_of(find_collection(self._app, collection), req.caller)
        token = bare_token(req.header("authorization") or "")
        send_auth(req, resp, refresh_auth(self._app, caller, request_info(req), token))
