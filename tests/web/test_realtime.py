"""
Realtime, what only we promise: several workers, slow readers, times, hooks, one judgement for all.
"""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.collections.defaults import add_field
from pocketbase_server.core.config import Config
from pocketbase_server.core.fields import TextField
from pocketbase_server.services.realtime import clients
from pocketbase_server.services.realtime.clients import LONGEST_SECONDS, together
from pocketbase_server.services.realtime.topics import frame, parse_subscription

from scripts.http_client import Client
from scripts.servers import LIMIT
from tests.sse import Listener
from tests.waiting import eventually, settled

POSTS = {
    "name": "spoken",
    "type": "base",
    "listRule": "",
    "viewRule": "",
    "createRule": "",
    "deleteRule": "",
    "fields": [{"name": "title", "type": "text", "max": 100_000}],
}
R = "/api/collections/spoken/records"
BIG = "x" * 20_000


def _subscribe(port: int, ear: Listener, *topics: str) -> int:
    body = {"clientId": ear.id, "subscriptions": list(topics)}
    client = Client(port)
    status = client.post("/api/realtime", body).status
    client.close()
    return status


def _at_two_workers(port: int) -> list[Listener]:
    """Return listeners of which not all are at the same worker."""
    ears: list[Listener] = []

    def are_apart() -> bool:
        ears.extend(Listener(port) for _ in range(8))
        return len({ear.id[:6] for ear in ears}) > 1

    eventually(are_apart, "all clients are at one worker")
    return ears


@pytest.fixture(scope="module")
def server(launch, ours_command):
    side = launch(ours_command)
    side.client("superuser").must("POST", "/api/collections", POSTS)
    return side.server


@pytest.fixture(scope="module")
def workers(launch, ours_command):
    side = launch(ours_command, args=("--workers=3",))
    side.client("superuser").must("POST", "/api/collections", POSTS)
    return side


def test_events_reach_the_clients_of_all_workers(workers):
    """
    Whichever worker answers the write, and whichever the subscription, everybody hears everything.
    """
    port = workers.server.port
    ears = _at_two_workers(port)
    statuses = [_subscribe(port, ear, "spoken/*") for ear in ears]
    guest = Client(port)
    made = guest.post(R, {"title": BIG * 4}).json()
    created = [ear.must_hear()["data"]["action"] for ear in ears]
    guest.delete(f"{R}/{made['id']}")
    deleted = [ear.must_hear()["data"]["record"]["id"] for ear in ears]

    assert statuses == [204] * len(ears)
    assert created == ["create"] * len(ears)
    assert deleted == [made["id"]] * len(ears)


def test_strangers_are_unknown_to_all_workers(workers):
    """
    An id that looks like one of another worker is refused like any other.
    """
    ear = Listener(workers.server.port)
    ear.id = ear.id[:10] + "x" * 30

    assert _subscribe(workers.server.port, ear, "a") == 404


def test_settings_hold_in_every_worker(workers):
    """
    What one worker was told, all do.
    """
    root = workers.client("superuser")
    root.must("PATCH", "/api/settings", {"meta": {"appName": "Everywhere"}})

    def names():
        clients = [Client(workers.server.port, root.token) for _ in range(12)]
        return {client.get("/api/settings").json()["meta"]["appName"] for client in clients}

    assert settled(names, {"Everywhere"}) == {"Everywhere"}


def test_readers_that_do_not_read_are_dropped(server):
    """
    Their events cost no memory to speak of, and do not slow the others down.
    """
    deaf = [Listener(server.port, receive=4096) for _ in range(100)]
    for ear in deaf:
        assert _subscribe(server.port, ear, "spoken/*") == 204
    good = Listener(server.port)
    _subscribe(server.port, good, "spoken/*")
    before = server.memory_mb()
    guest = Client(server.port)
    for _ in range(150):
        guest.must("POST", R, {"title": BIG})
        assert good.event() is not None
    growth = server.memory_mb() - before
    for ear in deaf:
        while ear.event() is not None:
            pass

    assert all(ear.is_closed for ear in deaf)
    assert growth < 40, f"{growth} MB"


def test_a_client_that_goes_is_forgotten(server):
    """
    After it hung up, its id is unknown.
    """
    ear = Listener(server.port)
    ear.close()

    assert settled(lambda: _subscribe(server.port, ear, "a"), 404) == 404


