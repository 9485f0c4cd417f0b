"""Looking at a database file before it is opened for work; nothing is written."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import apsw

if TYPE_CHECKING:
    from pathlib import Path

HEADER: Final = b"SQLite format 3\0"
_STEPS: Final = 2_000


@dataclass(slots=True, frozen=True)
class Inspection:
    """What was found in one database file; `damage` is empty when it seems whole."""

    damage: str = ""
    tables: frozenset[str] = frozenset()
    migrations: tuple[str, ...] = ()
    """The rows of `_migrations`, in order."""


def wal_of(path: Path) -> Path:
    """Return the place of the write-ahead log of the database at *path*."""
    return path.with_name(path.name + "-wal")


def is_unclean(path: Path) -> bool:
    """Tell whether the database was not closed in order (or is open right now)."""
    wal = wal_of(path)
    return wal.exists() and wal.stat().st_size > 0


def inspect(path: Path, seconds: float) -> Inspection:
    """Look for damage for at most so many seconds, and list what is needed to know the version."""
    with path.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            return Inspection(damage="file is not a database")
    try:
        with closing(_open(path)) as connection:
            return _inspect(connection, seconds)
    except apsw.Error as ex:
        return Inspection(damage=str(ex))


def _open(path: Path) -> Any:
    # NOTE: without a log nobody has it open, and `immutable` leaves no files behind
    mode = "mode=ro" if wal_of(path).exists() else "immutable=1"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"file:{quote(str(path.resolve()))}?{mode}", flags=flags)
    connection.set_busy_timeout(10_000)
    return connection


def _inspect(connection: Any, seconds: float) -> Inspection:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = frozenset(name for (name,) in names)
    migrations: tuple[str, ...] = ()
    if "_migrations" in tables:
        rows = connection.execute("SELECT file FROM _migrations ORDER BY applied, file").fetchall()
        migrations = tuple(file for (file,) in rows)
    return Inspection(_damage(connection, seconds), tables, migrations)


def _damage(connection: Any, seconds: float) -> str:
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except apsw.InterruptError:
        return ""  # out of time, and whole as far as it went
    finally:
        connection.set_progress_handler(None)
    return "" if found is None or found[0] == "ok" else str(found[0])


def has_rows(path: Path, table: str) -> bool:
    """Tell whether a table exists and holds anything; False when the file cannot be read."""
    try:
        with closing(_open(path)) as connection:
            return connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is not None
    except apsw.Error:
        return False
