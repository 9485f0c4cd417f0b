"""From nodes to text and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from peewee import Context

from pocketbase_server.storage.sql.nodes.words import SqliteWords, Words
from pocketbase_server.storage.sql.statement import Sql

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.nodes.base import Node

_WORDS: Final[dict[str, Words]] = {"sqlite": SqliteWords()}


def render(node: Node, dialect: str = "sqlite") -> Sql:
    """Return the statement; its params are what the `Mark`s hold, in order."""
    context = Context(words=_WORDS[dialect])
    context.sql(node)
    text, params = context.query()
    values: tuple[Any, ...] = tuple(params)
    return Sql(text, values)
