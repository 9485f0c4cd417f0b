"""Backups: making, keeping and restoring copies of all data."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import MATCH_INVALID, length_between
from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue, ValidationErrors
from pocketbase_server.core.fields.file import mime_issue
from pocketbase_server.core.hooks.events import BackupEvent
from pocketbase_server.kit.text import snake_case
from pocketbase_server.storage.datadir import DataDir, DataDirError
from pocketbase_server.storage.files.base import FileStoreError
from pocketbase_server.storage.files.local import TEMPORARY
from pocketbase_server.storage.restore import KEPT, stage
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.snapshot import copy_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pocketbase_server.app import App
    from pocketbase_server.core.hooks.events import AppEvent
    from pocketbase_server.kit.upload import Upload
    from pocketbase_server.storage.files.base import FileInfo

AUTO_PREFIX: Final = "@auto_pb_backup_"
AUTO_JOB: Final = "__pbAutoBackup__"
ORIGINAL: Final = "original-filename"
MAX_NAME: Final = 150
RESTART_DELAY: Final = 0.2
"""Seconds in which the answer to a restore can reach whoever asked."""
_CHECK_SECONDS: Final = 120.0
_SPARE: Final = 64 << 20
"""Bytes that stay free on the disk when a backup is unpacked."""
_NAME: Final = re.compile(r"[a-z0-9_-]+\.zip\Z")
_DATABASES: Final = ("data.db", "auxiliary.db")
_OF_PROCESSES: Final = (".pb_restore", ".rate_limits", ".attempts", ".letters")
"""What means something only while this server runs."""
_PROGRESS_EVERY: Final = 5.0
INFO, ERROR = 0, 8

BUSY: Final = "Try again later - another backup/restore process has already been started"
_TAKEN: Final = "validation_backup_name_exists"
_FAILURES: Final = (OSError, FileStoreError, DatabaseError, DataDirError)


class BackupError(Exception):
    """A backup cannot be made or restored; the message says why."""


class Backups:
    """The backups of one application."""

    def __init__(self, app: App) -> None:
        self._app = app
        app.hooks.settings_reload.bind(self._reschedule, id="__pbAutoBackupSchedule__")

    @property
    def is_idle(self) -> bool:
        """Whether a backup can be made or restored now."""
        return not self._app.record_files.pending.is_frozen

    # -- keeping

    def all(self) -> list[FileInfo]:
        """Return all backups, by name; raises `BadRequestError` when they cannot be listed."""
        try:
            return self._app.files.backups.entries()
        except FileStoreError as ex:
            message = f"Failed to retrieve backup items. Raw error: \n{ex}"
            raise BadRequestError(message) from ex

    def upload(self, upload: Upload | None) -> None:
        """Keep a backup that was made elsewhere, under its own name; raises `ValidationErrors`."""
        if upload is None:
            raise ValidationErrors({"file": REQUIRED})
        issue = mime_issue(upload, ["application/zip"])
        if issue is None and self._is_there(upload.name):
            issue = Issue(_TAKEN, "Backup file with the specified name already exists.")
        if issue is not None:
            raise ValidationErrors({"file": issue})
        try:
            self._app.files.backups.put(upload.name, upload, {ORIGINAL: upload.name})
        except FileStoreError as ex:
            raise BadRequestError(f"Failed to upload backup. Raw error: \n{ex}") from ex

    def _is_there(self, key: str, *, in_doubt: bool = False) -> bool:
        try:
            return self._app.files.backups.exists(key)
        except FileStoreError:
            return in_doubt

    def delete(self, key: str) -> None:
        """Remove a backup; raises `BadRequestError` when there is none."""
        try:
            self._app.files.backups.delete(key)
        except FileStoreError as ex:
            message = f"Invalid or already deleted backup file. Raw error: \n{ex}"
            raise BadRequestError(message) from ex

    # -- making

    def create(self, name: str = "") -> None:
        """Make a backup; raises `ValidationErrors` for a bad name, `BadRequestError` when busy."""
        if not self.is_idle:
            raise BadRequestError(BUSY)
        issue = self._name_issue(name) if name else None
        if issue is not None:
            raise ValidationErrors({"name": issue})
        try:
            self._create(name or self._new_name("pb_backup_"))
        except (BackupError, *_FAILURES) as ex:
            raise BadRequestError(f"Failed to create backup. Raw error: \n{ex}") from ex

    def _name_issue(self, name: str) -> Issue | None:
        if len(name) > MAX_NAME:
            return length_between(1, MAX_NAME)
        if not _NAME.match(name):
            return MATCH_INVALID
        # COMPAT: what nobody can tell counts as taken
        if self._is_there(name, in_doubt=True):
            return Issue(_TAKEN, "The backup file name is invalid or already exists.")
        return None

    def _new_name(self, prefix: str) -> str:
        name = snake_case(self._app.settings.current.meta.app_name)[:50]
        return f"{prefix}{name}_{datetime.now(UTC):%Y%m%d%H%M%S}.zip"

    def _create(self, name: str) -> None:
        with self._alone():
            event = BackupEvent(self._app, name, sorted(KEPT))
            self._app.hooks.backup_create.trigger(event, self._carry_out)
        self._app.record_files.recover()

    def _carry_out(self, event: BackupEvent) -> None:
        # PERF: who makes no backups need not wait for this at every start
        from pocketbase_server.kit.archive import write_archive

        began = time.monotonic()
        self._log(f"backup {event.name} begins")
        with self._workplace("backup") as folder:
            for database in _DATABASES:
                copy_database(self._app.dir.path / database, folder / database)
            archive = folder / "backup.zip"
            entries = [(name, folder / name) for name in _DATABASES]
            entries += self._entries(frozenset(event.exclude))
            write_archive(archive, entries, self._progress(f"backup {event.name}"))
            size = archive.stat().st_size
            self._app.files.backups.put_path(event.name, archive, {ORIGINAL: event.name})
        seconds = round(time.monotonic() - began, 3)
        self._log(f"backup {event.name} is done", size=size, seconds=seconds)

    def _entries(self, exclude: frozenset[str]) -> list[tuple[str, Path]]:
        """Return name and path of all files but the databases, which are copied."""
        root = self._app.dir.path
        found = []
        for top in sorted(root.iterdir()):
            if top.name in exclude or top.name.startswith((*_DATABASES, *_OF_PROCESSES)):
                continue
            paths = [top] if not top.is_dir() else sorted(top.rglob("*"))
            found += [
                (path.relative_to(root).as_posix(), path)
                for path in paths
                if path.is_file() and not path.is_symlink() and not path.name.endswith(TEMPORARY)
            ]
        return found

    # -- restoring

    def restore(self, key: str) -> None:
        """Begin to restore a backup, and restart with it; the data stays when that fails.

        Raises `BadRequestError` when there is no such backup, or something else is under way.
        """
        if not self.is_idle:
            raise BadRequestError(BUSY)
        if not self._is_there(key):
            raise BadRequestError("Missing or invalid backup file.")
        threading.Thread(target=self._restore, args=(key,), name="restore", daemon=True).start()

    def _restore(self, key: str) -> None:
        time.sleep(RESTART_DELAY)
        try:
            with self._alone():
                event = BackupEvent(self._app, key, sorted(KEPT))
                self._app.hooks.backup_restore.trigger(event, self._prepare)
                self._app.restart()
        except Exception as ex:  # noqa: BLE001 - whatever went wrong, the old data goes on
            self._log(f"backup {key} was not restored", ERROR, error=str(ex))

    def _prepare(self, event: BackupEvent) -> None:
        """Unpack a backup, look whether it can be used, and have it swapped in at the next start."""
        from pocketbase_server.kit.archive import extract_archive

        self._log(f"restoring backup {event.name} begins")
        with self._workplace("unpack") as folder:
            archive, new = folder / "backup.zip", folder / "new"
            new.mkdir()
            self._app.files.backups.fetch(event.name, archive)
            room = shutil.disk_usage(folder).free - _SPARE
            progress = self._progress(f"restoring backup {event.name}")
            extract_archive(archive, new, limit=room, progress=progress)
            if not (new / "data.db").is_file():
                raise BackupError("data.db is missing in the backup")
            DataDir(new).check(_CHECK_SECONDS)
            stage(self._app.dir, new)
        self._log(f"backup {event.name} is ready, restarting")

    # -- by themselves

    def create_auto(self) -> None:
        """Make an automatic backup and remove the oldest ones; superusers are told of a failure."""
        try:
            self._create(self._new_name(AUTO_PREFIX))
            self._remove_old()
        except Exception as ex:
            self._log("the automatic backup failed", ERROR, error=str(ex))
            self._tell_superusers(str(ex))
            raise

    def _remove_old(self) -> None:
        keep = self._app.settings.current.backups.cron_max_keep
        own = self._app.files.backups.entries(AUTO_PREFIX)
        for info in sorted(own, key=lambda i: (i.modified, i.key), reverse=True)[max(keep, 1) :]:
            self.delete(info.key)

    def _tell_superusers(self, reason: str) -> None:
        app = self._app
        name = app.settings.current.meta.app_name
        for superuser in app.records.find_by_filter("_superusers", "", limit=5):
            message = app.mailer.new_message(
                str(superuser.get("email")),
                f"[{name}] The automatic backup failed",
                f"<p>The automatic backup of {_escaped(name)} failed:</p><p>{_escaped(reason)}</p>",
            )
            app.mailer.send_later(
                lambda message=message: app.mailer.send(message),  # type: ignore[misc]
                "superusers could not be told of a failed backup",
                lambda: None,
            )

    def _reschedule(self, event: AppEvent) -> None:
        event.next()
        cron = self._app.settings.current.backups.cron
        if cron:
            self._app.crons.add(AUTO_JOB, cron, self.create_auto)
        else:
            self._app.crons.remove(AUTO_JOB)

    # -- shared

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep files where they are, and other backups from being made, during the block."""
        with self._app.record_files.pending.frozen() as is_ours:
            if not is_ours:
                raise BackupError(BUSY)
            yield

    @contextmanager
    def _workplace(self, name: str) -> Iterator[Path]:
        self._app.dir.temp.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f"{name}-", dir=self._app.dir.temp, ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)

    def _progress(self, what: str) -> Any:
        """Return what tells the log, now and then, how far we have come."""
        due = time.monotonic() + _PROGRESS_EVERY

        def tell(done: int, total: int) -> None:
            nonlocal due
            if time.monotonic() > due:
                due = time.monotonic() + _PROGRESS_EVERY
                self._log(f"{what}: {done} of {total} files")

        return tell

    def _log(self, message: str, level: int = INFO, **data: Any) -> None:
        self._app.logs.write(level, message, {"type": "backup", **data})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
