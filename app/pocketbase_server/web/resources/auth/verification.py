"""Whose an e-mail address is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.verification import confirm_verification, request_verification
from pocketbase_server.web.media import send_nothing
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.forms import read_text

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class RequestVerificationResource:
    """Sends letters that ask for a confirmation."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Send one, if there is whom to."""
        request_verification(
            self._app, collection, lambda: request_info(req), lambda: read_text(req, "email")
        )
        send_nothing(resp)


class ConfirmVerificationResource:
    """Takes the confirmation."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Take note of it."""
        confirm_verification(
            self._app, collection, lambda: request_info(req), lambda: read_text(req, "token")
        )
        send_nothing(resp)
