"""A server whose files and backups are in a bucket: the same answers, nothing on its own disk."""

from __future__ import annotations

import io
import socket
import zipfile

import pytest

from scripts.http_client import Client
from tests.parity.multipart import FORM, body, image
from tests.waiting import eventually

DOCS = "/api/collections/docs/records"
COLLECTION = {
    "name": "docs",
    "type": "base",
    **{f"{verb}Rule": "" for verb in ("list", "view", "create", "update", "delete")},
    "fields": [
        {"type": "file", "name": "pic", "maxSelect": 1, "maxSize": 50 << 20, "thumbs": ["30x0"]},
        {"type": "file", "name": "many", "maxSelect": 5},
    ],
}
PNG = image("PNG")


@pytest.fixture(scope="module")
def side(launch, ours_command, s3):
    made = launch(ours_command)
    root = made.client("superuser")
    root.must("POST", "/api/collections", COLLECTION)
    root.must("PATCH", "/api/settings", {"s3": s3.settings, "backups": {"s3": s3.settings}})
    return made


def create(side, *parts, record=""):
    method, url = ("PATCH", f"{DOCS}/{record}") if record else ("POST", DOCS)
    answer = side.client().ask(method, url, body(*parts), FORM)
    assert answer.status == 200, answer.text
    return answer.json()


def test_the_settings_can_be_tried(side):
    """
    Both buckets answer; a wrong secret is told without it.
    """
    root = side.client("superuser")
    for name in ("storage", "backups"):
        assert root.post("/api/settings/test/s3", {"filesystem": name}).status == 204


def test_a_life_in_the_bucket(side, s3):
    """
    Stored, served whole and in part, made small, replaced, removed.
    """
    record = create(side, ("pic", "Ä b.png", PNG), ("many", "a.txt", b"hello"))
    folder = f"{record['collectionId']}/{record['id']}"
    url = f"/api/files/docs/{record['id']}/{record['pic']}"
    client = side.client()
    whole, head = client.get(url), client.ask("HEAD", url)
    part = client.ask("GET", url, headers={"Range": "bytes=1-3"})
    parts = client.ask("GET", url, headers={"Range": "bytes=0-1,3-4"})
    unchanged = client.ask(
        "GET", url, headers={"If-Modified-Since": whole.headers["last-modified"]}
    )
    thumb = client.get(url, thumb="30x0")

    assert (whole.status, whole.body, whole.headers["content-type"]) == (200, PNG, "image/png")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(PNG)), b"")
    assert (part.status, part.body) == (206, b"PNG")
    assert (parts.status, parts.body.count(b"Content-Range")) == (206, 2)
    assert unchanged.status == 304
    assert (thumb.status, thumb.headers["content-type"]) == (200, "image/png")
    assert thumb.body != PNG
    assert client.get(url, thumb="30x0").body == thumb.body
    assert f"{folder}/thumbs_{record['pic']}/30x0_{record['pic']}" in s3.objects()
    assert not (side.data / "storage" / record["collectionId"]).exists()

    create(side, ("pic", "new.png", PNG), record=record["id"])
    eventually(lambda: not any(record["pic"] in key for key in s3.objects()))
    assert client.get(url).status == 404
    client.must("DELETE", f"{DOCS}/{record['id']}")
    eventually(lambda: not any(folder in key for key in s3.objects()))
    eventually(lambda: not list((side.data / ".pb_pending").glob("*.note")))


def test_large_files_go_in_parts(side, s3):
    """
    What is larger than one part arrives whole.
    """
    data = bytes(range(256)) * (100 << 10)
    record = create(side, ("pic", "large.bin", data))
    url = f"/api/files/docs/{record['id']}/{record['pic']}"

    assert side.client().get(url).body == data
    assert side.client().ask("GET", url, headers={"Range": "bytes=-5"}).body == data[-5:]


def test_backups_in_the_bucket(side, s3):
    """
    Made, listed, fetched, removed, restored.
    """
    root = side.client("superuser")
    root.must("POST", "/api/backups", {"name": "one.zip"})
    token = root.must("POST", "/api/files/token")["token"]
    answer = side.client().get("/api/backups/one.zip", token=token)
    names = zipfile.ZipFile(io.BytesIO(answer.body)).namelist()

    assert "data.db" in names
    assert [item["key"] for item in root.must("GET", "/api/backups") if "/" not in item["key"]] == [
        "one.zip"
    ]
    assert "one.zip" in s3.objects()
    create(side, ("many", "later.txt", b"later"))
    before = root.must("GET", f"{DOCS}?fields=id")["totalItems"]
    root.must("POST", "/api/backups/one.zip/restore")
    eventually(lambda: _count(side) == before - 1)
    for client in side._clients.values():
        client.close()
    side.client("superuser").must("DELETE", "/api/backups/one.zip")
    assert "one.zip" not in s3.objects()


def _count(side):
    try:
        return Client(side.server.port).must("GET", DOCS)["totalItems"]
    except (OSError, AssertionError):
        return -1


def test_back_to_the_disk(side, s3):
    """
    The settings decide at once, without a restart.
    """
    root = side.client("superuser")
    root.must("PATCH", "/api/settings", {"s3": {"enabled": False}})
    record = create(side, ("many", "local.txt", b"hello"))
    name = record["many"][0]
    path = side.data / "storage" / record["collectionId"] / record["id"] / name
    root.must("PATCH", "/api/settings", {"s3": {"enabled": True}})

    assert path.read_bytes() == b"hello"
    assert side.client().get(f"/api/files/docs/{record['id']}/{name}").status == 404


def test_a_bucket_that_is_gone(side):
    """
    Uploads are refused, downloads not found; nothing hangs and no row is written.
    """
    root = side.client("superuser")
    root.must("PATCH", "/api/settings", {"s3": {"endpoint": f"http://127.0.0.1:{_closed_port()}"}})
    before = root.must("GET", DOCS)["totalItems"]
    answer = side.client().ask("POST", DOCS, body(("many", "a.txt", b"x")), FORM)

    assert answer.status == 400
    assert root.must("GET", DOCS)["totalItems"] == before
    assert root.post("/api/settings/test/s3", {"filesystem": "storage"}).status == 400


def _closed_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_a_bucket_that_hangs(monkeypatch):
    """
    A service that takes the connection and says nothing is given up in the end.
    """
    from pocketbase_server.kit.upload import Upload
    from pocketbase_server.storage.files import s3 as module
    from pocketbase_server.storage.files.base import FileStoreError

    assert (module.CONNECT_SECONDS, module.READ_SECONDS) == (5, 30)
    monkeypatch.setattr(module, "READ_SECONDS", 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = module.S3Store(module.Bucket("b", "r", url, "k", "s", force_path_style=True))
        with pytest.raises(FileStoreError):
            store.put("a", Upload.from_bytes("a.txt", b"x"))
        with pytest.raises(FileStoreError):
            store.info("a")
