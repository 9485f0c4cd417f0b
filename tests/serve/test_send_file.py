"""
Large files: whole, in parts, to slow readers and to those who go; the connection serves on.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import shutil
import socket
import ssl
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pocketbase_server.serve import send_file
from pocketbase_server.web.content import FileBody

from scripts import servers
from scripts.servers import LIMIT
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.http_client import Client
    from tests.scenario import Side

FILES = {
    "name": "downloads",
    "type": "base",
    "viewRule": "",
    "fields": [{"name": "file", "type": "file", "maxSize": 20 << 20}],
}
SIZE, SLOW = 10 << 20, 64
CONTENT = os.urandom(1 << 20) * 10
LINUX = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")


@dataclass
class Place:
    """A server with a large file."""

    side: Side
    path: str
    stored: Path
    idle: int = 0
    """Sockets that it has two handles of in any case."""

    @property
    def port(self) -> int:
        return self.side.server.port

    def open(self, *, receive: int = 0, headers: str = "", method: str = "GET") -> socket.socket:
        """Ask for the file and read nothing yet."""
        sock = socket.socket()
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.settimeout(LIMIT)
        sock.connect(("127.0.0.1", self.port))
        sock.sendall(f"{method} {self.path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        return sock

    def worker(self) -> Path:
        return Path(f"/proc/{self.side.server.pids()[-1]}")

    def handles(self) -> list[str]:
        """Return what the worker has open."""
        links = []
        for handle in (self.worker() / "fd").iterdir():
            with contextlib.suppress(OSError):
                links.append(str(handle.readlink()))
        return links

    def doubles(self) -> int:
        """Return how many sockets the worker has two handles of: those it sends files through."""
        counts = Counter(self.handles()).items()
        shared = [link for link, count in counts if count > 1 and link[:7] == "socket:"]
        return len(shared) - self.idle


def _stored(side: Side) -> Place:
    root = side.client("superuser")
    root.must("POST", "/api/collections", FILES)
    place = _put(side, root)
    if Path("/proc/self/fd").exists():
        place.idle = place.doubles()
    return place


def _put(side: Side, root: Client) -> Place:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="l.bin"\r\n\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    path = "/api/collections/downloads/records"
    record = root.ask("POST", path, head + CONTENT + b"\r\n--b--\r\n", form).json()
    kept = side.server.data / "storage" / record["collectionId"] / record["id"] / record["file"]
    return Place(side, f"/api/files/downloads/{record['id']}/{record['file']}", kept)


@pytest.fixture(scope="module")
def place(launch, ours_command) -> Place:
    return _stored(launch(ours_command))


@pytest.fixture
def line(place: Place) -> Iterator[http.client.HTTPConnection]:
    """Return one connection, which is never made anew."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=LIMIT)
    connection.connect()
    connection.auto_open = 0
    yield connection
    connection.close()


def _get(
    line: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    line.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    answer = line.getresponse()
    return answer, answer.read()


def _read(sock: socket.socket) -> bytes:
    """Return everything up to the end of the connection."""
    pieces = []
    try:
        while piece := sock.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def _answer(sock: socket.socket) -> tuple[http.client.HTTPResponse, bytes]:
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    return answer, answer.read()


def test_files_arrive_whole_one_after_the_other(place: Place, line) -> None:
    """
    The same connection brings file after file, and other answers between them.
    """
    for _ in range(5):
        answer, data = _get(line, place.path)
        assert (answer.status, answer.headers["content-length"]) == (200, str(SIZE))
        assert answer.headers["connection"] is None
        assert hashlib.md5(data).digest() == hashlib.md5(CONTENT).digest()
        assert _get(line, "/api/health")[0].status == 200


@LINUX
def test_what_is_only_on_the_disk(place: Place, line) -> None:
    """
    A file that the system does not have in memory arrives too.
    """
    for _ in range(3):
        with place.stored.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert _get(line, place.path)[1] == CONTENT


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=1000-3000000", 1000, 3_000_001),
        ("bytes=-1500000", SIZE - 1_500_000, SIZE),
        ("bytes=5-1048580", 5, 1_048_581),
        ("bytes=100-199", 100, 200),
    ],
)
def test_parts_of_files(place: Place, line, asked: str, start: int, end: int) -> None:
    """
    Of a file that is asked for in part that part arrives, and the next request is answered.
    """
    answer, data = _get(line, place.path, Range=asked)

    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert data == CONTENT[start:end]
    assert _get(line, "/api/health")[0].status == 200


def test_several_parts_and_none(place: Place, line) -> None:
    """
    Several parts at once, heads alone and what the client has already: all on one connection.
    """
    answer, data = _get(line, place.path, Range="bytes=0-1999999,4000000-5999999")
    assert answer.status == 206
    assert CONTENT[:2_000_000] in data
    assert CONTENT[4_000_000:6_000_000] in data
    answer, data = _get(line, place.path, "HEAD")
    assert (answer.status, answer.headers["content-length"], data) == (200, str(SIZE), b"")
    known = answer.headers["last-modified"]
    assert _get(line, place.path, If_Modified_Since=known)[0].status == 304
    assert _get(line, place.path)[1] == CONTENT


def test_a_connection_that_the_client_wants_closed(place: Place) -> None:
    """
    The file arrives whole, then the connection ends.
    """
    with place.open(headers="Connection: close\r\n") as sock:
        head, _, data = _read(sock).partition(b"\r\n\r\n")

    assert b"connection: close" in head.lower()
    assert data == CONTENT


