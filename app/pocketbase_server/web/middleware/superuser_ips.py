"""Superusers may be limited to certain addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.auth.superuser_ips import check_superuser_ip

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class SuperuserIps:
    """Refuses superusers who come from elsewhere than the settings allow."""

    def __init__(self, app: App) -> None:
        self._app = app

    def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        """Raise `ForbiddenError` for a superuser at the wrong address."""
        # PERF: guests and plain users cost no call
        if req.caller is not None and req.caller.is_superuser:
            check_superuser_ip(self._app, req.caller, req.ip)
