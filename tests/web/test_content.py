"""Parts of files as bodies: the same bytes, whoever reads them."""

from __future__ import annotations

import pytest
from pocketbase_server.web.content import FileBody

SMALL = bytes(range(256)) * 40
LARGE = SMALL * 10


@pytest.mark.parametrize(
    ("data", "start", "end", "at_once"),
    [
        (SMALL, 0, len(SMALL), SMALL),
        (SMALL, 100, 300, SMALL[100:300]),
        (LARGE, 0, len(LARGE), None),
        (LARGE, len(LARGE) - 10, len(LARGE), LARGE[-10:]),
    ],
    ids=["small", "part", "large", "small part of a large one"],
)
def test_small_parts_come_at_once(tmp_path, data, start, end, at_once):
    """Little is read at once, more in pieces; both give what was asked for."""
    path = tmp_path / "file"
    path.write_bytes(data)
    body = FileBody(str(path), start, end, is_whole=end - start == len(data))
    assert body.whole_if_small() == at_once
    assert b"".join(body) == data[start:end]


@pytest.mark.parametrize("change", ["gone", "shrunk"])
def test_what_is_no_longer_there_does_not_come_at_once(tmp_path, change):
    """A length that was promised already is never filled with less."""
    path = tmp_path / "file"
    path.write_bytes(SMALL)
    body = FileBody(str(path), 0, len(SMALL), is_whole=True)
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(SMALL[:-1])
    assert body.whole_if_small() is None
