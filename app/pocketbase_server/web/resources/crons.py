"""`/api/crons`: scheduled jobs, for superusers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.web.media import send_json, send_nothing

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class CronsResource:
    """All jobs."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """List jobs and when they run."""
        jobs = self._app.crons.jobs()
        send_json(req, resp, [{"id": job.id, "expression": job.expression} for job in jobs])


class CronResource:
    """One job."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, id: str) -> None:  # noqa: ARG002
        """Run a job now; the answer does not wait for it."""
        self._app.crons.run(id)
        send_nothing(resp)
