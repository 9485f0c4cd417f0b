"""What every place for files promises."""

from __future__ import annotations

import contextlib
import hashlib
import time

import pytest
from pocketbase_server.kit.upload import Upload
from pocketbase_server.storage.files import FILE_STORES
from pocketbase_server.storage.files.base import FileMissingError, FileStoreError
from pocketbase_server.storage.files.local import LocalStore, escaped, unescaped
from pocketbase_server.storage.files.s3 import Bucket, S3Store, check_bucket

from tests import s3_server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def bucket_of(server, secret=s3_server.SECRET):
    return Bucket(
        s3_server.BUCKET, "us-east-1", server.endpoint, s3_server.KEY, secret, force_path_style=True
    )


@pytest.fixture(params=sorted(FILE_STORES))
def store(request, tmp_path):
    if request.param == "local":
        yield LocalStore(tmp_path / "storage")
        return
    made = S3Store(bucket_of(request.getfixturevalue("s3")))
    yield made
    for info in made.entries():
        made.delete(info.key)
    made.close()


def upload(data=PNG, name="a b.png"):
    return Upload.from_bytes(name, data)


def read(store, key, *part):
    return b"".join(store.read(key, *part))


def test_a_file_comes_back_as_it_was(store):
    """
    Bytes, size, type and metadata are kept; the time is that of keeping.
    """
    store.put("c/r/a.png", upload(), {"original-filename": "ä b.png"})
    info = store.info("c/r/a.png")

    assert read(store, "c/r/a.png") == PNG
    assert (info.key, info.size, info.content_type) == ("c/r/a.png", len(PNG), "image/png")
    assert dict(info.metadata) == {"original-filename": "ä b.png"}
    assert abs(info.modified - time.time()) < 60


@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (0, 0), (0, 1), (5, 9), (100, None), (107, 108)]
)
def test_a_part_of_a_file(store, start, end):
    """
    Any stretch can be read on its own.
    """
    store.put("c/r/a.png", upload())

    assert read(store, "c/r/a.png", start, end) == PNG[start:end]


def test_putting_again_replaces(store):
    """
    The last one counts, with its own type.
    """
    store.put("c/r/a", upload())
    store.put("c/r/a", upload(b"hello"))

    assert read(store, "c/r/a") == b"hello"
    assert store.info("c/r/a").content_type == "text/plain; charset=utf-8"


def test_a_file_from_disk(store, tmp_path):
    """
    A file on disk may be handed over, large ones too.
    """
    path = tmp_path / "large"
    data = bytes(range(256)) * (80 << 10)
    path.write_bytes(data)
    store.put_path("large.bin", path, {})
    store.fetch("large.bin", tmp_path / "copy")

    assert (
        hashlib.sha256((tmp_path / "copy").read_bytes()).digest() == hashlib.sha256(data).digest()
    )


def test_empty_files_are_files(store):
    """
    No bytes are fine.
    """
    store.put("c/r/empty.txt", upload(b"", "empty.txt"))

    assert read(store, "c/r/empty.txt") == b""
    assert store.info("c/r/empty.txt").size == 0


def test_what_is_not_there(store):
    """
    Asking for, reading and removing what is not there is one error.
    """
    store.put("c/r/a", upload())
    for key in ("c/r/b", "c/r", "x"):
        assert not store.exists(key)
        with pytest.raises(FileMissingError):
            store.info(key)
        with pytest.raises(FileMissingError):
            read(store, key)
        with pytest.raises(FileMissingError):
            store.delete(key)


def test_listing(store):
    """
    Entries come sorted by key, below a prefix that need not end at a slash.
    """
    for key in ("c/r2/b", "c/r1/a", "c/r1/b", "d/x", "c/r10/a"):
        store.put(key, upload(b"12345"))

    assert [e.key for e in store.entries()] == ["c/r1/a", "c/r1/b", "c/r10/a", "c/r2/b", "d/x"]
    assert [e.key for e in store.entries("c/r1")] == ["c/r1/a", "c/r1/b", "c/r10/a"]
    assert [e.key for e in store.entries("c/r1/")] == ["c/r1/a", "c/r1/b"]
    assert store.entries("none") == []
    assert {e.size for e in store.entries()} == {5}


def test_removing(store):
    """
    One file, or all below a prefix; never everything.
    """
    for key in ("c/r1/a", "c/r1/thumbs_a/1_a", "c/r1/b", "c/r10/a"):
        store.put(key, upload())
    store.delete("c/r1/b")
    store.delete_prefix("c/r1/")
    store.delete_prefix("c/none/")

    assert [e.key for e in store.entries()] == ["c/r10/a"]
    for prefix in ("", "/"):
        with pytest.raises(FileStoreError):
            store.delete_prefix(prefix)


def test_odd_names(store):
    """
    Names that people give their backups survive.
    """
    for key in ("Up Name.ZIP", "@auto.zip", "ünï.zip", "a+b&c=d?.zip", "100%.zip"):
        store.put(key, upload())

        assert store.exists(key)
        assert key in [e.key for e in store.entries()]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a//b", "x/", "..", ".", "a\0b", "/etc/x"])
def test_nothing_leaves_the_folder(tmp_path, key):
    """
    Whatever the key, the local store stays below its root.
    """
    store = LocalStore(tmp_path / "deep" / "root")
    with contextlib.suppress(FileStoreError):
        store.put(key, upload())
    outside = [p for p in tmp_path.rglob("*") if p.is_file() and store.root not in p.parents]

    assert outside == []


@pytest.mark.parametrize("key", ["a/b.png", "../x", "a//b", "x/", "tab\tx"])
def test_escaping_can_be_undone(key):
    """
    A key that must be escaped comes back as it was.
    """
    assert unescaped(escaped(key)) == key


def test_a_store_that_refuses(s3):
    """
    A wrong secret is told, with the reason and without the secret.
    """
    with pytest.raises(FileStoreError) as caught:
        check_bucket(bucket_of(s3, secret="wrong-secret"))

    assert "failed to upload a test file" in str(caught.value)
    assert "wrong-secret" not in str(caught.value)


def test_a_bucket_that_works(s3):
    """
    The check leaves nothing behind.
    """
    check_bucket(bucket_of(s3))

    assert not [key for key in s3.objects() if key.startswith("pb_settings_test")]
