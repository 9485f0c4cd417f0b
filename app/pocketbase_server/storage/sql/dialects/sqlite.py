"""SQLite, as the reference speaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from pocketbase_server.kit.ids import random_string
from pocketbase_server.storage.sql.schema import (
    AlterStep,
    ColumnInfo,
    ColumnKind,
    ColumnSpec,
    TableChange,
    TableSpec,
)
from pocketbase_server.storage.sql.statement import Sql

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.dialects.base import Reader

_COLUMN_TYPES: Final = {
    ColumnKind.PRIMARY_TEXT: "TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL",
    ColumnKind.TEXT: "TEXT DEFAULT '' NOT NULL",
    ColumnKind.NUMBER: "NUMERIC DEFAULT 0 NOT NULL",
    ColumnKind.BOOL: "BOOLEAN DEFAULT FALSE NOT NULL",
    ColumnKind.JSON: "JSON DEFAULT NULL",
    ColumnKind.JSON_LIST: "JSON DEFAULT '[]' NOT NULL",
    ColumnKind.GEO_POINT: """JSON DEFAULT '{"lon":0,"lat":0}' NOT NULL""",
}
_TEMP_SUFFIX: Final = 5


class SqliteDialect:
    """SQLite's way."""

    name: ClassVar[str] = "sqlite"
    param: ClassVar[str] = "?"
    random: ClassVar[str] = "RANDOM()"
    row_number: ClassVar[str] = "_rowid_"

    # -- words

    def quote(self, name: str) -> str:
        """Return a name as it stands in a statement."""
        return "`" + name.replace("`", "``") + "`"

    def json_length(self, value: str) -> str:
        """Return the number of items of the JSON list *value*."""
        return f"json_array_length({self.json_list(value)})"

    def json_extract(self, value: str, path: str) -> str:
        """Return what *value* holds at *path*."""
        return f"json_extract({value}, {path})"

    def json_each(self, value: str) -> str:
        """Return a table of the items of the JSON list *value*, with a column `value`."""
        return f"json_each({self.json_list(value)})"

    def json_list(self, value: str) -> str:
        """Return *value* when it is a JSON list, and a list of it otherwise."""
        is_list = f"iif(json_valid({value}), json_type({value}) = 'array', FALSE)"
        return f"(CASE WHEN {is_list} THEN {value} ELSE json_array({value}) END)"

    # -- statements

    def column(self, spec: ColumnSpec) -> str:
        """Return the type and constraints of a column."""
        return _COLUMN_TYPES[spec.kind]

    def create_table(self, spec: TableSpec) -> Sql:
        """Make a table, columns by name."""
        columns = sorted(spec.columns, key=lambda column: column.name)
        texts = [f"{self.quote(column.name)} {self.column(column)}" for column in columns]
        return Sql(f"CREATE TABLE {self.quote(spec.name)} ({', '.join(texts)})")

    def drop_table(self, name: str) -> Sql:
        """Drop a table that may exist."""
        return Sql(f"DROP TABLE IF EXISTS {self.quote(name)}")

    def create_view(self, name: str, query: str) -> Sql:
        """Make a view of a query."""
        return Sql(f"CREATE VIEW {self.quote(name)} AS SELECT * FROM ({query})")

    def drop_view(self, name: str) -> Sql:
        """Drop a view that may exist."""
        return Sql(f"DROP VIEW IF EXISTS {self.quote(name)}")

    def drop_index(self, name: str) -> Sql:
        """Drop an index that may exist."""
        return Sql(f"DROP INDEX IF EXISTS {self.quote(name)}")

    def alter(self, change: TableChange) -> list[AlterStep]:
        """Rename the table, then drop, add and rename columns; conversions come after."""
        quote = self.quote
        alter = f"ALTER TABLE {quote(change.new_name)} "
        # NOTE: names pass through temporary ones, so that columns may trade theirs
        renamed = [(old, new, _temporary(new)) for old, new in change.renamed.items()]
        added = [(c, _temporary(c.name)) for c in _in_order(change, change.added)]
        steps = [AlterStep(text) for text in self._rename_table(change)]
        steps += [
            AlterStep(f"{alter}DROP COLUMN {quote(name)}", f"drop column {name}")
            for name in change.dropped
        ]
        steps += [
            AlterStep(f"{alter}RENAME COLUMN {quote(old)} TO {quote(held)}", f"rename column {old}")
            for old, _, held in renamed
        ]
        steps += [
            AlterStep(
                f"{alter}ADD {quote(held)} {self.column(column)}", f"add column {column.name}"
            )
            for column, held in added
        ]
        final = [(held, new) for _, new, held in renamed] + [(held, c.name) for c, held in added]
        return steps + [
            AlterStep(f"{alter}RENAME COLUMN {quote(held)} TO {quote(name)}")
            for held, name in final
        ]

    def _rename_table(self, change: TableChange) -> list[str]:
        # COMPAT: a table whose name changes only in case keeps its old one
        if change.old_name.lower() == change.new_name.lower():
            return []
        new_name = self.quote(change.new_name)
        return [f"ALTER TABLE {self.quote(change.old_name)} RENAME TO {new_name}"]

    def convert(self, table: str, column: ColumnSpec) -> list[Sql]:
        """Turn a column from single to multiple values (or back), to the kind of *column*."""
        held, name = self.quote("_" + _temporary(column.name)), self.quote(column.name)
        value = _AS_LIST if column.kind is ColumnKind.JSON_LIST else _AS_SINGLE
        alter = f"ALTER TABLE {self.quote(table)} "
        return [
            Sql(f"{alter}RENAME COLUMN {name} TO {held}"),
            Sql(f"{alter}ADD {name} {self.column(column)}"),
            Sql(f"UPDATE {self.quote(table)} SET {name} = ({value.replace('?', held)})"),
            Sql(f"{alter}DROP COLUMN {held}"),
        ]

    # -- questions

    def tables(self, reader: Reader) -> list[str]:
        """Return the names of all tables."""
        rows = reader.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
        return [str(name) for (name,) in rows]

    def views(self, reader: Reader) -> dict[str, str]:
        """Return the statement of each view by its name."""
        rows = reader.all(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'view' AND sql IS NOT NULL ORDER BY rowid"
        )
        return {str(name): str(sql) for name, sql in rows}

    def columns(self, reader: Reader, table: str) -> list[ColumnInfo]:
        """Return the columns of a table or view; none when there is no such thing."""
        rows = reader.all(
            'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', (table,)
        )
        return [
            ColumnInfo(str(name), str(kind), bool(required), default, key)  # type: ignore[arg-type]
            for name, kind, required, default, key in rows
        ]

    def indexes(self, reader: Reader, table: str) -> dict[str, str]:
        """Return the statement of each index of a table by name, automatic ones left out."""
        rows = reader.all(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " AND lower(tbl_name) = lower(?) ORDER BY rowid",
            (table,),
        )
        return {str(name): str(sql) for name, sql in rows}

    def index_owner(self, reader: Reader, index: str) -> str | None:
        """Return which table has the index, ignoring case, or None."""
        rows = reader.all(
            "SELECT tbl_name FROM sqlite_master"
            " WHERE type = 'index' AND lower(name) = lower(?) LIMIT 1",
            (index,),
        )
        return str(rows[0][0]) if rows else None

    def has_table(self, reader: Reader, name: str) -> bool:
        """Tell whether there is a table or view of that name, ignoring case."""
        rows = reader.all(
            "SELECT 1 FROM sqlite_master"
            " WHERE type IN ('table', 'view') AND lower(name) = lower(?) LIMIT 1",
            (name,),
        )
        return bool(rows)


_AS_LIST: Final = (
    "CASE WHEN COALESCE(?, '') = '' THEN '[]' ELSE ("
    "CASE WHEN json_valid(?) AND json_type(?) == 'array' THEN ? ELSE json_array(?) END) END"
)
_AS_SINGLE: Final = (
    "CASE WHEN COALESCE(?, '[]') = '[]' THEN '' ELSE ("
    "CASE WHEN json_valid(?) AND json_type(?) == 'array'"
    " THEN COALESCE(json_extract(?, '$[#-1]'), '') ELSE ? END) END"
)


def _temporary(name: str) -> str:
    return name + random_string(_TEMP_SUFFIX)


def _in_order(change: TableChange, columns: list[ColumnSpec]) -> list[ColumnSpec]:
    place = {name: number for number, name in enumerate(change.order)}
    return sorted(columns, key=lambda column: place.get(column.name, len(place)))
