"""
Connections that stay open: every event once and in order, and no memory for who does not read.
"""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts import servers
from scripts.servers import LIMIT
from tests.sse import Listener
from tests.waiting import eventually

NEWS = {
    "name": "news",
    "type": "base",
    "listRule": "",
    "createRule": "",
    "fields": [{"name": "title", "type": "text", "max": 100_000}],
}
R = "/api/collections/news/records"
BIG = "x" * 20_000
DEAF, EVENTS = 200, 60


@dataclass
class Place:
    """A server, and how to speak with it."""

    server: servers.Server
    port: int
    tls: ssl.SSLContext | None = None

    def ask(self, path: str, body: Any, token: str = "", method: str = "POST") -> Any:
        connection = self._connection()
        headers = {"Content-Type": "application/json", "Authorization": token}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 300, text
        return json.loads(text) if text else None

    def _connection(self) -> http.client.HTTPConnection:
        where = "127.0.0.1", self.port
        if self.tls is None:
            return http.client.HTTPConnection(*where, timeout=LIMIT)
        return http.client.HTTPSConnection(*where, timeout=LIMIT, context=self.tls)

    def listener(self, *, receive: int = 0, topic: str = "news/*") -> Listener:
        ear = Listener(self.port, receive=receive, tls=self.tls)
        self.ask("/api/realtime", {"clientId": ear.id, "subscriptions": [topic]})
        return ear

    def tell(self, title: str) -> None:
        self.ask(R, {"title": title})

    def handles(self) -> int:
        pid = self.server.pids()[-1]
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _titles(ear: Listener, count: int) -> list[str]:
    return [ear.must_hear()["data"]["record"]["title"] for _ in range(count)]


@pytest.fixture(scope="module", params=["http", "https"])
def place(request, launch, ours_command) -> Place:
    if request.param == "http":
        side = launch(ours_command)
        found = Place(side.server, side.server.port)
    else:
        secure = servers.free_port()
        side = launch(ours_command, args=(f"--https=127.0.0.1:{secure}",))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        found = Place(side.server, secure, context)
        eventually(lambda: Listener(secure, tls=context).close() is None)
    token = side.tokens["superuser"]
    found.ask("/api/collections", NEWS, token)
    found.ask("/api/settings", {"batch": {"enabled": True}}, token, "PATCH")
    return found


def test_everybody_hears_everything_in_order(place: Place) -> None:
    """
    What is written one after the other is heard so, by readers that are quick and by slow ones.
    """
    ears = [place.listener(receive=4096 * (n % 2)) for n in range(40)]
    wanted = [f"{n} {BIG if n % 3 else ''}" for n in range(12)]
    for title in wanted:
        place.tell(title)
    heard = [_titles(ear, len(wanted)) for ear in ears]

    assert heard == [wanted] * len(ears)
    for ear in ears:
        ear.close()


def test_nobody_hears_anything_twice(place: Place) -> None:
    """
    Many events at once reach many at once: each of them has every event, and has it once.
    """
    ears = [place.listener() for _ in range(20)]
    wanted = [f"n{n}" for n in range(60)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(place.tell, wanted))
    heard = [sorted(_titles(ear, len(wanted))) for ear in ears]

    assert heard == [sorted(wanted)] * len(ears)
    place.tell("last")
    assert [_titles(ear, 1) for ear in ears] == [["last"]] * len(ears)
    for ear in ears:
        ear.close()


def test_a_batch_is_heard_in_its_order(place: Place) -> None:
    """
    Events of a batch leave in few pieces; each is heard once, before what is written next.
    """
    ears = [place.listener(receive=4096 * (n % 2)) for n in range(20)]
    wanted = []
    for batch in range(3):
        titles = [f"{batch} {n} {BIG if n % 7 == batch else ''}" for n in range(50)]
        items = [{"method": "POST", "url": R, "body": {"title": title}} for title in titles]
        place.ask("/api/batch", {"requests": items})
        place.tell(f"after {batch}")
        wanted += [*titles, f"after {batch}"]
    heard = [_titles(ear, len(wanted)) for ear in ears]

    assert heard == [wanted] * len(ears)
    for ear in ears:
        ear.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
def test_who_does_not_read_costs_nothing_and_is_dropped(place: Place) -> None:
    """
    Events pile up for nobody; a reader among the others has them all, and the connections end.
    """
    deaf = [place.listener(receive=4096) for _ in range(DEAF)]
    good = place.listener()
    before = place.server.memory_mb()
    for n in range(EVENTS):
        place.tell(f"{n} {BIG * 3}")
        assert _titles(good, 1)[0].startswith(f"{n} ")
    growth = place.server.memory_mb() - before

    assert growth < 50, f"{growth} MB for {DEAF} clients and 3 MB of events"
    for ear in deaf:
        while ear.event() is not None:
            pass
    assert all(ear.is_closed for ear in deaf)
    eventually(lambda: place.handles() < DEAF, "their handles are still open")


def test_a_stopped_server_hangs_up(launch, ours_command) -> None:
    """
    Encrypted connections that stay open hold nobody up either.
    """
    secure = servers.free_port()
    side = launch(ours_command, args=(f"--https=127.0.0.1:{secure}",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    ears = [eventually(lambda: Listener(secure, tls=context)) for _ in range(5)]
    process = side.server.process
    process.terminate()

    assert process.wait(LIMIT) == 0
    assert all(ear.event() is None and ear.is_closed for ear in ears)
    assert "without the answers" not in side.server.log


def test_old_clients_get_plain_events(place: Place) -> None:
    """
    HTTP/1.0 has no chunks, neither around the greeting nor around what follows.
    """
    raw = socket.create_connection(("127.0.0.1", place.port), timeout=LIMIT)
    sock = place.tls.wrap_socket(raw) if place.tls is not None else raw
    with sock:
        sock.sendall(b"GET /api/realtime HTTP/1.0\r\nHost: x\r\n\r\n")
        head = _read_until(sock, b'"}\n\n')
        client_id = head.partition(b'"clientId":"')[2][:40].decode()
        place.ask("/api/realtime", {"clientId": client_id, "subscriptions": ["news/*"]})
        place.tell("plain")
        event = _read_until(sock, b"}\n\n")

    assert event.startswith(b"id:" + client_id.encode() + b"\nevent:news/*\ndata:{")


def _read_until(sock: socket.socket, end: bytes) -> bytes:
    text = b""
    while not text.endswith(end):
        piece = sock.recv(65536)
        assert piece, text
        text += piece
    return text


def _speaks_http2() -> bool:
    curl = shutil.which("curl")
    return curl is not None and "HTTP2" in subprocess.check_output([curl, "--version"], text=True)


@pytest.mark.skipif(not _speaks_http2(), reason="no curl with HTTP/2")
def test_bodies_need_no_length_over_http2(place: Place) -> None:
    """
    A body that no header announces is read all the same.
    """
    scheme = "http" if place.tls is None else "https"
    protocol = "--http1.1" if place.tls is None else "--http2"
    url = f"{scheme}://127.0.0.1:{place.port}{R}"
    asked = subprocess.run(
        [
            "curl",
            "-sk",
            protocol,
            "-X",
            "POST",
            "-T",
            "-",
            "-H",
            "Content-Type: application/json",
            url,
        ],
        input=b'{"title":"streamed"}',
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )

    assert json.loads(asked.stdout)["title"] == "streamed"
