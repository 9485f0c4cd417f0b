"""Trying the query of a view; nothing of it stays in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.errors import (
    ColumnChangeError,
    DatabaseError,
    UnknownParameterError,
)
from pocketbase_server.storage.sql.spelling import spelt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.storage.sql.engine import Engine
    from pocketbase_server.storage.sql.schema import ColumnInfo

_KINDS: Final = {
    1: "SQL logic error",
    5: "database is locked",
    9: "interrupted",
    13: "database or disk is full",
    19: "constraint failed",
    20: "datatype mismatch",
}
"""What SQLite calls its result codes."""


def view_columns(engine: Engine, name: str, query: str) -> list[ColumnInfo]:
    """Return the columns that a view of *query* would have.

    *query* has to be one balanced expression: whatever follows it would run too.
    """
    statement = engine.dialect.create_view(name, spelt(query)).text
    with engine.transaction():
        engine.run("SAVEPOINT view_trial")
        try:
            engine.run(statement)
            return engine.dialect.columns(engine, name)
        finally:
            engine.run("ROLLBACK TO view_trial")
            engine.run("RELEASE view_trial")


def sample_query(engine: Engine, name: str, query: str, limit: int) -> str:
    """Return the statement of the first rows of *query*.

    The second SELECT leaves an expression that would comment out the limit unclosed.
    """
    quoted = engine.dialect.quote(name)
    return f"SELECT {quoted}.* FROM (SELECT * FROM ({query})) {quoted} LIMIT {limit}"


def with_text_id(engine: Engine, query: str, columns: Iterable[str]) -> str:
    """Return *query* with its `id` column turned into text; *columns* are all it has, in order."""
    quote = engine.dialect.quote
    texts = [_cast(quote(name)) if name == "id" else quote(name) for name in columns]
    return f"SELECT {','.join(texts)} FROM ({query})"


def _cast(quoted: str) -> str:
    return f"CAST({quoted} as TEXT) {quoted}"


def raw_error(error: DatabaseError) -> str:
    """Return a refusal as the reference words it: kind, message and SQLite's code."""
    if isinstance(error, ColumnChangeError | UnknownParameterError):
        return str(error)
    kind = _KINDS.get(error.code & 0xFF, _KINDS[1])
    return f"{kind}: {error} ({error.code})"
