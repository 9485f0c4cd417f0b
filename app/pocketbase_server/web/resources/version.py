"""`/api/version`: which version answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server import version
from pocketbase_server.web.media import send_json

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response


class VersionResource:
    """Tells version and build."""

    def __init__(self, app: App) -> None:
        pass

    def on_get(self, req: Request, resp: Response) -> None:
        """Answer with the version, and with commit and time of the build if it was built."""
        answer = {
            "version": version.__version__,
            "buildCommit": version.COMMIT,
            "buildTime": version.BUILT,
        }
        send_json(req, resp, answer)
