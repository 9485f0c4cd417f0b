"""The seam to Peewee, typed once: the node that all others are, and what a statement is written into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import peewee

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.storage.sql.nodes.words import Words


class Node(peewee.Node):
    """A piece of a statement that can write itself."""

    def __sql__(self, ctx: Context) -> Context:
        """Write the piece and return the context."""
        raise NotImplementedError


class Context(peewee.Context):
    """A statement being written: text, and the params of its marks in order."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.words = words
        self.params: list[Any] = []

    def literal(self, text: str) -> Self:
        """Add text of ours."""
        super().literal(text)
        return self

    def sql(self, node: Node) -> Self:
        """Add what a node writes."""
        node.__sql__(self)
        return self

    def bind(self, params: Iterable[Any]) -> Self:
        """Add the params of marks that are written elsewhere in the text."""
        self.params.extend(params)
        return self

    def apart(self, node: Node) -> tuple[str, list[Any]]:
        """Return what a node would write, text and params, without adding it."""
        inner = Context(self.words)
        inner.sql(node)
        return inner.finished()

    def finished(self) -> tuple[str, list[Any]]:
        """Return the text and the params so far."""
        text: str = self.query()[0]
        return text, self.params
