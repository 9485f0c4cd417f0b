"""The page at `/_/`: makes the first superuser, and does what letters lead to."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.mime import type_by_name
from pocketbase_server.web.static import FileNotFound

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.exchange import Request, Response

_PAGE: Final = "index.html"
_FILES: Final = frozenset({_PAGE, "page.js", "parts.js", "letters.js", "style.css"})
_EXTENSIONS: Final = "extensions.js"
"""The scripts of extensions of the dashboard; there are none."""
_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' http://127.0.0.1:* https://tile.openstreetmap.org data: blob:; "
    "connect-src 'self' http://127.0.0.1:* https://nominatim.openstreetmap.org; "
    "script-src 'self' http://127.0.0.1:*; frame-ancestors 'none'"
)
_KEPT: Final = "max-age=1209600, stale-while-revalidate=86400"


class WelcomeResource:
    """Serves the page and its files."""

    def __init__(self, app: App) -> None:
        pass

    def on_get(self, req: Request, resp: Response, path: str = "") -> None:
        """Answer with one of the page's files."""
        name = path or _PAGE
        resp.set_header("content-security-policy", _POLICY)
        resp.add_vary("Accept-Encoding")
        if path:
            resp.set_header("cache-control", _KEPT)
        if name == _EXTENSIONS:
            resp.send(b"", "text/javascript")
            return
        if name not in _FILES:
            raise FileNotFound
        if path == _PAGE:
            resp.status = 301
            resp.set_header("location", "/_/")
            resp.send_nothing(req)
            return
        accepts_gzip = "gzip" in (req.header("accept-encoding") or "")
        if accepts_gzip:
            resp.set_header("content-encoding", "gzip")
        resp.send(_content(name, packed=accepts_gzip), type_by_name(name) or "")


@cache
def _content(name: str, *, packed: bool) -> bytes:
    data = files("pocketbase_server.web.welcome").joinpath(name).read_bytes()
    return gzip.compress(data, mtime=0) if packed else data
