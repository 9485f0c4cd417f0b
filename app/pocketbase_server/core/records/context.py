"""What fields may ask of the database while they validate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from pocketbase_server.storage.sql import rows as sql

if TYPE_CHECKING:
    from collections.abc import Collection as Sized

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record


class RecordContext:
    """The `FieldContext` of an application."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def find_collection(self, name_or_id: str) -> Collection | None:
        """Return the collection or None."""
        return self._app.collections.get(name_or_id)

    def existing_ids(self, collection_id: str, ids: Sized[str]) -> set[str]:
        """Return those of *ids* that are records of the collection; none if it is unknown."""
        collection = self._app.collections.get(collection_id)
        if collection is None or not ids:
            return set()
        if len(ids) == 1:
            one = next(iter(ids))
            row = self._app.data.one(sql.exists((collection.name,)), (one,))
            return {one} if row is not None else set()
        query = sql.select_among(collection.name, ("id",))
        rows = self._app.data.all(query, (orjson.dumps(list(ids)).decode(),))
        return {row[0] for row in rows}

    def is_id_taken(self, record: Record) -> bool:
        """Tell whether another record of the collection has its id, ignoring case."""
        collection = record.collection
        table = (collection.name,)
        if self._app.data.one(sql.exists(table), (record.id,)) is not None:
            return True
        if _is_lower_only(collection):
            return False
        # NOTE: this reads the whole table; ids of the usual shape never come here
        return self._app.data.one(sql.exists(table, nocase=True), (record.id,)) is not None


def _is_lower_only(collection: Collection) -> bool:
    """Tell whether the pattern of ids admits no capital letters, so that case cannot differ."""
    known: bool | None = collection.cache.get("ids are lower")
    if known is None:
        pattern = getattr(collection.field("id"), "pattern", "")
        known = collection.cache["ids are lower"] = pattern == "^[a-z0-9]+$"
    return known
