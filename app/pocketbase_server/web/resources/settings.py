"""`/api/settings`: for superusers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.settings import Form, update_settings, view_settings
from pocketbase_server.web.media import JSON, read_fields, read_form, send_json, send_nothing
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.forms import read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class SettingsResource:
    """The settings."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """Show the settings, secrets left out."""
        send_json(req, resp, view_settings(self._app, request_info(req, has_body=False)))

    def on_patch(self, req: Request, resp: Response) -> None:
        """Change the settings."""
        body = read_form(req)
        info = request_info(req)
        info.body = body
        is_form = not (req.header("content-type") or "").startswith(JSON)
        form = Form(*read_fields(req)) if is_form else None
        send_json(req, resp, update_settings(self._app, info, form))


class TestS3Resource:
    """Trying a bucket."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Write, read and delete an object of the bucket."""
        from pocketbase_server.services.settings_tests import check_s3

        (filesystem,) = read_texts(req, "filesystem", is_generic=True)
        check_s3(self._app, filesystem)
        send_nothing(resp)


class TestEmailResource:
    """Trying the way letters are sent."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Send one of the letters to the caller's address."""
        from pocketbase_server.services.settings_tests import EmailTest, check_email

        test = EmailTest(*read_texts(req, "email", "template", "collection", is_generic=True))
        check_email(self._app, test)
        send_nothing(resp)
