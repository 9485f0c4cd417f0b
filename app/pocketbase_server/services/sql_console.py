"""Statements that superusers carry out by hand."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue
from pocketbase_server.kit.cast import general
from pocketbase_server.kit.moments import DECLARED, shown_moment
from pocketbase_server.kit.text import decoded
from pocketbase_server.storage.sql.console import ConsoleResult, run_console
from pocketbase_server.storage.sql.errors import DatabaseError

if TYPE_CHECKING:
    from pocketbase_server.app import App

MAX_QUERY: Final = 5000
MAX_ROWS: Final = 1000
SECONDS: Final = 180.0
_INVALID: Final = "An error occurred while validating the submitted data."
_TOO_LONG: Final = Issue(
    "validation_length_too_long",
    f"The length must be no more than {MAX_QUERY}.",
    {"max": MAX_QUERY, "min": 0},
)


def run_sql(app: App, query: str) -> dict[str, Any]:
    """Carry out *query* and return what it did, all values as text; raises `BadRequestError`."""
    # COMPAT: the length is in bytes
    if not query or len(query.encode("utf-8", "replace")) > MAX_QUERY:
        raise BadRequestError(_INVALID, {"query": _TOO_LONG if query else REQUIRED})
    began = perf_counter()
    try:
        result = run_console(app.data, query, most=MAX_ROWS, seconds=SECONDS)
    except DatabaseError as ex:
        raise BadRequestError(f"Failed to execute query. Raw error:\n{ex}") from ex
    if not result.columns:
        # NOTE: it may have changed collections or settings behind our back
        app.collections.reload()
        app.settings.reload()
    return {
        "execTime": int((perf_counter() - began) * 1000),
        "affectedRows": result.changed,
        "columns": [{"name": n, "type": kind, "nullable": True} for n, kind in result.columns],
        "rows": _rows(result),
    }


def _rows(result: ConsoleResult) -> list[list[str | None]]:
    rows = [[_text(value) for value in row] for row in result.rows]
    for at, (_, kind) in enumerate(result.columns):
        if kind in DECLARED:
            for row, values in zip(rows, result.rows, strict=True):
                row[at] = shown_moment(values[at]) if isinstance(values[at], str) else row[at]
    return rows


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return decoded(value)
    return general(value) if isinstance(value, float) else str(value)
