"""Where values come from: the rows an expression reads, as a tree that hangs on the base record."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Field
    from pocketbase_server.core.rules.binding import Param


class Link(Enum):
    """How the rows of a source are found from those of its parent."""

    BASE = "the record itself"
    GIVEN = "the record as it would be: bound values"
    RELATED = "the record a single relation of the parent points to"
    ITEMS = "the items of a list of the parent"
    RELATED_ITEM = "the record that an item (the parent) is the id of"
    BACK = "records whose single relation points to the parent"
    BACK_ITEMS = "records whose list of relations has the parent in it"
    FREE = "all records of a collection"
    AUTH = "the record that signed in"
    NAMED = "the records with bound ids"
    NAMED_ITEMS = "the items of a bound list"


_MANY = frozenset({Link.ITEMS, Link.BACK, Link.BACK_ITEMS, Link.FREE, Link.NAMED, Link.NAMED_ITEMS})


@dataclass(slots=True, eq=False)
class Source:
    """Some rows: one or none, or (when `is_many`) any number; where there are none, all values are null."""

    link: Link
    parent: Source | None = None
    collection: Collection | None = dataclass_field(default=None, repr=False)
    """Whose records these are; None for items."""
    field: Field | None = None
    """The relation or list that the link goes through."""
    param: Param | None = None
    """What is bound: ids, or a list."""
    number: int = dataclass_field(default_factory=count().__next__, repr=False)
    """Tells in which order sources were made, so that statements come out the same every time."""

    @property
    def is_many(self) -> bool:
        """Whether there may be more than one row for each row of the parent."""
        return self.link in _MANY

    @property
    def root(self) -> Source:
        """The source without a parent that this one hangs on."""
        source = self
        while source.parent is not None:
            source = source.parent
        return source

    def path(self) -> list[Source]:
        """Return the sources from the root to this one."""
        found: list[Source] = []
        source: Source | None = self
        while source is not None:
            found.append(source)
            source = source.parent
        return found[::-1]

    def steps_from(self, known: Container[Source]) -> list[Source]:
        """Return the sources between the rows at hand and this one, itself among them."""
        found: list[Source] = []
        source: Source | None = self
        while source is not None and source not in known:
            found.append(source)
            source = source.parent
        return found[::-1]

    def many(self) -> list[Source]:
        """Return those sources on the path that have many rows, the outermost first."""
        return [source for source in self.path() if source.is_many]

    def is_under(self, other: Source) -> bool:
        """Tell whether this is *other* or hangs on it."""
        return other in self.path()


class Joins:
    """The sources of one expression, each kept once by its path, so that conditions share them."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Source] = {}
        self.renamed: set[Source] = set()
        """Sources whose collection is another one now than when their first columns were named."""

    def get(self, key: tuple[object, ...], source: Source) -> Source:
        """Return the source kept under *key*, which is *source* the first time."""
        return self._known.setdefault(key, source)

    def rename(self, key: tuple[object, ...], collection: Collection) -> Source:
        """Return the records of a collection kept under *key*, whichever collection was there before."""
        source = self._known.setdefault(key, Source(Link.FREE, collection=collection))
        if source.collection is not collection:
            # COMPAT: one alias for two collections stands for the last of them everywhere
            source.collection = collection
            self.renamed.add(source)
        return source


def fresh_copies(source: Source) -> dict[Source, Source]:
    """Return copies of all sources of the path from the first that has many rows, by original.

    What is above is one row for each base record, so both may share it.
    """
    made: dict[Source, Source] = {}
    for step in source.path():
        if made or step.is_many:
            parent = step.parent if step.parent is None else made.get(step.parent, step.parent)
            made[step] = Source(step.link, parent, step.collection, step.field, step.param)
    return made
