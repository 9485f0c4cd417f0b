"""Uploads leave nothing behind in the server process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.parity.multipart import FORM, body

BOXES = "/api/collections/boxes/records"
FILES = [{"type": "file", "name": "f", "maxSize": 5 << 20}]


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc")
@pytest.mark.parametrize("url", [BOXES, "/api/collections/missing/records"])
def test_uploads_do_not_stay_open(ours, url):
    """
    Large bodies, taken or refused, are closed with their requests.
    """
    root = ours.client("superuser")
    if root.get("/api/collections/boxes").status != 200:
        root.must(
            "POST",
            "/api/collections",
            {"name": "boxes", "type": "base", "createRule": "", "fields": FILES},
        )
    form = body(("f", "a.bin", bytes(1 << 20)))
    ours.client().ask("POST", url, form, FORM)
    before = _open_files(ours)
    for _ in range(30):
        ours.client().ask("POST", url, form, FORM)

    assert _open_files(ours) < before + 10


def _open_files(side):
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in side.server.pids())