def test_many_open_connections_leave_room_for_requests(server):
    """
    More connections than any backlog stay open, and others are answered.
    """
    ears = [Listener(server.port) for _ in range(1200)]
    client = Client(server.port)

    assert client.get("/api/health").status == 200
    assert all(ear.id for ear in ears)
    for ear in ears:
        ear.close()


def test_old_clients(server):
    """
    HTTP/1.0 has no chunks; the stream ends with the connection.
    """
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.sendall(b"GET /api/realtime HTTP/1.0\r\nHost: x\r\n\r\n")
        sock.settimeout(LIMIT)
        text = b""
        while b"\n\n" not in text.partition(b"\r\n\r\n")[2]:
            text += sock.recv(65536)

    assert b"event:PB_CONNECT" in text
    assert b"transfer-encoding" not in text.lower()


def test_stopping_ends_connections_at_once(launch, ours_command):
    """
    Open streams do not hold the server up.
    """
    side = launch(ours_command)
    ears = [Listener(side.server.port) for _ in range(5)]
    process = side.server.process
    process.terminate()

    assert process.wait(LIMIT) == 0, "it was killed at last"
    assert all(ear.event() is None and ear.is_closed for ear in ears)


# -- inside


@pytest.fixture
def app(tmp_path):
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    posts = made.collections.new("base", "posts")
    posts.list_rule = posts.view_rule = ""
    add_field(posts.fields, TextField(name="title"))
    made.collections.save(posts)
    yield made
    made.terminate()


class Box:
    """Keeps what is posted, for each client; stands for the event loop's side."""

    def __init__(self) -> None:
        self.posted: list[tuple[bytes, list[Any]]] = []
        self.hung_up: list[Any] = []

    def post(self, posts: Any) -> None:
        self.posted += [(event, list(clients)) for event, clients in posts]

    def wake(self, client: Any) -> None:
        pass

    def hang_up(self, client: Any) -> None:
        self.hung_up.append(client)

    def of(self, client: Any) -> list[bytes]:
        return [event for event, clients in self.posted if client in clients]


def _box(app: App) -> Box:
    known = app.realtime.clients()
    return known[0].outbox if known else Box()


def _client(app: App, *topics: str, auth: Any = None) -> Any:
    client = app.realtime.broker.new_client("127.0.0.1")
    client.connect(_box(app))
    app.realtime.broker.add(client)
    app.realtime.broker.subscribe(client, topics, auth)
    return client


def _new(app: App, title: str = "x") -> Any:
    record = app.records.new("posts")
    record.set("title", title)
    app.records.create(record)
    return record


def test_equal_subscribers_share_one_event(app):
    """
    A thousand guests cost one judgement and one text.
    """
    clients = [_client(app, "posts/*") for _ in range(1000)]
    _new(app)
    posted = _box(app).posted

    assert len(posted) == 1
    assert posted[0][1] == clients


def test_what_is_made_together_leaves_together(app, monkeypatch):
    """
    Events of one act are handed over once, in their order; what follows is not held up.
    """
    monkeypatch.setattr(clients, "_LONGEST_KEPT", 1000)
    client = _client(app, "posts/*")
    box = _box(app)
    with together(), together():
        for title in ("a", "b", "c"):
            _new(app, title)
        held = box.of(client)
    titles = [re.findall(rb'"title":"(.)"', event)[0] for event in box.of(client)]
    _new(app, "d")

    assert held == []
    assert titles == [b"a", b"b", b"c"]
    assert len(box.of(client)) == 4


@pytest.mark.parametrize(
    ("topic", "rules", "asks"),
    [
        ("posts/*", {}, False),
        ("posts/*", {"list_rule": None}, False),
        ("posts/*", {"list_rule": "title != ''"}, True),
        ("posts/x", {"view_rule": "title != ''"}, True),
        ('posts/*?options={"query":{"filter":"title=1"}}', {}, True),
        ('posts/*?options={"query":{"expand":"a"}}', {}, True),
        ("other/*", {"list_rule": "title != ''"}, False),
    ],
)
def test_who_hears_is_asked_only_where_it_may_differ(app, topic, rules, asks):
    """
    Where all hear the same, a write need not leave the event loop for those who listen.
    """
    posts = app.collections.find("posts").clone()
    posts.list_rule = posts.view_rule = ""
    for name, rule in rules.items():
        setattr(posts, name, rule)
    client = _client(app, topic)

    assert asks == app.realtime.has_to_ask(posts)
    app.realtime.broker.remove(client)
    assert not app.realtime.has_to_ask(posts)


