"""What is known of all collections at one moment; never changed, only replaced."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from pocketbase_server.core.collections.model import Collection

if TYPE_CHECKING:
    from pocketbase_server.core.fields.base import Field

_versions = count(1)
Row = tuple[Any, ...]


class Snapshot:
    """All collections, found by id or, ignoring case, by name; `version` is never given twice."""

    __slots__ = ("_by_key", "_by_name", "_by_row", "_references", "collections", "version")

    def __init__(self, by_row: dict[Row, Collection] | None = None) -> None:
        self._by_row = by_row or {}
        self.collections = tuple(self._by_row.values())
        self.version = next(_versions)
        self._by_name = {_folded(c.name): c for c in self.collections}
        # NOTE: ids win over names, as in the reference
        self._by_key = {c.name: c for c in self.collections} | {c.id: c for c in self.collections}
        self._references: dict[str, dict[Collection, list[Field]]] = {}

    def renewed(self, rows: Iterable[Row]) -> Self:
        """Return the snapshot for these rows of `_collections`: itself when nothing has changed.

        Collections whose rows are the same stay the same objects, with what they have cached.
        """
        rows = [tuple(row) for row in rows]
        if rows == list(self._by_row):
            return self
        known = self._by_row
        return type(self)({row: known.get(row) or Collection.from_row(row) for row in rows})

    def get(self, name_or_id: str) -> Collection | None:
        """Return the collection with that id or name, or None."""
        # COMPAT: only names are found whatever the case of their letters
        return self._by_key.get(name_or_id) or self._by_name.get(_folded(name_or_id))

    def named(self, name: str) -> Collection | None:
        """Return the collection with that name, whatever its case; an id is none."""
        return self._by_name.get(_folded(name))

    def references(self, collection_id: str) -> dict[Collection, list[Field]]:
        """Return which relation fields of which collections point to the collection."""
        known = self._references.get(collection_id)
        if known is None:
            known = self._references[collection_id] = _references(self.collections, collection_id)
        return known


def _folded(name: str) -> str:
    # NOTE: names are ASCII; this is the one sign beyond that folds to one of theirs and stays in `lower()`
    return name.lower().replace("\u017f", "s")


def _references(
    collections: Iterable[Collection], collection_id: str
) -> dict[Collection, list[Field]]:
    found = {}
    for collection in collections:
        fields = [
            f for f in collection.fields if getattr(f, "collection_id", None) == collection_id
        ]
        if fields:
            found[collection] = fields
    return found
