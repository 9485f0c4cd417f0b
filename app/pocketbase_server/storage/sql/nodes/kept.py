"""Rows set aside under a number: how they are put there, and how a query begins with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.nodes.base import Node

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.nodes.base import Context
    from pocketbase_server.storage.sql.nodes.query import Select, Table

KEPT_TABLE: Final = "`temp`.`#kept`"
"""Where the numbers of rows are set aside; no collection can have such a name."""

MOST_KEPT: Final = 100_000
"""How many rows one set may have; one more is put there, and means that there are too many."""


@dataclass(slots=True, frozen=True)
class Keep(Node):
    """Sets aside the rows that a query finds: it gives the number of the set, then those of rows."""

    found: Select

    def __sql__(self, ctx: Context) -> Context:
        return (
            ctx.literal(f"INSERT INTO {KEPT_TABLE} ")
            .sql(self.found)
            .literal(f" LIMIT {MOST_KEPT + 1}")
        )


@dataclass(slots=True, frozen=True)
class KeptRows(Node):
    """Those rows of a table that were set aside under a number, in the order in which they came."""

    table: Table
    number: Node
    alias: str

    def __sql__(self, ctx: Context) -> Context:
        kept, words = ctx.words.name(self.alias), ctx.words
        # NOTE: a CROSS JOIN keeps to the order in which its sides are written
        ctx.literal(f"{KEPT_TABLE} {kept} CROSS JOIN ").sql(self.table)
        ctx.literal(f" ON {kept}.`part` = ").sql(self.number)
        own = f"{words.name(self.table.alias)}.{words.row_number}"
        return ctx.literal(f" AND {own} = {kept}.`row`")
