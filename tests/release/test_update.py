"""`pocketbase update` against a release server of our own: what is installed, and what is refused."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import threading
import zipfile

import pytest
from pocketbase_server.plugins import update

OLD = b"#!/bin/sh\necho pocketbase version 1.0.0\n"
NEW = b"#!/bin/sh\necho pocketbase version 1.1.0\n"


class Feed:
    """A release server on the loopback address; `files` is what it has, by path."""

    def __init__(self):
        self.files = {}
        feed = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = feed.files.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/manifest.json"

    def publish(self, executable=NEW, *, version="1.1.0", member="pocketbase", **wrong):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as bundle:
            bundle.writestr(member, executable)
        data = buffer.getvalue()
        os_name, arch = update.target()
        entry = {
            "name": "pocketbase.zip",
            "os": os_name,
            "arch": arch,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        manifest = {"version": version, "files": [entry | wrong], "notes": "what is new"}
        self.files = {
            "/v1/pocketbase.zip": data,
            "/v1/manifest.json": json.dumps(manifest).encode(),
        }


@pytest.fixture
def feed():
    feed = Feed()
    yield feed
    feed.server.shutdown()
    feed.server.server_close()


@pytest.fixture
def executable(tmp_path):
    path = tmp_path / "pocketbase"
    path.write_bytes(OLD)
    path.chmod(0o755)
    return path


def only(executable):
    """Nothing but the executable as it was lies in its folder."""
    assert executable.read_bytes() == OLD
    assert [path.name for path in executable.parent.iterdir()] == ["pocketbase"]


def test_installs_and_keeps_the_old_one(feed, executable):
    feed.publish()
    seen = []
    release = update.latest(feed.url)
    kept = update.install(release, executable, lambda done, total: seen.append((done, total)))
    assert executable.read_bytes() == NEW
    assert executable.stat().st_mode & 0o777 == 0o755
    assert kept.read_bytes() == OLD
    assert seen[-1] == (release.size, release.size)
    assert sorted(p.name for p in executable.parent.iterdir()) == [
        "pocketbase",
        "pocketbase.previous",
    ]


@pytest.mark.parametrize(
    "publish",
    [
        {"sha256": "0" * 64},
        {"size": 10},
        {"size": 10**9},
        {"size": 0},
        {"executable": b"#!/bin/sh\nexit 1\n"},
        {"executable": b"#!/bin/sh\necho pocketbase version 7.0.0\n"},
        {"executable": b"\x7fELF nothing"},
        {"member": "../../pocketbase"},
        {"member": "other"},
        {"name": "missing.zip"},
    ],
    ids=str,
)
def test_refuses_and_changes_nothing(feed, executable, publish):
    feed.publish(**publish)
    with pytest.raises(update.UpdateError):
        update.install(update.latest(feed.url), executable)
    only(executable)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"version": "1.1.0"}',
        b'{"version": "1.1.0", "files": [{}]}',
        b'{"version": "1.1.0", "files": []}',
        b'{"version": "1.1.0", "files": 3}',
    ],
)
def test_malformed_feed(feed, manifest):
    feed.files = {"/v1/manifest.json": manifest}
    with pytest.raises(update.UpdateError):
        update.latest(feed.url)


@pytest.mark.parametrize("wrong", [{"sha256": "x"}, {"size": "many"}, {"version": "newest"}])
def test_malformed_entry(feed, wrong):
    feed.publish(**wrong)
    with pytest.raises(update.UpdateError):
        update.latest(feed.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/manifest.json",
        "http://127.0.0.1.example.com/manifest.json",
        "ftp://127.0.0.1/manifest.json",
        "file:///etc/passwd",
        "https:///nothing",
        "",
    ],
)
def test_addresses_that_could_be_changed_on_the_way(url):
    with pytest.raises(update.UpdateError, match="https"):
        update.latest(url)


def test_archive_at_an_unsafe_address(feed):
    feed.publish(name="http://example.com/pocketbase.zip")
    with pytest.raises(update.UpdateError, match="https"):
        update.latest(feed.url)


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("1.0.1", "1.0.0", True),
        ("1.10.0", "1.9.0", True),
        ("1.0.0", "1.0.0", False),
        ("0.9.0", "1.0.0", False),
        ("1.0.0", "1.0.0-rc.1", True),
        ("1.0.0-rc.2", "1.0.0-rc.1", True),
        ("1.0.0-rc.1", "1.0.0", False),
    ],
)
def test_order_of_versions(version, than, newer):
    assert update.is_newer(version, than) is newer


def test_from_source(monkeypatch):
    monkeypatch.delenv(update.EXECUTABLE_VARIABLE, raising=False)
    with pytest.raises(update.UpdateError, match="source"):
        update.own_executable()
