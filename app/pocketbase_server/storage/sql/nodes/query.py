"""Queries and where their rows come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pocketbase_server.storage.sql.nodes.base import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.storage.sql.nodes.base import Context


class Table(Node):
    """A table or view under an alias."""

    def __init__(self, name: str, alias: str) -> None:
        self.name = name
        self.alias = alias

    def __sql__(self, ctx: Context) -> Context:
        words = ctx.words
        return ctx.literal(f"{words.name(self.name)} {words.name(self.alias)}")


class OneRow(Node):
    """One row without values under an alias, for others to be joined to."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal(f"(SELECT 1) {ctx.words.name(self.alias)}")


class Given(Node):
    """One row of bound values under an alias; its columns have no type of their own."""

    def __init__(self, columns: Sequence[str], params: Sequence[Any], alias: str) -> None:
        self.columns = tuple(columns)
        self.params = tuple(params)
        self.alias = alias

    def __sql__(self, ctx: Context) -> Context:
        words = ctx.words
        marks = ", ".join(f"? AS {words.name(column)}" for column in self.columns)
        ctx.bind(self.params)
        return ctx.literal(f"(SELECT {marks}) {words.name(self.alias)}")


class ItemsOf(Node):
    """The items of a list under an alias, each in a column `value`.

    A column may hold one value instead of a list; a bound list (*is_plain*) is always one.
    """

    def __init__(self, value: Node, alias: str, *, is_plain: bool = False) -> None:
        self.value = value
        self.alias = alias
        self.is_plain = is_plain

    def __sql__(self, ctx: Context) -> Context:
        words = ctx.words
        text, params = ctx.apart(self.value)
        ctx.bind(params)
        table = words.plain_items(text) if self.is_plain else words.items(text)
        return ctx.literal(f"{table} {words.name(self.alias)}")


@dataclass(slots=True, frozen=True)
class Join:
    """One more source of rows: kept even where nothing fits (*is_outer*), or only where it does."""

    source: Node
    on: Node | None = None
    is_outer: bool = True


class Counted(Node):
    """How many rows there are; how many different values, when *of* is given."""

    def __init__(self, of: Node | None = None) -> None:
        self.of = of

    def __sql__(self, ctx: Context) -> Context:
        if self.of is None:
            return ctx.literal("COUNT(*)")
        return ctx.literal("COUNT(DISTINCT ").sql(self.of).literal(")")


class RowNumber(Node):
    """The order in which rows came."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def __sql__(self, ctx: Context) -> Context:
        words = ctx.words
        return ctx.literal(f"{words.name(self.alias)}.{words.row_number}")


class Largest(Node):
    """The largest of a value."""

    def __init__(self, value: Node) -> None:
        self.value = value

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal("MAX(").sql(self.value).literal(")")


class Order(Node):
    """One sort key."""

    def __init__(self, value: Node, *, descending: bool = False) -> None:
        self.value = value
        self.word = " DESC" if descending else " ASC"

    def __sql__(self, ctx: Context) -> Context:
        return ctx.sql(self.value).literal(self.word)


@dataclass(slots=True)
class Select(Node):
    """A query; `render` writes it."""

    columns: Sequence[Node]
    source: Node | None = None
    joins: Sequence[Join] = ()
    where: Node | None = None
    order: Sequence[Node] = ()
    limit: Node | None = None
    offset: Node | None = None
    is_distinct: bool = False

    def __sql__(self, ctx: Context) -> Context:
        ctx.literal("SELECT DISTINCT " if self.is_distinct else "SELECT ")
        write_list(ctx, self.columns)
        if self.source is not None:
            ctx.literal(" FROM ").sql(self.source)
        for join in self.joins:
            _write_join(ctx, join)
        if self.where is not None:
            ctx.literal(" WHERE ").sql(self.where)
        return self._write_tail(ctx)

    def _write_tail(self, ctx: Context) -> Context:
        if self.order:
            write_list(ctx.literal(" ORDER BY "), self.order)
        if self.limit is not None:
            ctx.literal(" LIMIT ").sql(self.limit)
        if self.offset is not None:
            ctx.literal(" OFFSET ").sql(self.offset)
        return ctx


def write_list(ctx: Context, parts: Sequence[Node]) -> None:
    """Write the parts with commas between them."""
    for number, part in enumerate(parts):
        if number:
            ctx.literal(", ")
        ctx.sql(part)


def _write_join(ctx: Context, join: Join) -> None:
    # NOTE: an inner join without a condition is a plain comma to the planner
    ctx.literal(" LEFT JOIN " if join.is_outer else " JOIN ").sql(join.source)
    if join.on is not None:
        ctx.literal(" ON ").sql(join.on)
