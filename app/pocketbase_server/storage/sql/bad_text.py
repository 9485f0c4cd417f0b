"""Rows with text that is no UTF-8, which the driver refuses to hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.kit.text import decoded
from pocketbase_server.storage.sql.connection import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.storage.sql.connection import Connection


def read_bad_text(
    connection: Connection, sql: str, params: Sequence[Any] = (), most: int = -1
) -> list[tuple[Any, ...]]:
    """Return the rows of a query, *most* of them unless that is negative; bytes that are no UTF-8 come as U+FFFD.

    COMPAT: the reference takes such bytes in forms and stores them. One of them must not make a
    whole collection unreadable.
    """
    width = len(describe(connection, sql, params))
    rows = connection.execute(f"{_with_types(sql, width)} LIMIT {most}", params).fetchall()
    return [
        tuple(_value(kind, value) for kind, value in zip(row[::2], row[1::2], strict=True))
        for row in rows
    ]


def _with_types(sql: str, width: int) -> str:
    names = [f"c{number}" for number in range(width)]
    shown = ", ".join(
        f"typeof({n}), iif(typeof({n}) = 'text', CAST({n} AS BLOB), {n})" for n in names
    )
    return f"WITH bad_text_rows({', '.join(names)}) AS ({sql}\n) SELECT {shown} FROM bad_text_rows"


def _value(kind: Any, value: Any) -> Any:
    return decoded(value) if kind == "text" else value
