"""
Realtime under load: many subscribers on one topic, and how long until the last one has an event.
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
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import servers
from scripts.http_client import Client

if TYPE_CHECKING:
    from scripts.bench.report import Report
    from scripts.servers import Server

SUBSCRIBERS = 1000
ROUNDS = 30
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
    kilobytes: float


def measure(theirs: Any, ours: Any, report: Report, wanted: re.Pattern[str]) -> None:
    """Measure both servers, one after the other, for guests and for signed-in subscribers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for kind, rule in RULES.items():
        name = f"{SUBSCRIBERS} SSE, {kind}"
        if not wanted.search(name):
            continue
        one, other = (_measure(side.server, rule) for side in (theirs, ours))
        report.fact(f"{name}: last", one.last_ms, other.last_ms, "ms")
        report.fact(f"{name}: CPU", one.cpu_ms, other.cpu_ms, "ms/event")
        report.fact(f"{name}: own CPU", one.own_ms, other.own_ms, "ms/event")
        floor = _bare_sends()
        report.fact(f"{SUBSCRIBERS} bare sends: CPU", floor, floor, "ms/event")
        if not rule:  # NOTE: later ones find memory that is kept from before
            report.fact(f"{name}: memory", one.kilobytes, other.kilobytes, "kB each")


def _measure(server: Server, rule: str) -> Heard:
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
    spent, own = server.cpu_seconds(), _own_seconds(server)
    taken = [_round(server.port, sockets, f"event{number}!") for number in range(ROUNDS)]
    spent, own = server.cpu_seconds() - spent, _own_seconds(server) - own
    for sock in sockets:
        sock.close()
    each = 1000 / ROUNDS
    return Heard(statistics.median(taken) * 1000, spent * each, own * each, kilobytes)


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
    for _ in range(ROUNDS):
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


def _round(port: int, sockets: list[socket.socket], title: str) -> float:
    """Create a record; return the seconds until every subscriber has heard of it."""
    writer = Client(port)
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ)
        begin = time.perf_counter()
        writer.must("POST", RECORDS, {"title": title})
        left = len(sockets)
        while left and time.perf_counter() - begin < 30:
            for key, _ in selector.select(1):
                if title.encode() in key.fileobj.recv(65536):  # type: ignore[union-attr]
                    left -= 1
                    selector.unregister(key.fileobj)
        taken = time.perf_counter() - begin
    writer.close()
    return taken if not left else float("nan")


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
