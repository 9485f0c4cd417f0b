"""
Starting and stopping as an operator sees it: messages, exit codes, and what becomes of requests.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from scripts import servers
from scripts.http_client import Answer, Client
from scripts.servers import LIMIT
from tests.waiting import eventually

PROGRAM = """
import time
from pocketbase_server import PocketBase

pb = PocketBase()

@pb.route("GET", "/slow/{seconds}")
def slow(event):
    print("begun", flush=True)
    time.sleep(float(event.params["seconds"]))
    event.text(200, "done")

@pb.hooks.terminate()
def said(event):
    print("terminating", flush=True)
    event.next()

pb.start()
"""
Start = Callable[..., servers.Server]


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    (tmp_path / "program.py").write_text(PROGRAM)
    return [sys.executable, str(tmp_path / "program.py")]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[servers.Server] = []

    def go(command: list[str], *args: str) -> servers.Server:
        server = servers.Server(command, tmp_path / f"pb_data{len(running)}", args)
        running.append(server)
        return server.start()

    yield go
    for server in running:
        server.stop()


def _ask_soon(server: servers.Server, path: str) -> tuple[threading.Thread, list[Answer]]:
    answers: list[Answer] = []

    def ask() -> None:
        with contextlib.suppress(ConnectionError, HTTPException):
            answers.append(Client(server.port).get(path))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    server.wait_for("begun")
    return thread, answers


@pytest.mark.parametrize(
    "signals",
    [
        [signal.SIGTERM],
        [signal.SIGHUP],
        [signal.SIGINT, signal.SIGINT, signal.SIGTERM],
    ],
    ids=lambda found: "+".join(s.name for s in found),
)
def test_stop(signals: list[signal.Signals], program: list[str], start: Start) -> None:
    """However often it is told to stop, the server answers what it has begun and ends with code 0."""
    server = start(program)
    thread, answers = _ask_soon(server, "/slow/0.5")
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"GET /api/health HTTP/1.1\r\nHost:")
    process = server.process
    assert process is not None
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    code = process.wait(LIMIT)
    thread.join(LIMIT)
    for sock in [*idle, half]:
        sock.close()

    assert [(a.status, a.text) for a in answers] == [(200, "done")]
    assert code == 0
    assert server.log.count("terminating") == 1
    assert "Traceback" not in server.log


def test_stop_waits_only_so_long(program: list[str], start: Start) -> None:
    """A request that takes for ever does not keep the server from ending in order."""
    server = start(program)
    process = server.process
    assert process is not None
    _ask_soon(server, "/slow/600")
    process.terminate()
    code = process.wait(LIMIT)

    assert code == 0
    assert "terminating" in server.log


def test_nohup(program: list[str], tmp_path: Path) -> None:
    """A server started with `nohup` outlives its terminal."""
    server = servers.Server(["nohup", *program], tmp_path / "pb_data").start()
    process = server.process
    assert process is not None
    try:
        process.send_signal(signal.SIGHUP)
        for _ in range(10):
            assert Client(server.port).get("/api/health").status == 200
            time.sleep(0.03)
    finally:
        server.stop()


def test_workers(ours_command: list[str], start: Start) -> None:
    """Several workers answer, share what is stored, replace each other, and end together."""
    server = start(ours_command, "--workers=2")
    workers = eventually(lambda: len(server.pids()) == 3 and server.pids()[1:])
    os.kill(max(workers), signal.SIGKILL)
    eventually(lambda: len(alive := server.pids()) == 3 and max(workers) not in alive)
    answers = [Client(server.port).get("/api/health").status for _ in range(20)]
    process = server.process
    assert process is not None
    process.terminate()

    assert answers == [200] * 20
    assert process.wait(LIMIT) == 0


def test_the_parent_takes_its_workers_along(ours_command: list[str], start: Start) -> None:
    """When the parent process is killed, its workers end by themselves and free the port."""
    server = start(ours_command)
    process = server.process
    assert process is not None
    process.kill()
    process.wait(LIMIT)

    eventually(lambda: not servers.answers(server.port))


def _refusal(command: list[str], *args: str) -> str:
    done = servers.run(command, "serve", *args)

    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.partition(" ")[2].partition(" ")[2].strip()


def test_port_in_use(ours_command: list[str], tmp_path: Path) -> None:
    """A port that is taken is named, and the data directory stays untouched."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        http = f"127.0.0.1:{taken.getsockname()[1]}"
        said = _refusal(ours_command, f"--http={http}", f"--dir={tmp_path / 'pb_data'}")

    assert said == f"listen tcp {http}: bind: address already in use"
    assert not (tmp_path / "pb_data").exists()


