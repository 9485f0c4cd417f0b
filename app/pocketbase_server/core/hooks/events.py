"""One class per kind of happening."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.hooks.hook import Event

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo


class AppEvent(Event):
    """The application as a whole: bootstrap, settings reload."""

    __slots__ = ()


class TerminateEvent(Event):
    """The server stops, or restarts in place."""

    __slots__ = ("is_restart",)

    def __init__(self, app: App, *, is_restart: bool = False) -> None:
        super().__init__(app)
        self.is_restart = is_restart


class ServeEvent(Event):
    """The server is about to take requests; `router` adds routes."""

    __slots__ = ("router",)

    def __init__(self, app: App, router: Any) -> None:
        super().__init__(app)
        self.router = router


class BackupEvent(Event):
    """A backup is made or restored."""

    __slots__ = ("exclude", "name")

    def __init__(self, app: App, name: str, exclude: list[str]) -> None:
        super().__init__(app)
        self.name = name
        self.exclude = exclude


class ModelEvent(Event):
    """Something stored is validated, created, updated or deleted."""

    __slots__ = ("model", "type")

    def __init__(self, app: App, model: Any, type: str) -> None:
        super().__init__(app)
        self.model = model
        self.type = type
        """create, update, delete or validate."""

    def tags(self) -> tuple[str, ...]:
        """Return the names the model answers to."""
        tags: tuple[str, ...] = self.model.hook_tags()
        return tags


class ModelErrorEvent(ModelEvent):
    """Creating, updating or deleting failed with `error`."""

    __slots__ = ("error",)

    def __init__(self, app: App, model: Any, type: str, error: BaseException) -> None:
        super().__init__(app, model, type)
        self.error = error


class RecordEvent(ModelEvent):
    """A record is validated, created, updated or deleted."""

    __slots__ = ()

    @property
    def record(self) -> Record:
        """The record."""
        record: Record = self.model
        return record


class RecordErrorEvent(ModelErrorEvent):
    """Creating, updating or deleting a record failed."""

    __slots__ = ()

    @property
    def record(self) -> Record:
        """The record."""
        record: Record = self.model
        return record


class CollectionEvent(ModelEvent):
    """A collection is validated, created, updated or deleted."""

    __slots__ = ()

    @property
    def collection(self) -> Collection:
        """The collection."""
        collection: Collection = self.model
        return collection


class CollectionErrorEvent(ModelErrorEvent):
    """Creating, updating or deleting a collection failed."""

    __slots__ = ()

    @property
    def collection(self) -> Collection:
        """The collection."""
        collection: Collection = self.model
        return collection


class RequestEvent(Event):
    """An API request at the point where it is carried out.

    `request` tells who asks with what. `answer` is what will be sent (a JSON-able value or an
    object with `export()`), settable by handlers; None until the act has run.
    """

    __slots__ = ("answer", "request")

    def __init__(self, app: App, request: RequestInfo) -> None:
        super().__init__(app)
        self.request = request
        self.answer: Any = None

    @property
    def auth(self) -> Record | None:
        """The signed-in record, or None for a guest."""
        return self.request.auth


class CollectionRequestEvent(RequestEvent):
    """A request that concerns one collection."""

    __slots__ = ("collection",)

    def __init__(self, app: App, request: RequestInfo, collection: Collection) -> None:
        super().__init__(app, request)
        self.collection = collection

    def tags(self) -> tuple[str, ...]:
        """Return the collection's id and name."""
        return (self.collection.id, self.collection.name)


class CollectionsListRequestEvent(RequestEvent):
    """Collections are listed; `page` is the answer."""

    __slots__ = ("page",)

    def __init__(self, app: App, request: RequestInfo, page: Any) -> None:
        super().__init__(app, request)
        self.page = page


class CollectionsImportRequestEvent(RequestEvent):
    """Collections are imported."""

    __slots__ = ("collections", "delete_missing")

    def __init__(
        self,
        app: App,
        request: RequestInfo,
        collections: list[dict[str, Any]],
        *,
        delete_missing: bool,
    ) -> None:
        super().__init__(app, request)
        self.collections = collections
        self.delete_missing = delete_missing


