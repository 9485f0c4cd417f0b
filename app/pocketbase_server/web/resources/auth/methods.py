"""How one may sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.methods import list_auth_methods
from pocketbase_server.web.media import send_json

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class MethodsResource:
    """Tells the sign-in methods of a collection."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with the methods."""
        send_json(req, resp, list_auth_methods(self._app, collection))
