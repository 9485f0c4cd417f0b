"""All clients of one process, found by id and by topic."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.ids import random_string
from pocketbase_server.services.realtime.clients import RealtimeClient

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.core.records.model import Record
    from pocketbase_server.services.realtime.topics import Subscription

ID_LENGTH: Final = 40

Clients = dict[str, RealtimeClient]
ByText = dict[str, Clients]


class Broker:
    """Keeps who listens to what; all methods may be called on any thread."""

    def __init__(self, tag: str = "") -> None:
        self.tag = tag
        """How ids of this process's clients begin, so that others know whom to ask."""
        self._clients: Clients = {}
        self._topics: dict[str, ByText] = {}
        self._heads: dict[str, int] = {}
        """How many subscriptions there are to topics that begin so, up to their slash."""
        self._choosy: dict[str, int] = {}
        """As `_heads`, of the subscriptions that have options."""
        self._people: dict[tuple[str, str], Clients] = {}
        self._lock = threading.Lock()

    # -- clients

    def new_client(self, ip: str) -> RealtimeClient:
        """Return a client with an id of its own; it counts once it is added."""
        return RealtimeClient(self.tag + random_string(ID_LENGTH - len(self.tag)), ip)

    def add(self, client: RealtimeClient) -> None:
        """Count a client in."""
        with self._lock:
            self._clients[client.id] = client

    def remove(self, client: RealtimeClient) -> None:
        """Count a client out."""
        with self._lock:
            self._clients.pop(client.id, None)
            self._unlink(client)

    def get(self, client_id: str) -> RealtimeClient | None:
        """Return the client with that id, or None."""
        return self._clients.get(client_id)

    def clients(self) -> list[RealtimeClient]:
        """Return all clients."""
        with self._lock:
            return list(self._clients.values())

    def __len__(self) -> int:
        return len(self._clients)

    # -- subscriptions

    def subscribe(self, client: RealtimeClient, texts: Iterable[str], auth: Record | None) -> None:
        """Replace what a client listens to, and who it is."""
        with self._lock:
            self._unlink(client)
            if client.id not in self._clients:
                return
            client.auth = auth
            client.subscribe(texts)
            if auth is not None:
                self._people.setdefault(_key(auth), {})[client.id] = client
            for text, subscription in client.subscriptions.items():
                by_text = self._topics.setdefault(subscription.topic, {})
                by_text.setdefault(text, {})[client.id] = client
                self._count(subscription, 1)

    def unsubscribe(self, client: RealtimeClient, topic: str) -> bool:
        """Let a client listen to *topic* no longer; False when it did not. Of many at once one gets True."""
        with self._lock:
            if topic not in client.subscriptions:
                return False
            self._unlink_text(client, topic)
            client.subscriptions = {t: s for t, s in client.subscriptions.items() if t != topic}
        return True

    def _unlink_text(self, client: RealtimeClient, text: str) -> None:
        subscription = client.subscriptions[text]
        topic = subscription.topic
        by_text = self._topics[topic]
        self._count(subscription, -1)
        del by_text[text][client.id]
        if not by_text[text]:
            del by_text[text]
        if not by_text:
            del self._topics[topic]

    def _unlink(self, client: RealtimeClient) -> None:
        for text in client.subscriptions:
            self._unlink_text(client, text)
        client.subscriptions = {}
        self._unlink_auth(client)

    def _unlink_auth(self, client: RealtimeClient) -> None:
        if client.auth is None:
            return
        key, client.auth = _key(client.auth), None
        same = self._people.get(key, {})
        same.pop(client.id, None)
        if not same:
            self._people.pop(key, None)

    def _count(self, subscription: Subscription, change: int) -> None:
        head = subscription.topic.partition("/")[0]
        _add(self._heads, head, change)
        if subscription.options:
            _add(self._choosy, head, change)

    def listens(self, *heads: str) -> bool:
        """Tell whether anybody listens to a topic that is, up to its slash, one of *heads*."""
        known = self._heads
        return bool(known) and any(head in known for head in heads)

    def has_options(self, *heads: str) -> bool:
        """As `listens()`, of subscriptions with options only."""
        return any(head in self._choosy for head in heads)

    def subscribed(self, topic: str) -> list[tuple[Subscription, list[RealtimeClient]]]:
        """Return the subscriptions to a topic, each with its clients."""
        with self._lock:
            by_text = self._topics.get(topic)
            if by_text is None:
                return []
            return [
                (next(iter(clients.values())).subscriptions[text], list(clients.values()))
                for text, clients in by_text.items()
            ]

    # -- who they are

    def renew_auth(self, record: Record) -> None:
        """Let clients that signed in as *record* be its newer version, or guests after a rotation."""
        with self._lock:
            for client in list(self._people.get(_key(record), {}).values()):
                known = client.auth
                if known is not None and known.get("tokenKey") == record.get("tokenKey"):
                    client.auth = record
                else:
                    self._unlink_auth(client)

    def forget_auth(self, record: Record) -> None:
        """Make guests of the clients that signed in as *record*."""
        with self._lock:
            for client in list(self._people.get(_key(record), {}).values()):
                self._unlink_auth(client)

    def forget_collection(self, collection_id: str) -> None:
        """Make guests of the clients that signed in as a record of the collection."""
        with self._lock:
            keys = [key for key in self._people if key[0] == collection_id]
            for key in keys:
                for client in list(self._people[key].values()):
                    self._unlink_auth(client)


def _add(counts: dict[str, int], head: str, change: int) -> None:
    count = counts.get(head, 0) + change
    if count:
        counts[head] = count
    else:
        counts.pop(head, None)


def _key(record: Record) -> tuple[str, str]:
    return record.collection.id, record.id
