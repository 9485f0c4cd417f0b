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
from typing import TYPE_CHECKING, Any

from scripts import servers
from scripts.http_client import Client

if TYPE_CHECKING:
    from scripts.bench.report import Report
    from scripts.servers import Server

SUBSCRIBERS = 1000
ROUNDS = 10
RECORDS = "/api/collections/events/records"
GREETING = re.compile(rb'"clientId":"(\w{40})"')
RULES = {"guests": "", "each signed in": "@request.auth.id != '' && @request.auth.name != 'zz'"}


@dataclass(slots=True)
class Heard:
    """What one server did for its subscribers."""

    last_ms: float
    cpu_ms: float
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
    spent = server.cpu_seconds()
    taken = [_round(server.port, sockets, f"event{number}!") for number in range(ROUNDS)]
    spent = server.cpu_seconds() - spent
    for sock in sockets:
        sock.close()
    return Heard(statistics.median(taken) * 1000, spent * 1000 / ROUNDS, kilobytes)


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
