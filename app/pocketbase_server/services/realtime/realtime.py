"""The realtime API of one application: clients here and in other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.core.records.model import Record
from pocketbase_server.core.records.shape import shape
from pocketbase_server.services.realtime.broadcast import Broadcaster, Parcel
from pocketbase_server.services.realtime.broker import Broker
from pocketbase_server.services.realtime.messages import send_through_hook
from pocketbase_server.storage.bus import bus_for
from pocketbase_server.storage.bus.notify_dir import TAG_LENGTH

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.services.realtime.clients import RealtimeClient


class Realtime:
    """What `app.realtime` is: send events, find clients, ask who listens."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.bus = bus_for(app.dir.notify)
        self.broker = Broker(self.bus.tag)
        self.broadcaster = Broadcaster(app, self.broker)
        self._deleting: dict[tuple[str, str], list[Parcel]] = {}

    # -- for handlers

    def clients(self) -> list[RealtimeClient]:
        """Return the clients that are connected to this process."""
        return self.broker.clients()

    def send(self, topic: str, data: Any) -> None:
        """Send *data* (text, bytes or a JSON value) to everybody who listens to *topic*."""
        text = _text(data)
        self._send(topic, text)
        if self.bus.has_peers():
            self._publish({"op": "topic", "topic": topic, "data": text.decode()})

    def _send(self, topic: str, data: bytes) -> None:
        for subscription, clients in self.broker.subscribed(topic):
            self.broadcaster.deliver([Parcel(subscription, data, clients)])

    def send_to(
        self, client_id: str, topic: str, data: Any, ip: str | None = None, *, is_last: bool = False
    ) -> bool:
        """Send *data* to one client, whichever process it is connected to.

        Return False when there is no such client, when it does not listen to *topic*, or when it
        comes from another address than *ip*. After the *is_last* it no longer listens to *topic*.
        """
        text = _text(data)
        client = self.broker.get(client_id)
        if client is not None:
            return self._send_one(client, topic, text, ip, is_last=is_last)
        question = {"op": "one", "client": client_id, "topic": topic, "ip": ip, "last": is_last}
        return self.ask_owner(client_id, {**question, "data": text.decode()}) is True

    def _send_one(
        self, client: RealtimeClient, topic: str, data: bytes, ip: str | None, *, is_last: bool
    ) -> bool:
        if not client.has_topic(topic) or (ip is not None and client.ip != ip):
            return False
        if is_last and not self.broker.unsubscribe(client, topic):
            return False
        send_through_hook(self._app, client, topic, data)
        return True

    def wants(self, collection: Collection) -> bool:
        """Tell whether anybody connected here listens to records of a collection."""
        return self.broadcaster.wants(collection)

    def has_to_ask(self, collection: Collection) -> bool:
        """Tell whether it takes questions to the database to say who may hear of a record, and what."""
        return self.broadcaster.has_to_ask(collection)

    # -- other processes

    def start(self) -> None:
        """Take messages of other processes; called when the first client connects."""
        self.bus.listen(self._heard)

    def close(self) -> None:
        """Drop all clients and stop listening to other processes."""
        for client in self.broker.clients():
            client.drop()
        self.bus.close()

    def _publish(self, message: dict[str, Any]) -> None:
        self.bus.publish(orjson.dumps(message, option=orjson.OPT_NON_STR_KEYS))

    def ask_owner(self, client_id: str, message: dict[str, Any]) -> Any:
        """Return what the process answers that *client_id* is connected to; None without an answer."""
        tag = client_id[:TAG_LENGTH]
        if tag == self.bus.tag:
            return None
        answer = self.bus.ask(tag, orjson.dumps(message))
        return orjson.loads(answer) if answer else None

    def _heard(self, data: bytes) -> bytes | None:
        message: dict[str, Any] = orjson.loads(data)
        answer = _HEARD[message["op"]](self, message)
        return None if answer is None else orjson.dumps(answer)

    def _hear_topic(self, message: dict[str, Any]) -> None:
        self._send(message["topic"], message["data"].encode())

    def _hear_one(self, message: dict[str, Any]) -> bool:
        client = self.broker.get(message["client"])
        data = message["data"].encode()
        return client is not None and self._send_one(
            client, message["topic"], data, message["ip"], is_last=message["last"]
        )

    def _hear_subscribe(self, message: dict[str, Any]) -> list[Any]:
        from pocketbase_server.services.realtime.subscribing import subscribe_from_afar

        return subscribe_from_afar(self._app, message)

    def _hear_collection(self, message: dict[str, Any]) -> None:
        self.broker.forget_collection(message["id"])

    def _hear_record(self, message: dict[str, Any]) -> None:
        collection = self._app.collections.get(message["collection"])
        if collection is None:
            return
        values = message["values"]
        record = Record.from_row(collection, tuple(values.get(n) for n in shape(collection).names))
        action = message["action"]
        self._renew_clients(action, record)
        parcels = self.broadcaster.parcels(action, record, is_stored=False)
        self.broadcaster.deliver(parcels)

    # -- what happens to records

    def changed(self, record: Record, action: str) -> None:
        """Tell everybody about a record that was created or updated, once that is committed."""
        self._tell_others(action, record)
        if not len(self.broker):
            return
        self._renew_clients(action, record)
        self.broadcaster.deliver(self.broadcaster.parcels(action, record))

    def deleting(self, record: Record) -> None:
        """Judge who may see that a record goes, while it is still there."""
        parcels = self.broadcaster.parcels("delete", record)
        if parcels:
            self._deleting[_key(record)] = parcels

    def deleted(self, record: Record) -> None:
        """Tell everybody about a record that was deleted, once that is committed."""
        self._tell_others("delete", record)
        if not len(self.broker):
            return
        self._renew_clients("delete", record)
        self.broadcaster.deliver(self._deleting.pop(_key(record), ()))

    def kept(self, record: Record) -> None:
        """Forget that a record was about to be deleted."""
        self._deleting.pop(_key(record), None)

    def _renew_clients(self, action: str, record: Record) -> None:
        if not record.collection.is_auth:
            return
        if action == "update":
            self.broker.renew_auth(record.fresh())
        elif action == "delete":
            self.broker.forget_auth(record)

    def _tell_others(self, action: str, record: Record) -> None:
        if self.bus.has_peers():
            collection, values = record.collection.id, record.db_export()
            message = {"op": "record", "action": action, "collection": collection, "values": values}
            self._publish(message)

    def forget_collection(self, collection_id: str) -> None:
        """Make guests of all clients that signed in as a record of a collection."""
        self.broker.forget_collection(collection_id)
        if self.bus.has_peers():
            self._publish({"op": "collection", "id": collection_id})


_HEARD: Final = {
    "topic": Realtime._hear_topic,
    "one": Realtime._hear_one,
    "subscribe": Realtime._hear_subscribe,
    "collection": Realtime._hear_collection,
    "record": Realtime._hear_record,
}


def _key(record: Record) -> tuple[str, str]:
    return record.collection.id, record.id


def _text(data: Any) -> bytes:
    if isinstance(data, bytes):
        return data
    return data.encode() if isinstance(data, str) else orjson.dumps(data)
