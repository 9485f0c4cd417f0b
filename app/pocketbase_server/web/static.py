"""Files of the public folder: everything that no route answers."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pocketbase_server.core.errors import NotFoundError
from pocketbase_server.web.content import send_file

if TYPE_CHECKING:
    from pocketbase_server.web.exchange import Request, Response

INDEX: Final = "index.html"
_LONGEST: Final = 4096


class FileNotFound(NotFoundError):  # noqa: N818
    """There is no such file."""

    default_message = "File not found."


class PublicFiles:
    """Serves one folder: index files for directories, optionally the root's for what is missing."""

    def __init__(self, folder: Path, *, index_fallback: bool) -> None:
        self._folder = folder.absolute()
        self._index_fallback = index_fallback

    def __call__(self, req: Request, resp: Response, **params: Any) -> None:  # noqa: ARG002
        """Answer with the file that the request's path names."""
        path = self._inside(req.path)
        found = _stat(path) if path is not None else None
        if path is not None and found is not None:
            if _redirect(req, resp, is_folder=stat.S_ISDIR(found.st_mode)):
                return
            if self._send(req, resp, path, found):
                return
        self._send_fallback(req, resp)

    def _send_fallback(self, req: Request, resp: Response) -> None:
        root = _stat(self._folder) if self._index_fallback else None
        if root is None or not self._send(req, resp, self._folder, root):
            raise FileNotFound

    def _inside(self, path: str) -> Path | None:
        """Return where *path* lies in the folder, or None when it leaves the folder or is no path."""
        if "\0" in path or len(path) > _LONGEST:
            return None
        # SECURITY: cleaned as if the folder were the root of the disk, so `..` cannot get out
        relative = os.path.normpath("/" + path.lstrip("/")).lstrip("/")
        return self._folder / relative

    @staticmethod
    def _send(req: Request, resp: Response, path: Path, found: os.stat_result) -> bool:
        """Send a file, or the index of a folder; return whether there was one."""
        if stat.S_ISDIR(found.st_mode):
            path = path / INDEX
            index = _stat(path)
            if index is None or not stat.S_ISREG(index.st_mode):
                return False
            found = index
        elif not stat.S_ISREG(found.st_mode):
            return False
        send_file(req, resp, str(path), size=found.st_size, modified=found.st_mtime)
        return True


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _redirect(req: Request, resp: Response, *, is_folder: bool) -> bool:
    """Send the caller to the one right spelling of a path; return whether that was needed."""
    path = req.path
    if is_folder:
        target = "" if path.endswith("/") else path + "/"
    elif path.endswith("/" + INDEX):
        target = path.removesuffix(INDEX)
    else:
        target = path.rstrip("/") if path.endswith("/") else ""
    if target:
        resp.status = 301
        resp.set_header("location", quote(target, safe="/%~!$&'()*+,;=:@"))
        resp.send_nothing(req)
    return bool(target)
