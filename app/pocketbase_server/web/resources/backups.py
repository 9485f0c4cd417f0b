"""`/api/backups`: for superusers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import BadRequestError, ForbiddenError, NotFoundError
from pocketbase_server.core.records.files import ServedFile
from pocketbase_server.services.files import superuser_by_file_token
from pocketbase_server.storage.files.base import FileMissingError, FileStoreError
from pocketbase_server.web.media import read_files, send_json, send_nothing
from pocketbase_server.web.resources.auth.forms import read_texts
from pocketbase_server.web.resources.files import send_stored

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.kit.upload import Upload
    from pocketbase_server.storage.files.base import FileInfo
    from pocketbase_server.web.exchange import Request, Response


class BackupsResource:
    """All backups."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """List backups."""
        send_json(req, resp, [_exported(info) for info in self._app.backups.all()])

    def on_post(self, req: Request, resp: Response) -> None:
        """Make a backup; the answer comes when it is done."""
        (name,) = read_texts(req, "name", is_generic=True)
        self._app.backups.create(name)
        send_nothing(resp)


class BackupUploadResource:
    """Backups made elsewhere."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Keep the backup that is sent."""
        self._app.backups.upload(_sent(req))
        send_nothing(resp)


class BackupResource:
    """One backup."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response, key: str) -> None:
        """Send the backup to whoever has the file token of a superuser."""
        token = req.query.get("token", "")
        if superuser_by_file_token(self._app, token, req.ip) is None:
            raise ForbiddenError("Insufficient permissions to access the resource.")
        try:
            send_stored(req, resp, self._app.files.backups, ServedFile(key, key))
        except FileMissingError as ex:
            raise NotFoundError from ex
        except FileStoreError as ex:
            raise BadRequestError from ex

    def on_delete(self, req: Request, resp: Response, key: str) -> None:  # noqa: ARG002
        """Remove the backup."""
        self._app.backups.delete(key)
        send_nothing(resp)


class RestoreResource:
    """Going back to a backup."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response, key: str) -> None:  # noqa: ARG002
        """Begin to restore the backup; the server restarts with it."""
        self._app.backups.restore(key)
        send_nothing(resp)


def _sent(req: Request) -> Upload | None:
    try:
        files = read_files(req).get("file", [])
    except BadRequestError:
        # COMPAT: what is no form holds no file
        return None
    return files[0] if files else None


def _exported(info: FileInfo) -> dict[str, Any]:
    moment = datetime.fromtimestamp(info.modified, UTC)
    modified = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return {"modified": modified, "key": info.key, "size": info.size}
