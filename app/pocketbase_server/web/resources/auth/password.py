"""Signing in with identity and password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.password_login import PasswordForm, auth_with_password
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.answers import send_auth
from pocketbase_server.web.resources.auth.forms import read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class PasswordResource:
    """Signs in with a password."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with the record and a token, or with what a second method needs."""

        def read_form() -> PasswordForm:
            return PasswordForm(*read_texts(req, "identity", "password", "identityField"))

        answer = auth_with_password(
            self._app, collection, lambda: request_info(req, "password"), read_form
        )
        send_auth(req, resp, answer)
