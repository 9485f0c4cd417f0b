"""
Uploads whose names come in other notations, and files that are gone from the disk.
"""

from __future__ import annotations

import shutil
import zipfile

import pytest

from tests.parity.multipart import form, image
from tests.scenario import Pair, q

pytestmark = pytest.mark.parity

WHERE = "/api/collections/uploads/records"
RANDOM = r"(?:[a-z0-9]{10})?_[a-z0-9]{10}(?=[.\"])"
COLLECTION = {
    "name": "uploads",
    "type": "base",
    "viewRule": "",
    "createRule": "",
    "fields": [{"type": "file", "name": "many", "maxSelect": 3, "thumbs": ["30x0"]}],
}
LOOK = ("content-type", "x-frame-options", "cache-control", "content-security-policy")


@pytest.fixture(scope="module")
def pair(pair: Pair) -> Pair:
    """Return both servers with a collection for files."""
    for side in (pair.reference, pair.ours):
        side.client("superuser").must("POST", "/api/collections", COLLECTION)
    return pair


STARRED = [
    """a.txt"; filename*=UTF-8''b.txt; x=\"""",
    """a.txt"; filename*=latin1''b.txt; x=\"""",
    """a.txt"; filename*=UTF-8''%zz.txt; x=\"""",
    '"; filename*0=a; filename*1=b.txt; x="',
    """"; filename*0*=utf-8''%c3%a9; filename*1=b.txt; x=\"""",
    'a.txt"; filename*1=b.txt; x="',
    '"; filename*0=a.t; filename*2=xt; x="',
    'a.txt"; filename*=b; x="',
]


@pytest.mark.parametrize("name", STARRED)
def test_names_in_other_notations(pair: Pair, name: str) -> None:
    """
    A name in RFC 2231's notation counts, in one piece or in several.
    """
    pair.check(form(WHERE, ("many", name, b"hello"), blur=RANDOM))


def test_files_that_are_gone(pair: Pair) -> None:
    """
    A file that is missing on the disk is not found, in no size, and may not be framed then.
    """
    made = form(WHERE, ("many", "a.png", image("PNG")), save={"id": "id", "name": "many.0"})
    for side in (pair.reference, pair.ours):
        made.send(side)
        shutil.rmtree(next((side.data / "storage").glob(f"*/{side.saved['id']}")))
    url = "/api/files/uploads/{id}/{name}"
    sizes = ("", "?thumb=100x100", "?thumb=30x0", "?thumb=9x9")
    pair.check(*(q(url + size, look_at=LOOK) for size in sizes))


def test_files_that_are_called_temporary(pair: Pair) -> None:
    """
    A file that somebody calls `.tmp` is a file like any other, in backups too.
    """
    made = form(WHERE, ("many", "notes.tmp", b"hello"), save={"id": "id", "name": "many.0"})
    found = []
    for side in (pair.reference, pair.ours):
        made.send(side)
        side.client("superuser").must("POST", "/api/backups", {"name": "temporary.zip"})
        with zipfile.ZipFile(side.data / "backups" / "temporary.zip") as archive:
            names = [name for name in archive.namelist() if side.saved["id"] in name]
        found.append(sorted(name.removesuffix(".attrs")[-4:] for name in names))

    assert found[0] == found[1] == [".tmp", ".tmp"]


RESERVED = ["a.attrs", "a.tar.attrs", "attrs", "a.attrs.txt", "a.ATTRS"]


@pytest.mark.parametrize("name", RESERVED)
def test_names_with_a_reserved_end(pair: Pair, name: str) -> None:
    """
    What would be taken for what is known of a file cannot be uploaded.
    """
    pair.check(form(WHERE, ("many", name, b"hello"), blur=RANDOM))
