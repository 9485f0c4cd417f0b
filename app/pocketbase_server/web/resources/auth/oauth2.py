"""Signing in through an OAuth2 provider, and the page that providers send people back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import AppError, BadRequestError
from pocketbase_server.services.auth.oauth2_form import LOADING, OAuth2Form
from pocketbase_server.web.media import read_body
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.answers import send_auth
from pocketbase_server.web.resources.auth.forms import by_name, is_json, read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response

_TEXTS = ("provider", "code", "codeVerifier", "redirectURL", "redirectUrl")
_DATA = "createData"
_SUCCESS = "../_/#/auth/oauth2-redirect-success"
_FAILURE = "../_/#/auth/oauth2-redirect-failure"


class OAuth2Resource:
    """Signs in through a provider."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Answer with the record and a token, or with what a second method needs."""
        from pocketbase_server.services.auth.oauth2 import auth_with_oauth2

        answer = auth_with_oauth2(
            self._app, collection, lambda: _read_form(req), lambda: request_info(req, "oauth2")
        )
        send_auth(req, resp, answer)


def _read_form(req: Request) -> OAuth2Form:
    provider, code, verifier, redirect_url, old_redirect_url = read_texts(req, *_TEXTS)
    return OAuth2Form(provider, code, verifier, redirect_url or old_redirect_url, _create_data(req))


def _create_data(req: Request) -> dict[str, Any]:
    body = read_body(req)
    data = (by_name(body, (*_TEXTS, _DATA)) if is_json(req) else body).get(_DATA)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadRequestError(LOADING)
    return data


class RedirectResource:
    """Takes people back from a provider and sends them on."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """Hand over what stands in the URL."""
        self._hand_over(req, resp, req.query)

    def on_post(self, req: Request, resp: Response) -> None:
        """Hand over what stands in the form, as Apple sends it."""
        try:
            form = {key: _first(value) for key, value in read_body(req).items()}
        except AppError:
            form = {}
        self._app.apple_names.keep(form.get("code", ""), form.get("user", ""))
        self._hand_over(req, resp, form)

    def _hand_over(self, req: Request, resp: Response, said: dict[str, str]) -> None:
        from pocketbase_server.services.auth.oauth2_redirect import hand_over

        names = ("state", "code", "error")
        is_good = hand_over(self._app, req.ip, *(said.get(name, "") for name in names))
        # NOTE: a form must not be posted again to where we send people
        resp.status = 307 if req.method == "GET" else 303
        resp.set_header("location", _SUCCESS if is_good else _FAILURE)


def _first(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else str(value)
