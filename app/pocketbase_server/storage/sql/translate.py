"""SQLite's errors in our words."""

from __future__ import annotations

import re
from typing import Final

import apsw

from pocketbase_server.storage.sql.errors import (
    DatabaseBusy,
    DatabaseError,
    QueryTimeout,
    UniqueViolation,
)

DriverError: Final = apsw.Error

_UNIQUE_CODES: Final = frozenset(
    {
        apsw.SQLITE_CONSTRAINT_UNIQUE,
        apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
        apsw.SQLITE_CONSTRAINT_ROWID,
    }
)
_UNIQUE: Final = re.compile(
    r"constraint failed: (?:index '(?P<index>.*)'|(?P<columns>.*))$", re.DOTALL
)


def translate(error: Exception) -> DatabaseError:
    """Return the driver's *error* as one of ours."""
    made = _translate(error)
    made.code = getattr(error, "extendedresult", 0) or made.code
    return made


def _translate(error: Exception) -> DatabaseError:
    message = str(error)
    if getattr(error, "extendedresult", 0) in _UNIQUE_CODES:
        return parse_unique(message)
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return DatabaseBusy(message)
    if isinstance(error, apsw.InterruptError):
        return QueryTimeout(message)
    return DatabaseError(message)


def parse_unique(message: str) -> UniqueViolation:
    """Return the violation SQLite tells of: `UNIQUE constraint failed: t.a, t.b`."""
    found = _UNIQUE.search(message)
    if found is None:
        return UniqueViolation("", [], message=message)
    if found["index"] is not None:
        return UniqueViolation("", [], index=found["index"], message=message)
    parts = [part.partition(".") for part in found["columns"].split(", ")]
    return UniqueViolation(parts[0][0], [column for _, _, column in parts], message=message)
