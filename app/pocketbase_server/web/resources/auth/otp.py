"""One-time passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.otp import request_otp
from pocketbase_server.services.auth.otp_login import OtpForm, auth_with_otp
from pocketbase_server.web.media import send_json
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.answers import send_auth
from pocketbase_server.web.resources.auth.forms import read_text, read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class RequestOtpResource:
    """Sends one-time passwords."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with the id of a one-time password."""
        answer = request_otp(
            self._app, collection, lambda: request_info(req), lambda: read_text(req, "email")
        )
        send_json(req, resp, answer)


class OtpResource:
    """Signs in with a one-time password."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with the record and a token, or with what a second method needs."""
        answer = auth_with_otp(
            self._app,
            collection,
            lambda: request_info(req, "otp"),
            lambda: OtpForm(*read_texts(req, "otpId", "password")),
        )
        send_auth(req, resp, answer)
