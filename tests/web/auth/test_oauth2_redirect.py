"""
The page that providers send people back to, on a running server with two workers.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from queue import Empty, Queue

import pytest

from scripts.http_client import Client
from scripts.servers import LIMIT
from tests.waiting import until_known_everywhere

SUCCESS, FAILURE = (f"../_/#/auth/oauth2-redirect-{end}" for end in ("success", "failure"))


@pytest.fixture(scope="module")
def side(launch, ours_command):
    """Return our server with two workers."""
    side = launch(ours_command)
    side.server.stop()
    side.server.args = ("--workers=2",)
    side.server.start()
    return side


class Listener:
    """A realtime client that waits for codes."""

    def __init__(self, port: int, *topics: str) -> None:
        self.events: Queue = Queue()
        self._connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT)
        self._connection.request("GET", "/api/realtime")
        self._response = self._connection.getresponse()
        threading.Thread(target=self._read, daemon=True).start()
        self.id = self.next()["clientId"]
        self.subscribe(port, *topics)

    def subscribe(self, port: int, *topics: str) -> None:
        body = {"clientId": self.id, "subscriptions": list(topics)}
        Client(port).must("POST", "/api/realtime", body)

    def _read(self) -> None:
        for line in self._response:
            if line.startswith(b"data:"):
                self.events.put(json.loads(line[5:]))

    def next(self, patience: float = LIMIT):
        return self.events.get(timeout=patience)

    def is_quiet(self) -> bool:
        try:
            self.next(0.3)
        except Empty:
            return True
        return False


def back(port: int, query: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    answer = Client(port, headers=headers).ask(method, f"/api/oauth2-redirect?{query}")
    return answer.status, answer.headers["location"]


def test_a_code_is_handed_over_once(side):
    port = side.server.port
    waiting, other = Listener(port, "@oauth2", "posts/*"), Listener(port, "@oauth2")
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda n: back(port, f"state={waiting.id}&code=c{n}"), range(20)))

    assert sorted(found) == [*[(307, FAILURE)] * 19, (307, SUCCESS)]
    winner = found.index((307, SUCCESS))
    assert waiting.next() == {"state": waiting.id, "code": f"c{winner}"}
    assert waiting.is_quiet() and other.is_quiet()


@pytest.mark.parametrize(
    ("query", "message"),
    [("error=denied&code=", {"code": "", "error": "denied"}), ("", {"code": ""}),
     ("code=c&error=odd", {"code": "c", "error": "odd"})],
)  # fmt: skip
def test_refusals_are_told(side, query, message):
    waiting = Listener(side.server.port, "@oauth2")

    assert back(side.server.port, f"state={waiting.id}&{query}") == (307, FAILURE)
    assert waiting.next() == {"state": waiting.id, **message}


def test_only_who_waits_and_from_the_same_address(side):
    port = side.server.port
    deaf = Listener(port, "posts/*")
    root = side.client("superuser")
    root.must("PATCH", "/api/settings", {"trustedProxy": {"headers": ["X-Real"]}})
    try:
        waiting = Listener(port, "@oauth2")
        until_known_everywhere(
            side, "trustedProxy", {"headers": ["X-Real"], "useLeftmostIP": False}
        )
        found = [
            back(port, f"state={deaf.id}&code=c"),
            back(port, f"state={waiting.id[:-1]}&code=c"),
            back(port, f"state={waiting.id}&code=c", **{"X-Real": "9.9.9.9"}),
        ]
        assert found == [(307, FAILURE)] * 3
        assert waiting.is_quiet() and deaf.is_quiet()
        assert back(port, f"state={waiting.id}&code=c") == (307, SUCCESS)
    finally:
        root.must("PATCH", "/api/settings", {"trustedProxy": {"headers": []}})
