"""Values: columns, marks, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.storage.sql.nodes.base import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.storage.sql.nodes.base import Context
    from pocketbase_server.storage.sql.nodes.query import Select


class Mark(Node):
    """A value that is bound when the statement runs; *param* says which, to whoever binds."""

    def __init__(self, param: Any) -> None:
        self.param = param

    def __sql__(self, ctx: Context) -> Context:
        return ctx.bind([self.param]).literal("?")


class Word(Node):
    """A constant of ours: a keyword or a plain number."""

    NULL: Final = "NULL"
    BLANK: Final = "''"

    def __init__(self, text: str | int) -> None:
        self.text = str(text)

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal(self.text)


class Column(Node):
    """A column of a table or list of items in the query."""

    def __init__(self, alias: str, name: str) -> None:
        self.alias = alias
        self.name = name

    def text(self, ctx: Context) -> str:
        """Return the column as it stands in the statement."""
        words = ctx.words
        return f"{words.name(self.alias)}.{words.name(self.name)}"

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal(self.text(ctx))


class JsonPart(Node):
    """What a JSON column holds at a path (`.a[0]`); the path is letters, digits, `_`, dots and brackets."""

    def __init__(self, column: Node, path: str) -> None:
        self.column = column
        self.path = path

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal(ctx.words.json_part(ctx.apart(self.column)[0], self.path))


class ListLength(Node):
    """How many items a column holds."""

    def __init__(self, column: Node) -> None:
        self.column = column

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal(ctx.words.length(ctx.apart(self.column)[0]))


class _Around(Node):
    """A value between two pieces of text."""

    before = ""
    after = ")"

    def __init__(self, value: Node) -> None:
        self.value = value

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal(self.before).sql(self.value).literal(self.after)


class Lowered(_Around):
    """A value in lower case (ASCII letters only)."""

    before = "LOWER("


class Coalesced(_Around):
    """A value, "" for none."""

    before = "COALESCE("
    after = ", '')"


class Wrapped(_Around):
    """A value as a pattern that finds it anywhere."""

    before = "('%' || "
    after = " || '%')"


class Scalar(_Around):
    """The one value that a query gives, or null."""

    before = "("

    def __init__(self, query: Select) -> None:
        super().__init__(query)


class Shuffle(Node):
    """A random order."""

    def __sql__(self, ctx: Context) -> Context:
        return ctx.literal("RANDOM()")


class _Pieces(Node):
    """A function whose arguments are written first, each with its marks in place."""

    def __init__(self, parts: Sequence[Node]) -> None:
        self.parts = tuple(parts)

    def _texts(self, ctx: Context) -> list[tuple[str, list[Any]]]:
        return [ctx.apart(part) for part in self.parts]


class Distance(_Pieces):
    """The kilometres between two places: lon, lat, lon, lat."""

    def __sql__(self, ctx: Context) -> Context:
        lon_a, lat_a, lon_b, lat_b = self._texts(ctx)
        # NOTE: the marks must follow in the order in which the formula names its arguments
        for _, values in (lat_a, lat_b, lon_b, lon_a, lat_a, lat_b):
            ctx.bind(values)
        texts = lon_a[0], lat_a[0], lon_b[0], lat_b[0]
        return ctx.literal(ctx.words.distance(texts))


class TimeText(_Pieces):
    """A time value as text: format, time, modifiers."""

    def __sql__(self, ctx: Context) -> Context:
        written = self._texts(ctx)
        for _, values in written:
            ctx.bind(values)
        return ctx.literal(ctx.words.time_text([text for text, _ in written]))