def test_who_does_not_wait_for_answers(place: Place) -> None:
    """
    Requests that are sent at once are answered in their order, and nothing gets between a file's bytes.
    """
    with place.open() as sock:
        for path in ("/api/health", place.path, "/api/health", place.path):
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        bodies = []
        with sock.makefile("rb") as lines:
            for _ in range(5):
                length = 0
                while (head := lines.readline()) not in {b"\r\n", b""}:
                    name, _, value = head.lower().partition(b": ")
                    length = int(value) if name == b"content-length" else length
                bodies.append(lines.read(length))

    assert all(b"API is healthy" in body for body in bodies[1::2])
    assert all(body == CONTENT for body in bodies[::2])


@LINUX
def test_slow_readers_cost_nothing(place: Place, line) -> None:
    """
    Many who do not read keep no thread and no memory, and nobody waits for them; then all arrives.
    """
    assert _get(line, place.path)[1] == CONTENT
    threads = len(list((place.worker() / "task").iterdir()))
    before = place.side.server.memory_mb()
    slow = [place.open(receive=4096) for _ in range(SLOW)]
    eventually(lambda: place.doubles() == SLOW, place.doubles)

    assert _get(line, place.path)[1] == CONTENT
    assert len(list((place.worker() / "task").iterdir())) <= threads + 1
    assert place.side.server.memory_mb() - before < 20
    for sock in slow[:4]:
        assert _answer(sock)[1] == CONTENT
    for sock in slow:
        sock.close()
    eventually(lambda: place.doubles() == 0, "handles of those who went are still open")


@LINUX
def test_clients_that_go(place: Place, line) -> None:
    """
    Who goes in the middle, politely or not, leaves nothing behind.
    """
    for number in range(20):
        sock = place.open(receive=4096)
        sock.recv(10 + number * 1000)
        if number % 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.close()
    eventually(lambda: place.doubles() == 0, "handles of those who went are still open")

    assert str(place.stored) not in place.handles()
    assert _get(line, place.path)[1] == CONTENT


@LINUX
def test_files_that_go_or_shrink_while_they_are_sent(place: Place) -> None:
    """
    A removed file still arrives; one that is cut ends the connection, so that nobody takes it for whole.
    """
    root = place.side.client("superuser")
    removed, cut = _put(place.side, root), _put(place.side, root)
    readers = [some.open(receive=4096) for some in (removed, cut)]
    eventually(lambda: place.doubles() == 2)
    removed.stored.unlink()
    os.truncate(cut.stored, SIZE // 2)

    assert _answer(readers[0])[1] == CONTENT
    rest = _read(readers[1]).partition(b"\r\n\r\n")[2]
    assert len(rest) < SIZE
    assert CONTENT.startswith(rest)
    for sock in readers:
        sock.close()
    missing = removed.open()
    assert _answer(missing)[0].status == 404
    missing.close()


@LINUX
def test_a_stop_lets_files_end(launch, ours_command) -> None:
    """
    Who is being sent a file when the server is told to stop gets all of it; who does not read holds nobody up.
    """
    place = _stored(launch(ours_command))
    reader, deaf = place.open(receive=4096), place.open(receive=4096)
    eventually(lambda: place.doubles() == 2)
    place.side.server.process.terminate()  # type: ignore[union-attr]
    answer, data = _answer(reader)

    assert (answer.status, data) == (200, CONTENT)
    assert place.side.server.process.wait(LIMIT) == 0  # type: ignore[union-attr]
    assert len(_read(deaf)) < SIZE
    reader.close()
    deaf.close()


def test_over_tls(launch, ours_command) -> None:
    """
    What is encrypted goes by another way, and arrives as well.
    """
    secure = servers.free_port()
    place = _stored(launch(ours_command))
    place.side.server.stop()
    launch(ours_command, place.side.server.data, args=(f"--https=127.0.0.1:{secure}",))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def data() -> bytes:
        line = http.client.HTTPSConnection("127.0.0.1", secure, timeout=LIMIT, context=context)
        try:
            return _get(line, place.path)[1]
        finally:
            line.close()

    assert eventually(data) == CONTENT
    if shutil.which("curl"):
        url = f"https://127.0.0.1:{secure}{place.path}"
        done = subprocess.run(["curl", "-ks", url], capture_output=True, timeout=LIMIT, check=True)
        assert done.stdout == CONTENT


@pytest.mark.parametrize(
    "change",
    [
        {"scheme": "https"},
        {"http_version": "2"},
        {"http_version": "1.0"},
        {"headers": {"connection": "Close"}},
        {"headers": {"content-length": "3"}},
        {"client": "192.0.2.1:9"},
    ],
)
def test_what_granian_has_to_send(tmp_path: Path, change: dict[str, Any]) -> None:
    """
    Where we cannot write to the connection, or granian would end it too early, it is left to granian.
    """
    assert _would_send(tmp_path, **change) is None


def test_other_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where the system cannot tell us enough, granian sends.
    """
    monkeypatch.setattr(send_file.sys, "platform", "win32")

    assert _would_send(tmp_path) is None


def _would_send(where: Path, **change: Any) -> Any:
    path = where / "large"
    path.write_bytes(bytes(send_file.LARGE))
    scope = {"scheme": "http", "http_version": "1.1", "client": "192.0.2.1:9", "headers": {}}
    answer = SimpleNamespace(status=200, headers=[("content-length", str(send_file.LARGE))])
    sender = send_file.FileSender()
    sender.start(None)  # type: ignore[arg-type]
    body = FileBody(str(path), 0, send_file.LARGE, is_whole=True)
    return sender.send(SimpleNamespace(**(scope | change)), None, answer, body)
