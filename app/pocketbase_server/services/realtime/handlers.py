"""Our handlers on the lives of records: they let realtime clients know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.storage.sql.errors import WouldBlock
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.hooks.events import CollectionEvent, RecordErrorEvent, RecordEvent

_FIRST: Final = -99
_LAST: Final = 99
"""Priorities: the outermost hear of what happened after all others, the innermost act before it."""


def bind_realtime(app: App) -> None:
    """Let clients know what happens to records."""
    hooks, on = app.hooks, _Handlers(app)
    hooks.record_update.bind(on.writing, id="__pbRealtimeUpdating__", priority=_LAST)
    hooks.record_delete.bind(on.deleting, id="__pbRealtimeDeleting__", priority=_LAST)
    hooks.record_after_create_success.bind(on.created, id="__pbRealtimeCreate__", priority=_FIRST)
    hooks.record_after_update_success.bind(on.updated, id="__pbRealtimeUpdate__", priority=_FIRST)
    hooks.record_after_delete_success.bind(on.deleted, id="__pbRealtimeDelete__", priority=_FIRST)
    hooks.record_after_delete_error.bind(on.kept, id="__pbRealtimeKept__", priority=_FIRST)
    hooks.collection_update.bind(on.changing, id="__pbRealtimeCollectionUpdate__", priority=_FIRST)
    hooks.collection_after_delete_success.bind(on.dropped, id="__pbRealtimeCollection__")


class _Handlers:
    def __init__(self, app: App) -> None:
        self._app = app
        self._realtime = app.realtime

    def writing(self, event: RecordEvent) -> None:
        # NOTE: there will be rules to ask, perhaps many: not while everybody waits
        if MODE.active and self._realtime.has_to_ask(event.record.collection):
            raise WouldBlock
        event.next()

    def deleting(self, event: RecordEvent) -> None:
        if not (MODE.active and self._realtime.has_to_ask(event.record.collection)):
            self._realtime.deleting(event.record)
        self.writing(event)

    def created(self, event: RecordEvent) -> None:
        event.next()
        self._realtime.changed(event.record, "create")

    def updated(self, event: RecordEvent) -> None:
        event.next()
        self._realtime.changed(event.record, "update")

    def deleted(self, event: RecordEvent) -> None:
        event.next()
        self._realtime.deleted(event.record)

    def kept(self, event: RecordErrorEvent) -> None:
        self._realtime.kept(event.record)
        event.next()

    def changing(self, event: CollectionEvent) -> None:
        before = _secret(self._app.collections.get(event.collection.id))
        event.next()
        # COMPAT: who signed in with a token that is worthless now is a guest
        if before and before != _secret(event.collection):
            gone = event.collection.id
            self._app.data.after_commit(lambda: self._realtime.forget_collection(gone))

    def dropped(self, event: CollectionEvent) -> None:
        event.next()
        if event.collection.is_auth:
            self._realtime.forget_collection(event.collection.id)


def _secret(collection: Collection | None) -> str:
    options = collection.auth if collection is not None else None
    return options.auth_token.secret if options is not None else ""
