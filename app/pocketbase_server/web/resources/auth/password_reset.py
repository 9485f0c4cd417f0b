"""A forgotten password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.services.auth.password_reset import (
    ResetForm,
    confirm_password_reset,
    request_password_reset,
)
from pocketbase_server.web.media import send_nothing
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.forms import read_text, read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response

_FIELDS: Final = ("token", "password", "passwordConfirm")


class RequestPasswordResetResource:
    """Sends letters that allow a new password."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Send one, if there is whom to."""
        request_password_reset(
            self._app, collection, lambda: request_info(req), lambda: read_text(req, "email")
        )
        send_nothing(resp)


class ConfirmPasswordResetResource:
    """Sets the new password."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Set it."""
        confirm_password_reset(
            self._app,
            collection,
            lambda: request_info(req),
            lambda: ResetForm(*read_texts(req, *_FIELDS, is_generic=True)),
        )
        send_nothing(resp)
