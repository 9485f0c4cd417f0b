"""What a database can refuse, in words that no driver leaks through."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database refused or failed; the message is its own."""

    code: int = 1
    """SQLite's extended result code."""


class ColumnChangeError(DatabaseError):
    """A column cannot go or change its name, since something else reads it; the message says why."""


class UnknownParameterError(DatabaseError):
    """A statement by hand names a value that nobody gives; the message says which."""


class UniqueViolation(DatabaseError):  # noqa: N818 - names what happened
    """A row would repeat a value that has to be unique.

    `columns` is empty when the index is over an expression; then `index` names it.
    """

    def __init__(
        self, table: str, columns: list[str], *, index: str = "", message: str = ""
    ) -> None:
        self.table = table
        self.columns = columns
        self.index = index
        self.code = 2067
        super().__init__(message or f"UNIQUE constraint failed: {table}.{columns}")


class DatabaseBusy(DatabaseError):  # noqa: N818 - names what happened
    """Another process held the database for too long."""


class QueryTimeout(DatabaseError):  # noqa: N818 - names what happened
    """A query ran longer than it may."""


class WouldBlock(Exception):  # noqa: N818 - a signal, not a failure
    """Work in inline mode would wait or take long: do the same on a thread that may.

    Nothing was changed: an open transaction is rolled back on the way out.
    """
