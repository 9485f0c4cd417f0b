"""Collections found, kept in memory and saved together with their tables."""

from __future__ import annotations

from threading import local
from time import monotonic
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.cache import Snapshot
from pocketbase_server.core.collections.form import new_collection
from pocketbase_server.core.collections.model import BASE, Collection
from pocketbase_server.core.data_watch import DataWatch
from pocketbase_server.core.errors import NotFoundError
from pocketbase_server.storage.sql.collection_rows import SELECT_ALL

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.writer import CollectionWriter
    from pocketbase_server.core.fields.base import Field


class _Own(local):
    """What this thread sees while its transaction changes collections."""

    snapshot: Snapshot | None = None


class CollectionStore:
    """All collections. Those it returns are shared and frozen: change a `clone()` and save that."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._snapshot = Snapshot()
        self._own = _Own()
        self._writer: CollectionWriter | None = None
        # NOTE: a caller who has changed a rule through one worker must not find the old one at the next
        self._watch = DataWatch(app, every=0.0 if app.config.workers > 1 else None)

    # -- finding

    @property
    def _now(self) -> Snapshot:
        return self._own.snapshot or self._snapshot

    @property
    def version(self) -> int:
        """A number that grows with every change of any collection; part of the keys of derived caches."""
        return self._now.version

    def get(self, name_or_id: str) -> Collection | None:
        """Return the collection with that id or (ignoring case) name, or None."""
        if monotonic() > self._watch.due:
            self._watch.look(self._read_again)
        found = self._now.get(name_or_id)
        if found is None and self._watch.look(self._read_again):
            found = self._now.get(name_or_id)
        return found

    def named(self, name: str) -> Collection | None:
        """Return the collection whose table is called *name*, ignoring case, or None."""
        return self._now.named(name)

    def find(self, name_or_id: str) -> Collection:
        """Return the collection with that id or (ignoring case) name.

        Raises `NotFoundError` when there is none.
        """
        found = self.get(name_or_id)
        if found is None:
            raise NotFoundError
        return found

    def all(self) -> list[Collection]:
        """Return every collection, oldest first."""
        return list(self._now.collections)

    def references(self, collection: Collection) -> dict[Collection, list[Field]]:
        """Return which relation fields of which collections point to *collection* (itself among them)."""
        return self._now.references(collection.id)

    def new(self, type: str = BASE, name: str = "") -> Collection:
        """Return a collection to be filled and created, with the defaults of its type."""
        return new_collection(type, name)

    # -- saving

    @property
    def writer(self) -> CollectionWriter:
        """What saves collections; its finer verbs are for imports."""
        if self._writer is None:
            from pocketbase_server.core.collections.writer import CollectionWriter

            self._writer = CollectionWriter(self._app)
        return self._writer

    def save(self, collection: Collection) -> None:
        """Create a new collection or update a saved one, with its table, in one transaction.

        Raises `ValidationErrors`, and has changed nothing then.
        """
        self.writer.save(collection)

    create = update = save

    def delete(self, collection: Collection) -> None:
        """Delete a collection with all its records.

        Raises `BadRequestError` when another collection refers to it.
        """
        self.writer.delete(collection)

    def truncate(self, collection: Collection) -> None:
        """Delete all records of a collection; all or none."""
        self.writer.truncate(collection)

    def import_all(self, bodies: list[dict[str, Any]], *, delete_missing: bool = False) -> None:
        """Create and update collections from their JSON objects; all or nothing."""
        from pocketbase_server.core.collections.importer import import_collections

        import_collections(self._app, bodies, delete_missing=delete_missing)

    # -- memory

    def reload(self) -> None:
        """Read all collections from the database; to be called when it was changed past this store."""
        data = self._app.data
        self._watch.begin()
        snapshot = self._now.renewed(data.all(SELECT_ALL))
        if not data.in_transaction:
            self._publish(snapshot)
            return
        if self._own.snapshot is None:
            data.at_commit(self._commit)
            data.after_rollback(self._forget)
        self._own.snapshot = snapshot

    def _commit(self) -> None:
        snapshot = self._own.snapshot
        self._own.snapshot = None
        if snapshot is not None:
            self._publish(snapshot)

    def _forget(self) -> None:
        self._own.snapshot = None

    def _publish(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._watch.rest()

    def _read_again(self) -> bool:
        """Read the collections that another process may have changed; tell whether it has."""
        snapshot = self._snapshot.renewed(self._app.data.all(SELECT_ALL))
        if snapshot is self._snapshot:
            return False
        self._publish(snapshot)
        return True