def test_bad_directories(ours_command: list[str], tmp_path: Path) -> None:
    """A data directory that cannot be is refused in one line."""
    (tmp_path / "file").write_text("")
    http = "--http=127.0.0.1:0"

    for name in ("file", "file/below"):
        said = _refusal(ours_command, http, f"--dir={tmp_path / name}")
        assert said.lower() == f"cannot create {tmp_path / name}: not a directory".lower()
    assert _refusal(ours_command, http, "--dir=").startswith("--dir is empty")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can change who runs"
)
def test_read_only_directory(ours_command: list[str], tmp_path: Path) -> None:
    """Where we may not write, we say so."""
    data = tmp_path / "pb_data"
    servers.make_superuser(ours_command, data)
    for path in (*data.iterdir(), data):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for folder in tmp_path.parents:
        if folder.owner() == "root" and folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    said = _refusal(
        ["setpriv", "--reuid=65534", "--clear-groups", *ours_command], f"--dir={data}", "--http=127.0.0.1:0"
    )  # fmt: skip

    assert any(word in said for word in ("readonly", "unable to open", "cannot create", "denied"))


def test_encryption_key(
    ours_command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of the wrong length is refused; with the right one the settings are unreadable on disk."""
    monkeypatch.setenv("PB_TEST_KEY", "short")
    args = ("--encryptionEnv=PB_TEST_KEY", f"--dir={tmp_path / 'pb_data'}")

    assert _refusal(ours_command, *args, "--http=127.0.0.1:0") == "crypto/aes: invalid key size 5"
    monkeypatch.setenv("PB_TEST_KEY", "k" * 32)
    server = servers.Server(ours_command, tmp_path / "pb_data", args[:1])
    servers.make_superuser([*ours_command, args[0]], tmp_path / "pb_data")
    with server:
        root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        assert root.get("/api/collections").status == 200
    assert b"senderAddress" not in (tmp_path / "pb_data" / "data.db").read_bytes()
    assert "Traceback" not in server.log


def test_dev(ours_command: list[str], start: Start) -> None:
    """With `--dev` every request and every statement is printed."""
    server = start(ours_command, "--dev")
    Client(server.port).get("/api/collections/users/records", filter="name = 'x'")
    Client(server.port).get("/api/collections/missing")
    server.wait_for(
        "ms] SELECT",
        "INFO GET /api/collections/users/records",
        "ERROR GET /api/collections/missing",
    )


def test_query_timeout(ours_command: list[str], tmp_path: Path) -> None:
    """A query that runs longer than `--queryTimeout` allows is stopped."""
    data = tmp_path / "pb_data"
    servers.make_superuser(ours_command, data)
    many = ", ".join(f"_collections t{i}" for i in range(9))
    view = {
        "name": "endless",
        "type": "view",
        "viewQuery": f"SELECT (ROW_NUMBER() OVER ()) AS id FROM {many}",
    }
    with servers.Server(ours_command, data, ("--queryTimeout=1",)) as server:
        root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        root.must("POST", "/api/collections", view)
        began = time.monotonic()
        answer = root.get("/api/collections/endless/records")
        took = time.monotonic() - began

    assert answer.status == 400
    assert took > 0.5
