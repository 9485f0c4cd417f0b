"""Changing what tables there are, and asking what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.storage.sql.errors import ColumnChangeError, DatabaseError
from pocketbase_server.storage.sql.schema import ColumnInfo, ColumnKind, ColumnSpec
from pocketbase_server.storage.sql.spelling import spelt
from pocketbase_server.storage.sql.view_trial import raw_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.storage.sql.engine import Engine
    from pocketbase_server.storage.sql.schema import AlterStep, TableChange, TableSpec
    from pocketbase_server.storage.sql.statement import Sql


class SchemaEditor:
    """Tables, views and indexes of one engine.

    Changes join the open transaction; open one around changes that belong together.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.dialect

    # -- tables

    def create_table(self, spec: TableSpec) -> None:
        """Make a table."""
        self._run([self._dialect.create_table(spec)])

    def drop_table(self, name: str) -> None:
        """Drop a table; nothing happens when there is none."""
        self._run([self._dialect.drop_table(name)])

    def alter(self, change: TableChange) -> None:
        """Carry out a change of a table.

        Its indexes have to be dropped before and made again after.
        """
        with self._engine.transaction():
            for step in self._dialect.alter(change):
                self._take(step)
            for column in _conversions(change):
                self._convert(change.new_name, column)

    def _take(self, step: AlterStep) -> None:
        try:
            self._engine.run(step.text)
        except DatabaseError as ex:
            if not step.purpose:
                raise
            raise ColumnChangeError(f"failed to {step.purpose} - {raw_error(ex)}") from ex

    def _convert(self, table: str, column: ColumnSpec) -> None:
        # NOTE: a view that uses the column would refuse its change; it comes back as it was
        views = self._dialect.views(self._engine)
        self._run([self._dialect.drop_view(name) for name in views])
        self._run(self._dialect.convert(table, column))
        for text in views.values():
            self._engine.run(text)

    def empty_table(self, name: str) -> None:
        """Remove every row of a table."""
        self._engine.run(f"DELETE FROM {self._dialect.quote(name)}")

    # -- views and indexes

    def create_view(self, name: str, query: str) -> None:
        """Make a view of *query*, in place of one that has the name."""
        self._run([self._dialect.drop_view(name), self._dialect.create_view(name, spelt(query))])

    def drop_view(self, name: str) -> None:
        """Drop a view; nothing happens when there is none."""
        self._run([self._dialect.drop_view(name)])

    def create_index(self, statement: str) -> None:
        """Make an index from its statement, given as it is to be kept."""
        self._engine.run(spelt(statement))

    def drop_index(self, name: str) -> None:
        """Drop an index; nothing happens when there is none."""
        self._run([self._dialect.drop_index(name)])

    # -- questions

    def tables(self) -> list[str]:
        """Return the names of all tables."""
        return self._dialect.tables(self._engine)

    def views(self) -> dict[str, str]:
        """Return the statement of each view by its name."""
        return self._dialect.views(self._engine)

    def columns(self, table: str) -> list[ColumnInfo]:
        """Return the columns of a table or view; none when there is no such thing."""
        return self._dialect.columns(self._engine, table)

    def indexes(self, table: str) -> dict[str, str]:
        """Return the statement of each index of a table by name, automatic ones left out."""
        return self._dialect.indexes(self._engine, table)

    def index_owner(self, index: str) -> str | None:
        """Return which table has the index, ignoring case, or None."""
        return self._dialect.index_owner(self._engine, index)

    def has_table(self, name: str) -> bool:
        """Tell whether there is a table or view of that name, ignoring case."""
        return self._dialect.has_table(self._engine, name)

    def _run(self, statements: Iterable[Sql]) -> None:
        for statement in statements:
            self._engine.run(statement.text, statement.params)


def _conversions(change: TableChange) -> list[ColumnSpec]:
    """Return the columns to convert, in the order of the fields."""
    columns = [new for _, new in change.converted.values()]
    # COMPAT: a new list column is converted too, which shows in the text SQLite keeps of the table
    columns += [column for column in change.added if column.kind is ColumnKind.JSON_LIST]
    place = {name: number for number, name in enumerate(change.order)}
    return sorted(columns, key=lambda column: place.get(column.name, len(place)))