def test_nobody_listens_nothing_is_done(app, monkeypatch):
    """
    Without subscribers no event is made.
    """
    monkeypatch.setattr(app.realtime.broadcaster, "deliver", pytest.fail)
    _new(app)


def test_rolled_back_is_unheard(app):
    """
    Only what is committed is told.
    """
    client = _client(app, "posts/*")
    with pytest.raises(ZeroDivisionError), app.data.transaction():
        _new(app)
        raise ZeroDivisionError

    assert _box(app).of(client) == []


def test_custom_topics_and_single_clients(app):
    """
    Programs send what they like to whom they like.
    """
    one, other = _client(app, "news", "posts/*"), _client(app, "posts/*")
    app.realtime.send("news", {"a": 1})

    assert _box(app).of(one) == [frame("news", b'{"a":1}')]
    assert _box(app).of(other) == []
    assert app.realtime.send_to(one.id, "news", "hello")
    assert not app.realtime.send_to(one.id, "other", "hello")
    assert not app.realtime.send_to(one.id, "news", "hello", ip="9.9.9.9")
    assert not app.realtime.send_to("nobody", "news", "hello")


def test_handlers_may_change_and_stop_messages(app):
    """
    `realtime_message_send` sees every message before it goes.
    """
    client = _client(app, "posts/*", "secret")

    @app.hooks.realtime_message_send()
    def look(event: Any) -> None:
        if event.message.name != "secret":
            event.message.data = b"changed"
            event.next()

    _new(app)
    app.realtime.send("secret", "x")

    assert _box(app).of(client) == [frame("posts/*", b"changed")]


def test_a_dropped_client_is_hung_up_on(app):
    """
    Programs may send a client away.
    """
    client = _client(app, "news")
    client.drop()

    assert client.is_dropped
    assert _box(app).hung_up == [client]


def test_times(app):
    """
    Idle for five minutes or open for thirty: overdue.
    """
    client = _client(app, "news")
    now = client.began

    assert not client.is_overdue(now + 299)
    assert client.is_overdue(now + 301)
    client.last_sent = now + LONGEST_SECONDS

    assert client.is_overdue(now + LONGEST_SECONDS + 1)


def test_subscriptions_are_forgotten_with_their_client(app):
    """
    Nothing is left of a client that went.
    """
    broker = app.realtime.broker
    user = app.records.new("users")
    user.values["id"] = "someone"
    client = _client(app, "posts/*", "posts/x?options={}", "a", auth=user)
    broker.remove(client)
    broker.remove(client)

    assert len(broker) == 0
    assert (broker._topics, broker._heads, broker._people) == ({}, {}, {})
    assert client.auth is None


def test_line_breaks_cannot_forge_events():
    """
    A name with a line break stays one field; data with one are two lines of data.
    """
    assert frame("a\nid:x", b"1") == b"event:a id:x\ndata:1\n\n"
    assert frame("a", b"1\n2") == b"event:a\ndata:1\ndata:2\n\n"
    assert frame("a", b"1\r2\r\n3") == b"event:a\ndata:12\ndata:3\n\n"


@pytest.mark.parametrize(
    ("text", "topic", "query", "headers"),
    [
        ("posts/*", "posts/*", {}, {}),
        ("posts?x=1", "posts", {}, {}),
        ("a?options=%7Bbad", "a", {}, {}),
        ('a?options={"query":{"fields":5}}', "a", {"fields": "5"}, {}),
        ('a?options={"headers":{"X-Token":"1"}}', "a", {}, {"x_token": "1"}),
        ('a?options="x"', "a", {}, {}),
    ],
)
def test_options_of_a_subscription(text, topic, query, headers):
    """
    Options stand behind the topic, URL-encoded; odd ones count as none.
    """
    found = parse_subscription(text)

    assert (found.text, found.topic) == (text, topic)
    assert (dict(found.query), dict(found.headers)) == (query, headers)
