"""Who asks too often is told to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.services.rate_limit import Asked
from pocketbase_server.web.exchange import COUNTED_KEY, MATCH_KEY

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.web.api import Api
    from pocketbase_server.web.endpoint import Match
    from pocketbase_server.web.exchange import Request, Response


class RateLimit:
    """Counts requests where the settings limit them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.api: Api | None = None

    def process_request(self, req: Request, resp: Response) -> None:  # noqa: ARG002
        """Raise `TooManyRequestsError` for a request over its limit."""
        # PERF: without limits this look is all they cost
        if self._app.settings.current.rate_limits.enabled:
            self._check(req)

    def _check(self, req: Request) -> None:
        # NOTE: what was to run inline may come a second time, on a thread
        if COUNTED_KEY in req.env:
            return
        action, collection = self._target(req)
        if action and collection is None:
            return  # COMPAT: what names no collection is not counted; it is answered with 404
        asked = Asked(req.method, req.path, req.ip, req.caller, collection, action)
        self._app.rate_limits.check(asked)
        req.env[COUNTED_KEY] = True

    def _target(self, req: Request) -> tuple[str, Collection | None]:
        """Return the action that is asked for and on what; no action for all other paths."""
        match: Match | None = req.env.get(MATCH_KEY)
        if match is None and self.api is not None:
            match = self.api.match(req.method, req.path)
        if match is None or not match.endpoint.tags:
            return "", None
        name: str = match.params.get("collection", "")
        return match.endpoint.tags[0], self._app.collections.get(name)
