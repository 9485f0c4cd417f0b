"""Another e-mail address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.context import find_collection, require_auth_of
from pocketbase_server.services.auth.email_change import (
    ChangeForm,
    confirm_email_change,
    request_email_change,
)
from pocketbase_server.web.media import send_nothing
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.forms import read_text, read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class RequestEmailChangeResource:
    """Sends letters to new addresses."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Send one to the address that the caller wants."""
        caller = require_auth_of(find_collection(self._app, collection), req.caller)
        request_email_change(
            self._app, caller, lambda: request_info(req), lambda: read_text(req, "newEmail")
        )
        send_nothing(resp)


class ConfirmEmailChangeResource:
    """Changes addresses."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Change it."""
        confirm_email_change(
            self._app,
            collection,
            lambda: request_info(req),
            lambda: ChangeForm(*read_texts(req, "token", "password")),
        )
        send_nothing(resp)
