"""`/openapi/…`: the API described, as JSON, as YAML and as a page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.web.openapi.document import make_document
from pocketbase_server.web.static import FileNotFound

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.web.api import Api
    from pocketbase_server.web.exchange import Request, Response

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_FILES: Final = {
    "html": ("index.html", "text/html; charset=utf-8"),
    "viewer.js": ("viewer.js", "text/javascript; charset=utf-8"),
    "viewer.css": ("viewer.css", "text/css; charset=utf-8"),
}


class OpenApiResource:
    """The document and the page that shows it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.api: Api | None = None
        """Whose routes are described; set when the routes are added."""
        self._made: dict[tuple[Any, ...], bytes] = {}

    def on_get(self, req: Request, resp: Response, name: str) -> None:
        """Answer with one form of the document, or a file of the page."""
        if name in {"json", "yaml"}:
            kind = "application/json" if name == "json" else "application/yaml"
            resp.send(self._text(req, name), kind)
            return
        if name not in _FILES:
            raise FileNotFound
        file, kind = _FILES[name]
        resp.set_header("content-security-policy", _POLICY)
        resp.send(_content(file), kind)

    def _text(self, req: Request, kind: str) -> bytes:
        everything = req.caller is not None and req.caller.is_superuser
        title = self._app.settings.current.meta.app_name
        key = (self._app.collections.version, title, everything, kind)
        known = self._made.get(key)
        if known is None:
            document = make_document(self._app, self.api, everything=everything)
            known = orjson.dumps(document) if kind == "json" else _yaml(document)
            self._made = {k: v for k, v in self._made.items() if k[:2] == key[:2]} | {key: known}
        return known


def _yaml(document: dict[str, Any]) -> bytes:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Plain(dumper):  # type: ignore[misc,valid-type]
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    text: str = yaml.dump(document, Dumper=Plain, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()


@cache
def _content(name: str) -> bytes:
    return files("pocketbase_server.web.openapi").joinpath("viewer", name).read_bytes()
