"""
Realtime under load: many subscribers on one topic, and how long until the last one has an event.

Events come alone, or many at once: those of a batch, and those of writers that do not wait for each
other. Every subscriber has to get all of them, once.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import resource
import secrets
import selectors
import socket
import sqlite3
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import servers
from scripts.http_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.bench.report import Report
    from scripts.servers import Server

SUBSCRIBERS = 1000
_MESSAGE = b"x" * 250
RECORDS = "/api/collections/events/records"
GREETING = re.compile(rb'"clientId":"(\w{40})"')
RULES = {"guests": "", "each signed in": "@request.auth.id != '' && @request.auth.name != 'zz'"}


@dataclass(slots=True)
class Heard:
    """What one server did for its subscribers."""

    last_ms: float
    cpu_ms: float
    own_ms: float
    """The part of it that is spent in the program, not in the system's sending."""


@dataclass(slots=True, frozen=True)
class Load:
    """How events come: how many at a time, how often, and who writes what makes them."""

    name: str
    count: int
    rounds: int
    write: Callable[[int, str, int], None]
    """Is given the port, the title of the records and how many there are to be."""


def measure(theirs: Any, ours: Any, report: Report, wanted: re.Pattern[str]) -> None:
    """Measure both servers, one after the other, for guests and for signed-in subscribers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for kind, rule in RULES.items():
        name = f"{SUBSCRIBERS} SSE, {kind}"
        loads = [load for load in LOADS if wanted.search(name + load.name)]
        if not loads:
            continue
        (memory, one), (memory_2, other) = (
            _measure(side.server, rule, loads) for side in (theirs, ours)
        )
        if not rule:  # NOTE: later ones find memory that is kept from before
            report.fact(f"{name}: memory", memory, memory_2, "kB each")
        for load, his, mine in zip(loads, one, other, strict=True):
            report.fact(f"{name}{load.name}: last", his.last_ms, mine.last_ms, "ms")
            report.fact(f"{name}{load.name}: CPU", his.cpu_ms, mine.cpu_ms, "ms/event")
            report.fact(f"{name}{load.name}: own CPU", his.own_ms, mine.own_ms, "ms/event")
        floor = _bare_sends()
        report.fact(f"{SUBSCRIBERS} bare sends: CPU", floor, floor, "ms/event")


def _measure(server: Server, rule: str, loads: list[Load]) -> tuple[float, list[Heard]]:
    """Return the kilobytes that a subscriber takes, and what each load was like."""
    root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
    root.delete("/api/collections/events")
    fields = [{"name": "title", "type": "text"}]
    body = {"name": "events", "type": "base", "fields": fields, "createRule": "", "listRule": rule}
    root.must("POST", "/api/collections", body)
    tokens = _tokens(server) if rule else [""] * SUBSCRIBERS
    before = server.memory_mb()
    sockets = [_connect(server.port) for _ in range(SUBSCRIBERS)]
    for sock, token in zip(sockets, tokens, strict=True):
        _subscribe(server.port, _client_id(sock), token)
    kilobytes = (server.memory_mb() - before) * 1024 / SUBSCRIBERS
    heard = [_under(server, sockets, load) for load in loads]
    for sock in sockets:
        sock.close()
    return kilobytes, heard


def _under(server: Server, sockets: list[socket.socket], load: Load) -> Heard:
    _round(server.port, sockets, LOADS[0], "first!")
    spent, own = server.cpu_seconds(), _own_seconds(server)
    taken = [_round(server.port, sockets, load, f"event{n}!") for n in range(load.rounds)]
    spent, own = server.cpu_seconds() - spent, _own_seconds(server) - own
    each = 1000 / load.rounds / load.count
    return Heard(statistics.median(taken) * 1000, spent * each, own * each)


def _own_seconds(server: Server) -> float:
    """Return the time that the server's processes have spent outside of the system."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in server.pids()]
    return sum(int(stat.split()[11]) for stat in stats) / servers.TICKS


