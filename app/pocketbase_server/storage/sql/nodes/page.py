"""A page and the number of all rows, found in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.nodes.base import Node
from pocketbase_server.storage.sql.nodes.query import RowNumber, write_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.storage.sql.nodes.base import Context
    from pocketbase_server.storage.sql.nodes.query import Select, Table
    from pocketbase_server.storage.sql.nodes.values import Column

_FOUND: Final = "#found"
"""What the rows are called that were found; no collection can have such a name."""
_PAGE: Final = "#page"
_ROW: Final = "row"


@dataclass(slots=True, frozen=True)
class CountedPage(Node):
    """A page of the rows of a table that a query finds, each behind the number of all of them.

    Nothing comes where the page is empty.
    """

    found: Select
    """Gives numbers of rows, then the values to sort by."""
    descending: Sequence[bool]
    """How to sort by each value; equal ones come in the order of the rows."""
    table: Table
    columns: Sequence[Column]
    limit: Node
    offset: Node

    def __sql__(self, ctx: Context) -> Context:
        all_found, page, row = map(ctx.words.name, (_FOUND, _PAGE, _ROW))
        keys = [ctx.words.name(f"key {number}") for number in range(len(self.descending))]
        ctx.literal(f"WITH {all_found} ({', '.join([row, *keys])}) AS MATERIALIZED (")
        ctx.sql(self.found).literal(f") SELECT (SELECT COUNT(*) FROM {all_found}), ")
        write_list(ctx, self.columns)
        order = ", ".join([*map(_ordered, keys, self.descending), row])
        ctx.literal(f" FROM (SELECT {row} FROM {all_found} ORDER BY {order} LIMIT ").sql(self.limit)
        # NOTE: a CROSS JOIN keeps to the order in which its sides are written
        ctx.literal(" OFFSET ").sql(self.offset).literal(f") {page} CROSS JOIN ").sql(self.table)
        return ctx.literal(" ON ").sql(RowNumber(self.table.alias)).literal(f" = {page}.{row}")


def _ordered(key: str, descending: bool) -> str:  # noqa: FBT001 - mapped
    return f"{key} DESC" if descending else key
