"""Superusers may be limited to certain addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.errors import ForbiddenError
from pocketbase_server.core.settings.networks import contains

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class SuperuserIps:
    """Refuses superusers who come from elsewhere than the settings allow."""

    def __init__(self, app: App) -> None:
        self._app = app

    def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        """Raise `ForbiddenError` for a superuser at the wrong address."""
        caller = req.caller
        if caller is None or not caller.is_superuser:
            return
        allowed = self._app.settings.current.superuser_ips
        if allowed and not contains(allowed, req.ip):
            raise ForbiddenError
