"""One-off statements by hand, on a connection of their own that nobody else will use."""

from __future__ import annotations

import re
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import apsw

from pocketbase_server.storage.sql.bad_text import read_bad_text
from pocketbase_server.storage.sql.connection import open_writer, watch
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.spelling import spelt

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine

_STEPS: Final = 100_000
_MARK: Final = re.compile(r"\?(\d*)|[:@$](\w+)")
_READS: Final = frozenset({"select", "values", "explain", "with", "pragma"})
_CHANGES: Final = frozenset({"insert", "update", "delete", "replace", "create", "alter", "drop"})
"""COMPAT: several statements of which the first is one of these are carried out together or not at all."""
_WORD: Final = re.compile(r"(?:\s|;|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*(\w*)", re.DOTALL)
_NOTHING: Final = re.compile(r"(?:\s|;|--[^\n]*|/\*.*?(?:\*/|\Z))*\Z", re.DOTALL)
_ENDS: Final = "; \t\r\n"
_EXPLAINED: Final = {
    1: "SQL logic error",
    5: "database is locked",
    6: "database table is locked",
    8: "attempt to write a readonly database",
    9: "interrupted",
    10: "disk I/O error",
    11: "database disk image is malformed",
    13: "database or disk is full",
    18: "string or blob too big",
    19: "constraint failed",
    20: "datatype mismatch",
    23: "authorization denied",
    25: "column index out of range",
}


class ConsoleResult(NamedTuple):
    """What the statements did: columns (name and declared type) and rows of the last one that reads."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]
    changed: int


def run_console(engine: Engine, text: str, *, most: int, seconds: float) -> ConsoleResult:
    """Carry out SQL statements; those that begin with reading answer with up to *most* rows.

    Raises `DatabaseError`, in SQLite's words and with its number.
    """
    if not text.strip():
        raise DatabaseError("empty query")
    # COMPAT: a NUL ends what is carried out
    sql = spelt(text).partition("\0")[0]
    connection = open_writer(engine.path)
    until = monotonic() + seconds
    watch(connection, lambda: monotonic() > until, _STEPS)
    try:
        if _first_word(sql) in _READS:
            return _read(connection, sql, most)
        # NOTE: the engine's own writer must not find the database locked
        with engine.writer_lock():
            is_change = _first_word(sql) in _CHANGES
            return _write(connection, sql) if is_change else _read(connection, sql, most)
    except apsw.BindingsError as ex:
        raise DatabaseError(_missing(sql)) from ex
    except apsw.Error as ex:
        raise DatabaseError(_told(ex)) from ex
    finally:
        connection.close(True)  # noqa: FBT003 - the driver's signature


def _first_word(sql: str) -> str:
    found = _WORD.match(sql)
    return found[1].lower() if found is not None else ""


def _read(connection: Any, sql: str, most: int) -> ConsoleResult:
    cursor = connection.cursor()
    seen = _Seen()
    cursor.exec_trace = seen.statement
    rows: list[tuple[Any, ...]] = []
    statement = 0
    try:
        for row in cursor.execute(sql):
            if seen.count != statement:
                statement, rows = seen.count, []
            if len(rows) < most:
                rows.append(row)
            elif seen.is_last(sql):
                break
    except UnicodeDecodeError:
        return _read_bad_text(connection, sql, seen, most)
    return ConsoleResult(seen.columns, rows if seen.count == statement else [], 0)


def _read_bad_text(connection: Any, sql: str, seen: _Seen, most: int) -> ConsoleResult:
    """Carry out the statement that gives bytes that are no UTF-8, and those behind it."""
    rest = seen.rest(sql)
    if _NOTHING.match(rest):
        rows = read_bad_text(connection, seen.running.rstrip(_ENDS), most=most)
        return ConsoleResult(seen.columns, rows, 0)
    return _read(connection, rest, most)


class _Seen:
    """Which statement of several is running, and what its columns are."""

    def __init__(self) -> None:
        self.count = 0
        self.columns: list[tuple[str, str]] = []
        self.running = ""
        self._length = 0

    def statement(self, cursor: Any, sql: str, _bindings: Any) -> bool:
        """Take note of a statement that begins."""
        self._length += len(sql)
        self.running = sql
        if not cursor.has_vdbe:
            return True  # a comment
        self.count += 1
        described = cursor.get_description()
        self.columns = [(name, (kind or "").upper()) for name, kind in described]
        return True

    def is_last(self, sql: str) -> bool:
        """Tell whether nothing comes behind the running statement."""
        return _NOTHING.match(sql, self._length) is not None

    def rest(self, sql: str) -> str:
        """Return the statements behind the running one."""
        return sql[self._length :]


def _write(connection: Any, sql: str) -> ConsoleResult:
    before = connection.total_changes()
    connection.execute("BEGIN IMMEDIATE")
    _run_through(connection, sql)
    if connection.in_transaction:
        connection.execute("COMMIT")
    changed = connection.changes() if connection.total_changes() != before else 0
    return ConsoleResult([], [], changed)


def _run_through(connection: Any, sql: str) -> None:
    """Carry out all statements, whatever rows they give."""
    while sql:
        cursor = connection.cursor()
        seen = _Seen()
        cursor.exec_trace = seen.statement
        try:
            for _ in cursor.execute(sql):
                pass
        except UnicodeDecodeError:
            # NOTE: a statement has changed all it will before it gives its first row
            sql = seen.rest(sql)
        else:
            return


def _missing(sql: str) -> str:
    """Return the message for a statement with marks for values, which nobody gives here."""
    found = _MARK.search(sql)
    # COMPAT: the first of all marks is called by its number, if it has that
    name = (found[2] or (found[1] if found[1] == "1" else "")) if found is not None else ""
    return f'missing named argument "{name}"' if name else "missing argument with index 1"


def _told(error: Any) -> str:
    code = getattr(error, "extendedresult", 0) or getattr(error, "result", 1)
    kind = _EXPLAINED.get(code & 0xFF, "SQL error")
    return f"{kind} ({code})" if str(error) == kind else f"{kind}: {error} ({code})"
