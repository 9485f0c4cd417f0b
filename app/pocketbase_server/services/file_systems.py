"""Which store holds what: records' files and backups, on disk or in a bucket, as the settings say."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pocketbase_server.storage.files.local import LocalStore
from pocketbase_server.storage.files.s3 import Bucket, S3Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pocketbase_server.app import App
    from pocketbase_server.core.settings.model import S3
    from pocketbase_server.storage.files.base import FileStore

_THREADS = 4


class _Place:
    """One store that follows the settings."""

    def __init__(self, folder: Path) -> None:
        self._local = LocalStore(folder)
        self._remote: S3Store | None = None
        self._seen: S3 | None = None

    def store(self, settings: S3) -> FileStore:
        # PERF: settings are replaced as a whole, so the same object is the same choice
        if settings is not self._seen:
            self._follow(settings)
        return self._remote or self._local

    def _follow(self, settings: S3) -> None:
        bucket = bucket_of(settings) if settings.enabled else None
        before = self._remote
        if before is None or before.bucket != bucket:
            # NOTE: the former is not closed: requests may still be reading from it
            self._remote = S3Store(bucket) if bucket is not None else None
        self._seen = settings


class FileSystems:
    """The stores of one application; a change of the settings is followed at once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._storage = _Place(app.dir.storage)
        self._backups = _Place(app.dir.backups)
        self._executor: ThreadPoolExecutor | None = None
        self._starting = threading.Lock()

    @property
    def storage(self) -> FileStore:
        """Where the files of records are."""
        return self._storage.store(self._app.settings.current.s3)

    @property
    def backups(self) -> FileStore:
        """Where backups are."""
        return self._backups.store(self._app.settings.current.backups.s3)

    def later(self, act: Callable[[], None]) -> None:
        """Run *act* on another thread, soon."""
        with self._starting:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(_THREADS, "files")
            self._executor.submit(act)

    def close(self) -> None:
        """Finish what was to be done later; safe to call twice."""
        with self._starting:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)


def bucket_of(settings: S3) -> Bucket:
    """Return the bucket that the settings describe."""
    return Bucket(
        settings.bucket,
        settings.region,
        settings.endpoint,
        settings.access_key,
        settings.secret,
        settings.force_path_style,
    )
