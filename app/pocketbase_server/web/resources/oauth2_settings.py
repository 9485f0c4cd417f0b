"""What superusers need to set up OAuth2 providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.oauth2_methods import all_providers
from pocketbase_server.web.media import send_json
from pocketbase_server.web.resources.auth.forms import read_integer, read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class ProvidersResource:
    """Tells which providers there are."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """Answer with names and logos."""
        send_json(req, resp, all_providers())


class AppleSecretResource:
    """Makes the client secret that Apple wants."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Answer with a new secret."""
        from pocketbase_server.services.apple_secret import AppleSecretForm, make_apple_secret

        client, team, key, pem = read_texts(
            req, "clientId", "teamId", "keyId", "privateKey", is_generic=True
        )
        form = AppleSecretForm(client, team, key, pem, read_integer(req, "duration"))
        send_json(req, resp, {"secret": make_apple_secret(form)})
