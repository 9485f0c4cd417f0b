"""From nodes to text and marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.nodes.base import Context
from pocketbase_server.storage.sql.nodes.words import SqliteWords, Words
from pocketbase_server.storage.sql.statement import Sql

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.nodes.base import Node

_WORDS: Final[dict[str, Words]] = {"sqlite": SqliteWords()}


def render(node: Node, dialect: str = "sqlite") -> Sql:
    """Return the statement; its params are what the `Mark`s hold, in order."""
    text, params = Context(_WORDS[dialect]).sql(node).finished()
    return Sql(text, tuple(params))
