"""What every dialect can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.schema import (
        AlterStep,
        ColumnInfo,
        ColumnSpec,
        TableChange,
        TableSpec,
    )
    from pocketbase_server.storage.sql.statement import Sql


class Reader(Protocol):
    """Where a dialect may ask about what exists; an `Engine` is one."""

    def all(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Return every row of a query."""
        ...


class Dialect(Protocol):
    """One SQL dialect: words first, then statements, then questions about what exists."""

    name: ClassVar[str]
    param: ClassVar[str]
    """The mark of a value in a statement."""
    random: ClassVar[str]
    """The expression that orders rows at random."""
    row_number: ClassVar[str]
    """The hidden column that says in which order rows came."""

    # -- words

    def quote(self, name: str) -> str:
        """Return a name as it stands in a statement."""
        ...

    def json_length(self, value: str) -> str:
        """Return the number of items of the JSON list *value* (an SQL expression)."""
        ...

    def json_extract(self, value: str, path: str) -> str:
        """Return what *value* holds at *path* (`$.a[0]`, an SQL literal or mark)."""
        ...

    def json_each(self, value: str) -> str:
        """Return a table of the items of the JSON list *value*, with a column `value`."""
        ...

    def json_list(self, value: str) -> str:
        """Return *value* when it is a JSON list, and a list of it otherwise."""
        ...

    # -- statements

    def column(self, spec: ColumnSpec) -> str:
        """Return the type and constraints of a column."""
        ...

    def create_table(self, spec: TableSpec) -> Sql:
        """Make a table, columns by name."""
        ...

    def drop_table(self, name: str) -> Sql:
        """Drop a table that may exist."""
        ...

    def create_view(self, name: str, query: str) -> Sql:
        """Make a view of a query."""
        ...

    def drop_view(self, name: str) -> Sql:
        """Drop a view that may exist."""
        ...

    def drop_index(self, name: str) -> Sql:
        """Drop an index that may exist."""
        ...

    def alter(self, change: TableChange) -> list[AlterStep]:
        """Rename the table, then drop, add and rename columns; conversions come after."""
        ...

    def convert(self, table: str, column: ColumnSpec) -> list[Sql]:
        """Turn a column from single to multiple values (or back), to the kind of *column*."""
        ...

    # -- questions

    def tables(self, reader: Reader) -> list[str]:
        """Return the names of all tables."""
        ...

    def views(self, reader: Reader) -> dict[str, str]:
        """Return the statement of each view by its name."""
        ...

    def columns(self, reader: Reader, table: str) -> list[ColumnInfo]:
        """Return the columns of a table or view; none when there is no such thing."""
        ...

    def indexes(self, reader: Reader, table: str) -> dict[str, str]:
        """Return the statement of each index of a table by name, automatic ones left out."""
        ...

    def index_owner(self, reader: Reader, index: str) -> str | None:
        """Return which table has the index, ignoring case, or None."""
        ...

    def has_table(self, reader: Reader, name: str) -> bool:
        """Tell whether there is a table or view of that name, ignoring case."""
        ...
