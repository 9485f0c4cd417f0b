"""`/api/files`: files of records, and tokens for protected ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import NotFoundError, OffloadError
from pocketbase_server.kit.cast import to_bool
from pocketbase_server.services.files import download, file_token
from pocketbase_server.storage.files.base import FileStoreError
from pocketbase_server.storage.sql.inline import MODE
from pocketbase_server.web.content import send_content, send_file
from pocketbase_server.web.guards import require_auth
from pocketbase_server.web.media import send_json
from pocketbase_server.web.request_info import request_info

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.files import ServedFile
    from pocketbase_server.storage.files.base import FileInfo, FileStore
    from pocketbase_server.web.exchange import Request, Response

SANDBOX: Final = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
CACHE: Final = "max-age=2592000, stale-while-revalidate=86400"

_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_BY_EXTENSION: Final = {
    ".css": "text/css",
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".svg": "image/svg+xml",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
}
"""Types that a file's content does not tell well enough."""
_SHOWN: Final = {
    "application": "pdf x-pdf",
    "audio": "aac aiff basic midi mp3 mpeg wav wave x-m4a x-mpeg x-wav",
    "image": "bmp gif jpeg jpg png webp x-icon",
    "video": "3gpp mp4 quicktime webm x-ms-wmv",
}
_INLINE: Final = frozenset(f"{a}/{b}" for a, kinds in _SHOWN.items() for b in kinds.split())
"""Types that a browser may show; SECURITY: all others, HTML and SVG too, are for saving only."""


class FileResource:
    """One file of a record."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response, collection: str, id: str, name: str) -> None:
        """Send the file, or its thumb."""

        def serve(file: ServedFile) -> None:
            # NOTE: pages of other origins may show the files of records in frames
            resp.delete_header("x-frame-options")
            try:
                send_stored(req, resp, self._app.files.storage, file)
            except FileStoreError as ex:
                raise NotFoundError from ex

        download(self._app, request_info(req), (collection, id, name), serve)


class FileTokenResource:
    """Tokens for protected files."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Give the signed-in caller a token."""
        caller = require_auth(req.caller)
        token = file_token(self._app, request_info(req, has_body=False), caller)
        send_json(req, resp, {"token": token})


def send_stored(req: Request, resp: Response, store: FileStore, file: ServedFile) -> None:
    """Answer with a file of *store*; raises `FileStoreError` when it is not there or cannot be had."""
    if MODE.active and store.is_remote:
        raise OffloadError
    info = store.info(file.key)
    _set_headers(req, resp, file.name, info)
    if info.place:
        send_file(req, resp, info.place, size=info.size, modified=info.modified)
        return
    send_content(
        req,
        resp,
        lambda start, end: store.read(file.key, start, end),
        size=info.size,
        modified=info.modified,
    )


def _set_headers(req: Request, resp: Response, name: str, info: FileInfo) -> None:
    kind = info.content_type
    is_shown = kind in _INLINE and not to_bool(req.query.get("download", ""))
    way = "inline" if is_shown else "attachment"
    resp.tell(
        {
            "content-disposition": f'{way}; filename="{_quoted(name)}"',
            "content-type": _BY_EXTENSION.get(_extension(name), kind),
            "content-security-policy": SANDBOX,
            "cache-control": CACHE,
        }
    )


def _extension(name: str) -> str:
    _, dot, extension = name.rpartition(".")
    return dot + extension


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