class RecordsListRequestEvent(CollectionRequestEvent):
    """Records are listed; `records` may be changed by handlers, `page` carries the totals."""

    __slots__ = ("page", "records")

    def __init__(
        self,
        app: App,
        request: RequestInfo,
        collection: Collection,
        records: list[Record],
        page: Any,
    ) -> None:
        super().__init__(app, request, collection)
        self.records = records
        self.page = page


class RecordRequestEvent(CollectionRequestEvent):
    """One record is viewed, created, updated, deleted or signed in."""

    __slots__ = ("record",)

    def __init__(
        self, app: App, request: RequestInfo, collection: Collection, record: Record | None
    ) -> None:
        super().__init__(app, request, collection)
        self.record = record


class RecordEnrichEvent(Event):
    """A record is about to be shown to `request`."""

    __slots__ = ("record", "request")

    def __init__(self, app: App, request: RequestInfo, record: Record) -> None:
        super().__init__(app)
        self.request = request
        self.record = record

    def tags(self) -> tuple[str, ...]:
        """Return the collection's id and name."""
        return self.record.hook_tags()


class RecordAuthRequestEvent(RecordRequestEvent):
    """A record has signed in: the answer with its token is about to be sent."""

    __slots__ = ("auth_method", "meta", "token")

    def __init__(
        self, app: App, request: RequestInfo, collection: Collection, record: Record, token: str
    ) -> None:
        super().__init__(app, request, collection, record)
        self.token = token
        self.meta: Any = None
        self.auth_method = ""


class RecordAuthWithPasswordRequestEvent(RecordRequestEvent):
    """Someone signs in with identity and password; `record` is None for an unknown identity."""

    __slots__ = ("identity", "identity_field", "password")

    def __init__(
        self, app: App, request: RequestInfo, collection: Collection, record: Record | None
    ) -> None:
        super().__init__(app, request, collection, record)
        self.identity = ""
        self.identity_field = ""
        self.password = ""


class DetailedRequestEvent(RecordRequestEvent):
    """A record request with details that differ by kind, in `details`."""

    __slots__ = ("details",)

    def __init__(
        self, app: App, request: RequestInfo, collection: Collection, record: Record | None
    ) -> None:
        super().__init__(app, request, collection, record)
        self.details: dict[str, Any] = {}


class SettingsRequestEvent(RequestEvent):
    """Settings are shown or changed."""

    __slots__ = ("new_settings", "old_settings")

    def __init__(self, app: App, request: RequestInfo, old: Any = None, new: Any = None) -> None:
        super().__init__(app, request)
        self.old_settings = old
        self.new_settings = new


class BatchRequestEvent(RequestEvent):
    """Several record requests run in one transaction."""

    __slots__ = ("batch",)

    def __init__(self, app: App, request: RequestInfo, batch: list[Any]) -> None:
        super().__init__(app, request)
        self.batch = batch


class MailerEvent(Event):
    """A letter is about to be sent."""

    __slots__ = ("message",)

    def __init__(self, app: App, message: Any) -> None:
        super().__init__(app)
        self.message = message


class MailerRecordEvent(MailerEvent):
    """A letter to a record is about to be sent."""

    __slots__ = ("meta", "record")

    def __init__(self, app: App, message: Any, record: Record) -> None:
        super().__init__(app, message)
        self.record = record
        self.meta: dict[str, Any] = {}

    def tags(self) -> tuple[str, ...]:
        """Return the collection's id and name."""
        return self.record.hook_tags()


class RealtimeEvent(RequestEvent):
    """A realtime client connects, subscribes or is sent a message."""

    __slots__ = ("client", "message", "subscriptions")

    def __init__(self, app: App, request: RequestInfo, client: Any) -> None:
        super().__init__(app, request)
        self.client = client
        self.message: Any = None
        self.subscriptions: list[str] = []
