"""Signing in as nobody in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.services.auth.anonymous import (
    UpgradeForm,
    allows_anonymous,
    auth_anonymously,
    set_anonymous,
    upgrade,
)
from pocketbase_server.services.auth.context import (
    find_auth_collection,
    find_collection,
    require_auth_of,
)
from pocketbase_server.web.media import LOADING, read_form, send_json
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.answers import send_auth
from pocketbase_server.web.resources.auth.forms import read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class AnonymousOptionResource:
    """Whether a collection allows it."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response, collection: str) -> None:
        """Tell."""
        found = find_auth_collection(self._app, collection)
        send_json(req, resp, {"enabled": allows_anonymous(self._app, found)})

    def on_put(self, req: Request, resp: Response, collection: str) -> None:
        """Change it."""
        allowed = read_form(req).get("enabled", False)
        if not isinstance(allowed, bool):
            raise BadRequestError(LOADING)
        set_anonymous(self._app, collection, allowed=allowed)
        send_json(req, resp, {"enabled": allowed})


class AnonymousResource:
    """Signs in whoever calls."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with a new record and its token."""
        send_auth(req, resp, auth_anonymously(self._app, collection, request_info(req)))


class UpgradeResource:
    """Makes someone of an anonymous caller."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with the record and a new token."""
        caller = require_auth_of(find_collection(self._app, collection), req.caller)
        form = UpgradeForm(*read_texts(req, "email", "password", "passwordConfirm"))
        send_auth(req, resp, upgrade(self._app, caller, request_info(req), form))
