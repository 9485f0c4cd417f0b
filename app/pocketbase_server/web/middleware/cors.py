"""Which pages of other origins may read our answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pocketbase_server.web.exchange import Request, Response

_METHODS: Final = "GET,HEAD,PUT,PATCH,POST,DELETE"


class Cors:
    """Answers preflights and marks answers for allowed origins; `*` and `?` are wildcards."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._any = "*" in origins
        self._exact = frozenset(origins)
        patterns = "|".join(_pattern(o) for o in origins if "*" in o or "?" in o)
        self._pattern = re.compile(rf"(?:{patterns})\Z") if patterns and not self._any else None

    def process_request(self, req: Request, resp: Response) -> None:
        """Say who may read the answer; answer OPTIONS at once."""
        origin = req.header("origin")
        allowed = self._allowed(origin) if origin else ""
        if req.method == "OPTIONS":
            self._preflight(req, resp, allowed)
        elif allowed:
            resp.set_header("access-control-allow-origin", allowed)

    def _allowed(self, origin: str) -> str:
        if self._any:
            return "*"
        if origin in self._exact or (self._pattern and self._pattern.match(origin)):
            return origin
        return ""

    def _preflight(self, req: Request, resp: Response, allowed: str) -> None:
        resp.clear_headers()
        resp.set_header("vary", "Origin")
        resp.status = 204
        resp.complete = True
        req.is_logged = False
        if not allowed:
            return
        resp.add_vary("Access-Control-Request-Method")
        resp.add_vary("Access-Control-Request-Headers")
        resp.set_header("access-control-allow-methods", _METHODS)
        resp.set_header("access-control-allow-origin", allowed)
        wanted = req.header("access-control-request-headers")
        if wanted:
            resp.set_header("access-control-allow-headers", wanted)


def _pattern(origin: str) -> str:
    return re.escape(origin).replace(r"\*", ".*").replace(r"\?", ".")
