"""Tells whether the server is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.web.media import send_json

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response

_HEALTHY: Final = b'{"message":"API is healthy.","code":200,"data":{}}'
_PROXY_HEADERS: Final = ("CF-Connecting-IP", "Fly-Client-IP", "X-Forwarded-For")


class HealthResource:
    """Answers that we are healthy; tells superusers a little more."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """Answer that the API is healthy."""
        is_superuser = req.caller is not None and req.caller.is_superuser
        if not is_superuser and "fields" not in req.query_string:
            resp.send_json_bytes(_HEALTHY)
            return
        data = self._details(req) if is_superuser else {}
        send_json(req, resp, {"message": "API is healthy.", "code": 200, "data": data})

    def _details(self, req: Request) -> dict[str, Any]:
        return {
            "canBackup": True,
            "realIP": req.ip,
            "possibleProxyHeader": self._proxy_header(req),
        }

    def _proxy_header(self, req: Request) -> str:
        """Return the name of a header that tells of a proxy in front of us."""
        trusted = self._app.settings.current.trusted_proxy.headers
        names = (*trusted, *_PROXY_HEADERS)
        return next((name for name in names if req.header(name.lower())), "")
