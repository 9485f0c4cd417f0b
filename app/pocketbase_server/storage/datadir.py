"""The data directory: names, places, and whether it can be trusted."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Final

from pocketbase_server.storage.sql.inspection import (
    Inspection,
    has_rows,
    inspect,
    is_unclean,
    wal_of,
)

NEWEST_MIGRATION: Final = "1778828400_normalize_indexes.go"
OLDEST_MIGRATIONS: Final = frozenset(
    {
        "1717233556_v0.23_migrate.go",
        "1717233557_v0.23_migrate2.go",
        "1717233558_v0.23_migrate3.go",
        "1717233559_v0.23_migrate4.go",
    }
)
"""What every directory of PocketBase 0.23 and later has applied."""

_CHECK_SECONDS: Final = 0.4
_CHECK_SECONDS_UNCLEAN: Final = 5.0
_ACCEPT_NEWER: Final = "PB_ACCEPT_UNKNOWN_MIGRATIONS"


class DataDirError(Exception):
    """The data directory cannot be used as it is; the message says why and what helps."""


class DataDir:
    """The places of one `pb_data`."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.data_db = self.path / "data.db"
        self.auxiliary_db = self.path / "auxiliary.db"
        self.storage = self.path / "storage"
        self.backups = self.path / "backups"
        self.notify = self.path / ".notify"
        self.autocert_cache = self.path / ".autocert_cache"
        self.temp = self.path / ".pb_temp_to_delete"
        self.types = self.path / "types.d.ts"
        self.pending = self.path / ".pb_pending"

    def prepare(self) -> None:
        """Make the directory when it is missing, and check it when it is not.

        Raises `DataDirError` when its data is damaged, gone, or of a version we cannot read; then
        nothing was touched. A damaged auxiliary database (logs only) is set aside.
        """
        if any(path.is_file() for path in (self.path, *self.path.parents)):
            raise DataDirError(f"cannot create {self.path}: not a directory")
        self._refuse_lost_data()
        if _has_content(self.data_db):
            self._refuse_damaged_data()
        try:
            self.notify.mkdir(parents=True, exist_ok=True)
        except OSError as ex:
            raise DataDirError(f"cannot create {self.path}: {ex.strerror}") from ex
        self._set_aside_broken_auxiliary()

    def clear_temp(self) -> None:
        """Make an empty place for temporary files; only while nobody else uses the directory."""
        shutil.rmtree(self.temp, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.temp.mkdir(exist_ok=True)

    def _refuse_lost_data(self) -> None:
        """Never start empty where something was."""
        if _has_content(self.data_db):
            return
        remains = self._remains()
        if remains:
            state = "empty" if self.data_db.exists() else "missing"
            raise DataDirError(
                f"{self.data_db} is {state}, but {remains}: not starting with an empty database."
                " Put data.db back (a backup has one), or move the rest of the directory away."
            )

    def _remains(self) -> str:
        if _has_content(wal_of(self.data_db)):
            return f"{wal_of(self.data_db).name} has data"
        if self.storage.is_dir() and any(self.storage.iterdir()):
            return "storage is not empty"
        if _has_content(self.auxiliary_db) and has_rows(self.auxiliary_db, "_logs"):
            return "auxiliary.db has logs"
        return ""

    def check(self, seconds: float) -> None:
        """Raise `DataDirError` when the data cannot be used, looking at it for so many seconds."""
        self._refuse_damaged_data(seconds)

    def _refuse_damaged_data(self, seconds: float = 0.0) -> None:
        found = _inspect(self.data_db, seconds)
        if found.damage:
            raise DataDirError(
                f"{self.data_db} is damaged ({found.damage}) and was left as it is."
                " Restore a backup, or try `sqlite3 data.db .recover` on a copy."
            )
        _refuse_version(self.data_db, found)

    def _set_aside_broken_auxiliary(self) -> None:
        if not _has_content(self.auxiliary_db):
            return
        found = _inspect(self.auxiliary_db)
        if not found.damage:
            return
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        kept = self.auxiliary_db.with_name(f"{self.auxiliary_db.name}.broken-{stamp}")
        for suffix in ("", "-wal", "-shm"):
            part = self.auxiliary_db.with_name(self.auxiliary_db.name + suffix)
            if part.exists():
                part.rename(kept.with_name(kept.name + suffix))
        sys.stderr.write(
            f"auxiliary.db is damaged ({found.damage}); kept as {kept.name}, logs start anew.\n"
        )


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _inspect(path: Path, seconds: float = 0.0) -> Inspection:
    seconds = seconds or _check_seconds(path)
    try:
        return inspect(path, seconds)
    except OSError as ex:
        raise DataDirError(f"cannot read {path}: {ex.strerror}") from ex


def _refuse_version(path: Path, found: Inspection) -> None:
    if not found.migrations:
        if "_migrations" not in found.tables and found.tables:
            raise DataDirError(f"{path} is no PocketBase database (it has no _migrations table).")
        return
    if not OLDEST_MIGRATIONS.issubset(found.migrations):
        raise DataDirError(
            f"{path} was made by PocketBase older than 0.23 and was left as it is."
            " Start it once with a PocketBase of 0.23 to 0.40 first."
        )
    newer = [name for name in found.migrations if name.endswith(".go") and name > NEWEST_MIGRATION]
    if newer and not os.environ.get(_ACCEPT_NEWER):
        raise DataDirError(
            f"{path} was changed by a newer PocketBase ({', '.join(newer)}) and was left as it is."
            f" If those are migrations of your own program, set {_ACCEPT_NEWER}=1."
        )


def _check_seconds(path: Path) -> float:
    return _CHECK_SECONDS_UNCLEAN if is_unclean(path) else _CHECK_SECONDS
