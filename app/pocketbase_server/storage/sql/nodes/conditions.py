"""Conditions: comparisons, their combinations, and questions to other queries."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pocketbase_server.storage.sql.nodes.base import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.storage.sql.nodes.base import Context
    from pocketbase_server.storage.sql.nodes.query import Select


class Operator(Enum):
    """How two values are compared."""

    EQUAL = "="
    UNEQUAL = "<>"
    SAME = "IS"
    DIFFERENT = "IS NOT"
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


class Between(Node):
    """Two values with an operator between them."""

    def __init__(self, left: Node, operator: Operator, right: Node) -> None:
        self.left = left
        self.operator = operator
        self.right = right

    def __sql__(self, ctx: Context) -> Context:
        return ctx.sql(self.left).literal(f" {self.operator.value} ").sql(self.right)


class Like(Node):
    """A value that does or does not fit a pattern, letters' case aside."""

    def __init__(self, value: Node, pattern: Node, *, negated: bool) -> None:
        self.value = value
        self.pattern = pattern
        self.word = " NOT LIKE " if negated else " LIKE "

    def __sql__(self, ctx: Context) -> Context:
        ctx.sql(self.value).literal(self.word).sql(self.pattern)
        return ctx.literal(" ESCAPE '\\'")


class Blank(Node):
    """Whether a value is "" or null."""

    def __init__(self, value: Node) -> None:
        self.value = value

    def __sql__(self, ctx: Context) -> Context:
        ctx.literal("(").sql(self.value).literal(" = '' OR ")
        return ctx.sql(self.value).literal(" IS NULL)")


class Filled(Node):
    """Whether a value is neither "" nor null."""

    def __init__(self, value: Node) -> None:
        self.value = value

    def __sql__(self, ctx: Context) -> Context:
        ctx.literal("(").sql(self.value).literal(" IS NOT '' AND ")
        return ctx.sql(self.value).literal(" IS NOT NULL)")


class Truth(Node):
    """Always true, or never."""

    def __init__(self, *, value: bool) -> None:
        self.value = value

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal("1" if self.value else "0")


class _Chain(Node):
    """Conditions with one word between them."""

    word = ""

    def __init__(self, parts: Sequence[Node]) -> None:
        self.parts = tuple(parts)

    def __sql__(self, ctx: Context) -> Context:
        ctx.literal("(")
        for number, part in enumerate(self.parts):
            if number:
                ctx.literal(self.word)
            ctx.sql(part)
        return ctx.literal(")")


class AllTrue(_Chain):
    """Whether every part holds."""

    word = " AND "


class AnyTrue(_Chain):
    """Whether at least one part holds."""

    word = " OR "


class Inverted(Node):
    """The opposite; null stays null."""

    def __init__(self, part: Node) -> None:
        self.part = part

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal("NOT (").sql(self.part).literal(")")


class NotTrue(Node):
    """Whether a condition is false or null."""

    def __init__(self, part: Node) -> None:
        self.part = part

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal("(").sql(self.part).literal(") IS NOT TRUE")


class AsTruth(Node):
    """Whether a condition holds, as a value that no index can answer."""

    def __init__(self, part: Node) -> None:
        self.part = part

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal("(").sql(self.part).literal(") IS TRUE")


class Exists(Node):
    """Whether a query gives any row."""

    def __init__(self, query: Select) -> None:
        self.query = query

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal("EXISTS (").sql(self.query).literal(")")


class In(Node):
    """Whether a value is among what a query gives.

    With *unindexed* the database looks the value up row by row, in the order it reads them.
    """

    def __init__(self, value: Node, query: Select, *, unindexed: bool = False) -> None:
        self.value = value
        self.query = query
        self.sign = "+" if unindexed else ""

    def __sql__(self, ctx: Context) -> Context:
        ctx.literal(self.sign).sql(self.value).literal(" IN (")
        return ctx.sql(self.query).literal(")")
