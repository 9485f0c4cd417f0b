"""
What every bus between processes keeps: news reach all others, questions one.
"""

from __future__ import annotations

import threading

import pytest
from pocketbase_server.storage.bus import BUSES, MemoryBus, NotifyDirBus, bus_for

from scripts.servers import LIMIT
from tests.waiting import eventually

SIZES = [0, 10, 40_000, 300_000]


@pytest.fixture
def make(tmp_path):
    made = []

    def bus(handler):
        one = NotifyDirBus(tmp_path / "bus")
        made.append(one)
        one.listen(handler)
        return one

    yield bus
    for one in made:
        one.close()
        one.close()


class Inbox:
    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.arrived = threading.Event()

    def __call__(self, message: bytes) -> bytes:
        self.messages.append(message)
        self.arrived.set()
        return b"re:" + message[:5]


def test_the_table_names_every_bus():
    """Each is found by its name."""
    assert {"memory": MemoryBus, "notify_dir": NotifyDirBus} == BUSES


def test_alone_there_is_nobody():
    """A bus without others neither waits nor fails."""
    bus = MemoryBus()
    bus.listen(lambda _: None)
    bus.publish(b"x")

    assert not bus.has_peers()
    assert bus.ask("x", b"y") is None


@pytest.mark.parametrize("size", SIZES)
def test_news_reach_all_others(make, size):
    """Messages of any size arrive whole, and not at the sender."""
    boxes = [Inbox() for _ in range(3)]
    buses = [make(box) for box in boxes]
    buses[0].publish(b"x" * size)

    assert all(box.arrived.wait(LIMIT) for box in boxes[1:])
    assert [box.messages for box in boxes] == [[], [b"x" * size], [b"x" * size]]


@pytest.mark.parametrize("size", SIZES)
def test_questions_are_answered(make, size):
    """The one who is asked answers."""
    one, other = make(Inbox()), make(Inbox())

    assert one.ask(other.tag, b"y" * size) == b"re:" + b"y" * min(size, 5)
    assert one.ask("nobody", b"y") is None


def test_who_left_is_no_peer(make):
    """A bus that closed, or whose process died, is not waited for."""
    one, other = make(Inbox()), make(Inbox())
    assert one.has_peers()
    other.close()
    gone = one._path("dead01")
    gone.touch()

    def is_alone() -> bool:
        one.publish(b"x")
        return not gone.exists() and not one.has_peers()

    eventually(is_alone)


def test_a_handler_that_fails_does_not_end_the_bus(make):
    """The next message arrives all the same."""
    box = Inbox()

    def handler(message):
        if message == b"bad":
            raise ValueError(message)
        return box(message)

    one, other = make(Inbox()), make(handler)
    one.publish(b"bad")
    one.publish(b"good")

    assert box.arrived.wait(LIMIT)
    assert one.ask(other.tag, b"bad") == b""


def test_long_paths_have_a_place(tmp_path):
    """A data directory with a long name gets its sockets elsewhere."""
    box = Inbox()
    one, other = (bus_for(tmp_path / ("long" * 30)) for _ in range(2))
    one.listen(lambda _: None)
    other.listen(box)
    one.publish(b"x")

    assert box.arrived.wait(LIMIT)
    one.close()
    other.close()


def test_who_asked_before_it_listened_still_listens(make, tmp_path):
    """Asking needs a socket for the answer; a handler that comes later is the one that is used."""
    inbox = Inbox()
    other = make(Inbox())
    early = NotifyDirBus(tmp_path / "bus")
    try:
        assert early.ask(other.tag, b"hello") == b"re:hello"
        early.listen(inbox)
        assert other.ask(early.tag, b"back") == b"re:back"
    finally:
        early.close()


def test_who_has_just_come_can_be_asked(make):
    """A look at the folder a moment ago does not hide a process that has come since."""
    for _ in range(20):
        one = make(Inbox())
        one.has_peers()
        other = make(Inbox())
        assert one.ask(other.tag, b"hello") == b"re:hello"
