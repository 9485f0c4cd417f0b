"""Signing in as someone else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.impersonate import impersonate
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.answers import send_auth
from pocketbase_server.web.resources.auth.forms import read_integer

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class ImpersonateResource:
    """Signs superusers in as others."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str, id: str) -> None:
        """Answer with the record and a token."""
        answer = impersonate(
            self._app,
            collection,
            id,
            lambda: request_info(req),
            lambda: read_integer(req, "duration"),
        )
        send_auth(req, resp, answer)
