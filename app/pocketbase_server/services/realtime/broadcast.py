"""Changes of records on their way to those who listen: each group of equals is judged once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pocketbase_server.core.records.expand import enrich
from pocketbase_server.kit.json import dumps
from pocketbase_server.services.realtime.clients import post
from pocketbase_server.services.realtime.rules import Watch, request_of
from pocketbase_server.services.realtime.topics import frame

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo
    from pocketbase_server.services.realtime.broker import Broker
    from pocketbase_server.services.realtime.clients import RealtimeClient
    from pocketbase_server.services.realtime.topics import Subscription

Pick = Callable[[Any, str], Any]
"""Reduces a record to the fields that a subscription asks for."""

_GUEST, _PERSON, _SUPERUSER = "guest", "person", "superuser"
_AUTH: Final = "@request.auth"


class Parcel(NamedTuple):
    """One event and whom it is for."""

    subscription: Subscription
    data: bytes
    clients: list[RealtimeClient]


class _Listeners(NamedTuple):
    """Those who listen with one subscription text, and the rule they are under."""

    subscription: Subscription
    clients: list[RealtimeClient]
    rule: str | None


class Broadcaster:
    """Finds out who may see a change, and makes the events."""

    def __init__(self, app: App, broker: Broker) -> None:
        self._app = app
        self._broker = broker
        self._watch = Watch(app)
        self.pick: Pick = lambda value, _: value

    def wants(self, collection: Collection) -> bool:
        """Tell whether anybody listens to records of a collection."""
        return self._broker.listens(collection.name, collection.id)

    def has_to_ask(self, collection: Collection) -> bool:
        """Tell whether somebody listens to records of a collection who may not just hear of all alike."""
        if not self.wants(collection):
            return False
        hooks = self._app.hooks
        return (
            bool(collection.list_rule or collection.view_rule)
            or collection.is_auth
            or self._broker.has_options(collection.name, collection.id)
            or hooks.record_enrich.is_bound
            or hooks.realtime_message_send.is_bound
        )

    def parcels(self, action: str, record: Record, *, is_stored: bool = True) -> list[Parcel]:
        """Return the events of a change, each with those who may see it."""
        if not self.wants(record.collection):
            return []
        judge = _Judge(self._app, self._watch, self.pick, action, record, is_stored=is_stored)
        found: list[Parcel] = []
        for listeners in self._listeners(record):
            found += judge.parcels(listeners)
        return found

    def _listeners(self, record: Record) -> Iterable[_Listeners]:
        collection = record.collection
        keys = (collection.name, collection.id)
        by_rule = (
            (collection.view_rule, [f"{key}/{record.id}" for key in keys]),
            (collection.list_rule, [t for key in keys for t in (f"{key}/*", key)]),
        )
        for rule, topics in by_rule:
            for topic in topics:
                for subscription, clients in self._broker.subscribed(topic):
                    yield _Listeners(subscription, clients, rule)

    def deliver(self, parcels: Iterable[Parcel]) -> None:
        """Send events."""
        hook = self._app.hooks.realtime_message_send
        if hook.is_bound:
            from pocketbase_server.services.realtime.messages import send_through_hook

            for parcel in parcels:
                for client in parcel.clients:
                    send_through_hook(self._app, client, parcel.subscription.text, parcel.data)
            return
        # PERF: of a thousand that were judged one by one, most are told the same
        told: dict[tuple[str, bytes], list[RealtimeClient]] = {}
        for subscription, data, clients in parcels:
            told.setdefault((subscription.text, data), []).extend(clients)
        for (name, data), clients in told.items():
            post(frame(name, data), clients)


class _Judge:
    """Judges one change for all who listen; equal questions are asked once."""

    def __init__(
        self,
        app: App,
        watch: Watch,
        pick: Pick,
        action: str,
        record: Record,
        *,
        is_stored: bool,
    ) -> None:
        self._app = app
        self._watch = watch
        self._pick = pick
        self._action = action
        self._record = record
        self._is_stored = is_stored
        self._is_enriched = app.hooks.record_enrich.is_bound
        self._verdicts: dict[tuple[Any, ...], bool] = {}
        self._texts: dict[tuple[Any, ...], bytes] = {}

    def parcels(self, listeners: _Listeners) -> list[Parcel]:
        """Return the events for those who listen with one subscription text."""
        found = []
        for group in _groups(listeners.clients, depends=self._depends_on_auth(listeners)):
            data = self._data(listeners, group.key, group.auth)
            if data is not None:
                found.append(Parcel(listeners.subscription, data, group.clients))
        return found

    def _depends_on_auth(self, listeners: _Listeners) -> bool:
        """Tell whether of two signed-in callers one may see the record and the other not.

        A filter counts as if it did: it also obeys rules of the collections it passes through.
        """
        return (
            _AUTH in (listeners.rule or "")
            or "filter" in listeners.subscription.query
            or self._is_personal(listeners)
        )

    def _is_personal(self, listeners: _Listeners) -> bool:
        """Tell whether two signed-in callers who see the record may see different things in it."""
        is_auth = self._record.collection.is_auth
        return self._is_enriched or is_auth or "expand" in listeners.subscription.query

    def _data(self, listeners: _Listeners, key: Any, auth: Record | None) -> bytes | None:
        options = listeners.subscription.options
        request = request_of(listeners.subscription, auth)
        question = (listeners.rule, options, key)
        verdict = self._verdicts.get(question)
        if verdict is None:
            verdict = self._verdicts[question] = self._is_seen(request, listeners.rule)
        if not verdict:
            return None
        # PERF: judged one by one, most callers are told the same all the same
        reader = key if self._is_personal(listeners) else request.is_superuser
        text = self._texts.get((options, reader))
        if text is None:
            text = self._texts[options, reader] = self._text(request)
        return text

    def _is_seen(self, request: RequestInfo, rule: str | None) -> bool:
        # COMPAT: what the transaction of a delete has done so far, to others too, does not count;
        # what is shown of them is as the transaction has it
        with self._app.data.as_committed():
            return self._watch.is_seen(self._record, request, rule, is_stored=self._is_stored)

    def _text(self, request: RequestInfo) -> bytes:
        record = self._record.fresh()
        enrich(self._app, [record], request)
        printed: Any = record.export()
        wanted = request.query.get("fields")
        if wanted:
            printed = self._pick(printed, wanted)
        text = dumps({"record": printed, "action": self._action})
        # COMPAT: an event is one line; JSON that was stored in many has breaks between values only
        return text.translate(None, _BREAKS) if b"\n" in text or b"\r" in text else text


_BREAKS: Final = b"\r\n"


class _Group(NamedTuple):
    """Clients with equal rights, and one of those whom they stand for."""

    key: Any
    auth: Record | None
    clients: list[RealtimeClient]


def _groups(clients: list[RealtimeClient], *, depends: bool) -> Iterable[_Group]:
    """Return clients with equal rights together."""
    # SECURITY: who somebody is may change meanwhile, so that is looked at once
    people = [(client, auth) for client in clients if (auth := client.auth) is not None]
    if not people:  # PERF: there may be a thousand guests and nobody else
        return (_Group(_GUEST, None, clients),)
    groups: dict[Any, _Group] = {}
    if len(people) < len(clients):
        known = {client for client, _ in people}
        guests = [client for client in clients if client not in known]
        groups[_GUEST] = _Group(_GUEST, None, guests)
    for client, auth in people:
        key = _group_key(auth, depends=depends)
        groups.setdefault(key, _Group(key, auth, [])).clients.append(client)
    return groups.values()


def _group_key(auth: Record, *, depends: bool) -> Any:
    if depends:
        return auth.collection.id, auth.id
    return _SUPERUSER if auth.is_superuser else _PERSON
