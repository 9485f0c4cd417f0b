"""Tables as plain values: what collections ask the database for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class ColumnKind(Enum):
    """What a column holds; the dialect says which SQL type that is."""

    PRIMARY_TEXT = "primary_text"
    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    JSON = "json"
    JSON_LIST = "json_list"
    GEO_POINT = "geo_point"


@dataclass(slots=True, frozen=True)
class ColumnSpec:
    """One column."""

    name: str
    kind: ColumnKind


@dataclass(slots=True, frozen=True)
class TableSpec:
    """One table as it should be."""

    name: str
    columns: tuple[ColumnSpec, ...]


@dataclass(slots=True)
class TableChange:
    """How a table gets from one shape to another, in one transaction.

    Columns are matched by what the caller says in `renamed`, not by guessing.
    """

    old_name: str
    new_name: str
    dropped: list[str] = field(default_factory=list)
    added: list[ColumnSpec] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    converted: dict[str, tuple[ColumnSpec, ColumnSpec]] = field(default_factory=dict)
    """By new column name: from which column to which kind (single to multiple and back)."""
    order: tuple[str, ...] = ()
    """The new column names in the order of the fields; additions and conversions keep to it."""


@dataclass(slots=True, frozen=True)
class AlterStep:
    """One statement of a change of a table; `purpose` goes into the message when it fails."""

    text: str
    purpose: str = ""


@dataclass(slots=True, frozen=True)
class ColumnInfo:
    """One column as the database has it."""

    name: str
    type: str
    is_required: bool
    default: str | None
    primary_key: int
    """Its place in the primary key, counted from 1; 0 when it is no part of it."""
