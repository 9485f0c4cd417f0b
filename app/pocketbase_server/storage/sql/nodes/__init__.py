"""Pieces of queries as Peewee nodes: what the rule compiler puts together and `render` writes.

Nothing here takes SQL text from outside: names are quoted, values are `Mark`s, words are ours.
"""

from __future__ import annotations

from pocketbase_server.storage.sql.nodes.conditions import (
    AllTrue,
    AnyTrue,
    AsTruth,
    Between,
    Blank,
    Exists,
    Filled,
    In,
    Inverted,
    Like,
    NotTrue,
    Operator,
    Truth,
)
from pocketbase_server.storage.sql.nodes.kept import Keep, KeptRows
from pocketbase_server.storage.sql.nodes.page import CountedPage
from pocketbase_server.storage.sql.nodes.query import (
    Counted,
    Given,
    ItemsOf,
    Join,
    Largest,
    OneRow,
    Order,
    RowNumber,
    Select,
    Table,
)
from pocketbase_server.storage.sql.nodes.render import render
from pocketbase_server.storage.sql.nodes.values import (
    Coalesced,
    Column,
    Distance,
    JsonPart,
    ListLength,
    Lowered,
    Mark,
    Scalar,
    Shuffle,
    TimeText,
    Word,
    Wrapped,
)

__all__ = [
    "AllTrue",
    "AnyTrue",
    "AsTruth",
    "Between",
    "Blank",
    "Coalesced",
    "Column",
    "Counted",
    "CountedPage",
    "Distance",
    "Exists",
    "Filled",
    "Given",
    "In",
    "Inverted",
    "ItemsOf",
    "Join",
    "JsonPart",
    "Keep",
    "KeptRows",
    "Largest",
    "Like",
    "ListLength",
    "Lowered",
    "Mark",
    "NotTrue",
    "OneRow",
    "Operator",
    "Order",
    "RowNumber",
    "Scalar",
    "Select",
    "Shuffle",
    "Table",
    "TimeText",
    "Truth",
    "Word",
    "Wrapped",
    "render",
]
