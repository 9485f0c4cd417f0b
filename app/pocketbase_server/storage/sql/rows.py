"""The statements that read and write single rows of a collection's table."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def quoted(name: str) -> str:
    """Return a table or column name as SQL writes it."""
    return "`" + name.replace("`", "``") + "`"


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def insert(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that adds a row; its parameters are the columns' values."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {quoted(table)} ({_list(columns)}) VALUES ({marks})"


def update(table: str, columns: tuple[str, ...]) -> str:
    """Return the statement that changes a row; its parameters are the values and the id."""
    pairs = ", ".join(f"{quoted(name)} = ?" for name in columns)
    return f"UPDATE {quoted(table)} SET {pairs} WHERE `id` = ?"


def delete(table: str) -> str:
    """Return the statement that removes the row with an id."""
    return f"DELETE FROM {quoted(table)} WHERE `id` = ?"


def select(
    table: str,
    columns: tuple[str, ...],
    *,
    by: str = "id",
    nocase: bool = False,
    filled: bool = False,
) -> str:
    """Return the query of the first row in which the column *by* has a value.

    With *filled* the value is known not to be "".
    """
    condition = f"{quoted(by)} = ?{' COLLATE NOCASE' if nocase else ''}"
    if filled:
        # PERF: said in the very words of the unique indexes, without which they are not used
        condition += f" AND {quoted(by)} != ''"
    return f"SELECT {_list(columns)} FROM {quoted(table)} WHERE {condition} LIMIT 1"


def select_among(table: str, columns: tuple[str, ...]) -> str:
    """Return the query of the rows whose id is in a JSON array, the parameter."""
    return (
        f"SELECT {_list(columns)} FROM {quoted(table)}"
        " WHERE `id` IN (SELECT `value` FROM json_each(?))"
    )


def count(table: str) -> str:
    """Return the query of the number of rows."""
    return f"SELECT COUNT(*) FROM {quoted(table)}"


@lru_cache(maxsize=1024)
def exists(tables: tuple[str, ...], *, nocase: bool = False) -> str:
    """Return the query that gives a row when a table has an id; one parameter per table."""
    collate = " COLLATE NOCASE" if nocase else ""
    parts = (f"SELECT 1 FROM {quoted(table)} WHERE `id` = ?{collate}" for table in tables)
    return " UNION ALL ".join(parts) + " LIMIT 1"


def referring(table: str, columns: tuple[str, ...], field: str, *, is_multiple: bool) -> str:
    """Return the query of the rows whose relation holds an id, by their own ids.

    Parameters: the id, the own id to continue after, how many at most.
    """
    return (
        f"SELECT {_list(columns)} FROM {quoted(table)}"
        f" WHERE {_refers(table, field, is_multiple=is_multiple)} AND `id` > ?"
        " ORDER BY `id` LIMIT ?"
    )


def _refers(table: str, field: str, *, is_multiple: bool) -> str:
    column = f"{quoted(table)}.{quoted(field)}"
    if not is_multiple:
        return f"{column} = ?"
    return f"EXISTS (SELECT 1 FROM {_each(column)} AS `e` WHERE `e`.`value` = ?)"


def _each(column: str) -> str:
    """Return the items of a list column; a value that is no list counts as a list of one."""
    return (
        f"json_each(CASE WHEN iif(json_valid({column}), json_type({column}) = 'array', FALSE)"
        f" THEN {column} ELSE json_array({column}) END)"
    )


def referring_ids(table: str, field: str, *, is_multiple: bool) -> str:
    """Return the query of `(held id, id of the row)` for relations that hold one of several ids.

    Parameters: the ids as a JSON array, how many rows at most.
    """
    name = quoted(table)
    column = f"{name}.{quoted(field)}"
    if is_multiple:
        held, source = "`e`.`value`", f"{name}, {_each(column)} AS `e`"
    else:
        held, source = column, name
    return (
        f"SELECT {held}, {name}.`id` FROM {source}"
        f" WHERE {held} IN (SELECT `value` FROM json_each(?)) LIMIT ?"
    )
