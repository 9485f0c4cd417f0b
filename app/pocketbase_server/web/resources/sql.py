"""`/api/sql`: the SQL console, for superusers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.sql_console import run_sql
from pocketbase_server.web.media import send_json
from pocketbase_server.web.resources.auth.forms import read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class SqlResource:
    """Carries out statements."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Answer with what the statements did and found."""
        (query,) = read_texts(req, "query")
        send_json(req, resp, run_sql(self._app, query))
