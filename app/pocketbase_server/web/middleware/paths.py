"""Unclean paths are sent to their clean form before anything else happens."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import quote

from pocketbase_server.web.aliases import ADMINS, ADMINS_KEY, present_path

if TYPE_CHECKING:
    from pocketbase_server.web.api import Api
    from pocketbase_server.web.exchange import Request, Response


class CleanPaths:
    """Redirects `//a`, `/a/../b` and a subtree's root without its slash; leads old paths on."""

    def __init__(self) -> None:
        self.api: Api | None = None

    def process_request(self, req: Request, resp: Response) -> None:
        """Answer an unclean path with 307."""
        path = req.path
        if "//" in path or "/." in path:
            clean = clean_path(path)
            if clean != path:
                redirect(req, resp, clean)
        elif path.startswith(ADMINS):
            self._lead_on(req)
        elif self.api is not None and self.api.is_subtree(req.method, path):
            redirect(req, resp, path + "/")

    def _lead_on(self, req: Request) -> None:
        # SECURITY: from here on it is the present path, for limits by path too
        path = present_path(req.path)
        if path != req.path and not self._is_own(req):
            req.path = path
            req.env[ADMINS_KEY] = True

    def _is_own(self, req: Request) -> bool:
        """Tell whether other people's code answers the old path."""
        return self.api is not None and self.api.own_routes.find(req.method, req.path) is not None


def clean_path(path: str) -> str:
    """Return *path* without empty, `.` and `..` segments; a slash at the end stays."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return clean + "/" if path.endswith("/") and clean != "/" else clean


def redirect(req: Request, resp: Response, path: str) -> None:
    """Answer 307 to *path*, as the reference's router does: without any of our own headers."""
    # SECURITY: the clean path begins with exactly one slash, so it cannot name another host
    target = quote(path, safe="/%~!$&'()*+,;=:@")
    resp.clear_headers()
    resp.status = 307
    location = f"{target}?{req.query_string}" if req.query_string else target
    resp.set_header("location", location)
    if req.method in {"GET", "HEAD"}:
        resp.set_header("content-type", "text/html; charset=utf-8")
    if req.method == "GET":
        shown = location.replace("&", "&amp;").replace('"', "&#34;")
        body = f'<a href="{shown}">Temporary Redirect</a>.\n\n'
        resp.data = body.encode()
    else:
        resp.send_nothing(req)
    resp.complete = True
    req.is_logged = False