def _bare_sends() -> float:
    """Return the milliseconds that it takes to send as much to as many, and to do nothing else."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        pairs = []
        for _ in range(SUBSCRIBERS):
            pairs.append((socket.create_connection(listening.getsockname()), listening.accept()[0]))
    taken = []
    for _ in range(30):
        begin = time.process_time()
        for _, sock in pairs:
            sock.send(_MESSAGE)
        taken.append(time.process_time() - begin)
    for pair in pairs:
        for sock in pair:
            sock.close()
    return statistics.median(taken) * 1000


def _connect(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(b"GET /api/realtime HTTP/1.1\r\nHost: x\r\n\r\n")
    return sock


def _client_id(sock: socket.socket) -> str:
    text = b""
    while (found := GREETING.search(text)) is None or not text.endswith(b"\n\n\r\n"):
        text += sock.recv(65536)
    return found[1].decode()


def _subscribe(port: int, client_id: str, token: str) -> None:
    client = Client(port, token)
    client.must("POST", "/api/realtime", {"clientId": client_id, "subscriptions": ["events/*"]})
    client.close()


def _round(port: int, sockets: list[socket.socket], load: Load, title: str) -> float:
    """Create records; return the seconds until every subscriber has heard of all of them."""
    mark = title.encode()
    left = dict.fromkeys(sockets, load.count)
    rest = dict.fromkeys(sockets, b"")
    begin = time.perf_counter()
    writer = threading.Thread(target=load.write, args=(port, title, load.count))
    writer.start()
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        while selector.get_map() and time.perf_counter() - begin < 60:
            for key, _ in selector.select(1):
                sock: Any = key.fileobj
                text = rest[sock] + sock.recv(1 << 20)
                left[sock] -= text.count(mark)
                rest[sock] = text[text.rfind(mark) + 1 :][-len(mark) :]
                if left[sock] <= 0:
                    selector.unregister(sock)
        taken = time.perf_counter() - begin
    writer.join()
    return taken if not any(left.values()) else float("nan")


def _write_one(port: int, title: str, count: int) -> None:
    client = Client(port)
    for _ in range(count):
        client.must("POST", RECORDS, {"title": title})
    client.close()


def _write_batch(port: int, title: str, count: int) -> None:
    """Create all in one request."""
    client = Client(port)
    item = {"method": "POST", "url": RECORDS, "body": {"title": title}}
    client.must("POST", "/api/batch", {"requests": [item] * count})
    client.close()


def _write_at_once(port: int, title: str, count: int) -> None:
    """Create each on a connection of its own; nobody waits for another."""
    body = json.dumps({"title": title}).encode()
    head = f"POST {RECORDS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writers = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for sock in writers:
        sock.sendall(head.encode() + body)
    for sock in writers:
        while sock.recv(65536):
            pass
        sock.close()


LOADS = (
    Load("", 1, 30, _write_one),
    Load(", batch of 50", 50, 3, _write_batch),
    Load(", 64 at once", 64, 3, _write_at_once),
)


def _tokens(server: Server) -> list[str]:
    """Write users past the server, and return a token of each."""
    with sqlite3.connect(server.data / "data.db") as db:
        row = db.execute("SELECT options FROM _collections WHERE name = 'users'").fetchone()
        secret = json.loads(row[0])["authToken"]["secret"]
        return [_user(db, number, secret) for number in range(SUBSCRIBERS)]


def _user(db: sqlite3.Connection, number: int, secret: str) -> str:
    key, user = secrets.token_hex(25), f"sse{number:012d}"
    values = (user, f"{user}@example.com", key, "x")
    db.execute("DELETE FROM users WHERE id = ?", (user,))
    db.execute("INSERT INTO users (id, email, tokenKey, password) VALUES (?, ?, ?, ?)", values)
    claims = {"id": user, "type": "auth", "collectionId": "_pb_users_auth_", "refreshable": True}
    parts = ({"alg": "HS256", "typ": "JWT"}, {**claims, "exp": int(time.time()) + 3600})
    text = ".".join(_encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_encoded(hmac.digest((key + secret).encode(), text.encode(), 'sha256'))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
