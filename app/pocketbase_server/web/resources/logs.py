"""`/api/logs`: the activity log, for superusers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.logs.query import LogReader
from pocketbase_server.web.media import send_json, send_nothing

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class LogsResource:
    """All lines."""

    def __init__(self, app: App) -> None:
        self._reader = LogReader(app)

    def on_get(self, req: Request, resp: Response) -> None:
        """List lines."""
        send_json(req, resp, self._reader.page(req.query), is_page=True)

    def on_delete(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        """Delete every line."""
        self._reader.truncate()
        send_nothing(resp)


class LogResource:
    """One line."""

    def __init__(self, app: App) -> None:
        self._reader = LogReader(app)

    def on_get(self, req: Request, resp: Response, id: str) -> None:
        """Show a line."""
        send_json(req, resp, self._reader.view(id))


class LogStatsResource:
    """How much happened when."""

    def __init__(self, app: App) -> None:
        self._reader = LogReader(app)

    def on_get(self, req: Request, resp: Response) -> None:
        """Show the number of lines of each hour."""
        send_json(req, resp, self._reader.stats(req.query))
