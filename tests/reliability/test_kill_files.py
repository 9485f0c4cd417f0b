"""
The process is killed while it takes files, makes a backup or restores one.

Nothing acknowledged is lost, no row names a file that is not there, no file is left that no row
names, and the directory opens.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from scripts.http_client import Client
from scripts.servers import LIMIT
from tests.parity.multipart import FORM, body
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Launch
    from tests.scenario import Side

pytestmark = pytest.mark.reliability

ROUNDS = int(os.environ.get("RELIABILITY_ROUNDS", "4"))
BOXES = "/api/collections/boxes/records"
COLLECTION = {
    "name": "boxes",
    "type": "base",
    "listRule": "",
    "viewRule": "",
    "createRule": "",
    "updateRule": "",
    "deleteRule": "",
    "fields": [
        {"type": "text", "name": "title"},
        {"type": "file", "name": "files", "maxSelect": 9, "maxSize": 10 << 20},
    ],
}


@pytest.fixture
def side(launch: Launch, ours_command: list[str]) -> Side:
    made = launch(ours_command)
    made.client("superuser").must("POST", "/api/collections", COLLECTION)
    return made


def send(client: Client, method: str, url: str, *parts: Any) -> dict[str, Any]:
    answer = client.ask(method, url, body(*parts), FORM)
    assert answer.status == 200, answer.text
    value: dict[str, Any] = answer.json()
    return value


def content(seed: object) -> bytes:
    """Return the bytes of a file, long enough to be caught in the middle."""
    start = hashlib.sha256(str(seed).encode()).digest()
    return start * random.Random(str(seed)).choice((10, 20_000, 60_000))


@dataclass
class Uploader:
    """Stores, replaces, adds and deletes files until the server is gone; remembers what was acked."""

    port: int
    name: str
    kept: dict[str, dict[str, bytes]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    unknown: str = ""

    def run(self) -> None:
        client, number = Client(self.port), 0
        try:
            while True:
                number += 1
                self._one(client, number)
        except Exception:  # the connection died
            return

    def _one(self, client: Client, number: int) -> None:
        data = content((self.name, number))
        self.unknown = "new"
        made = send(
            client, "POST", BOXES, ("files", "a.bin", data), ("files", "b.bin", b"b" + data)
        )
        record = made["id"]
        self.kept[record] = dict(zip(made["files"], (data, b"b" + data), strict=True))
        self.unknown = record
        first = made["files"][0]
        if number % 3 == 0:
            more = send(
                client,
                "PATCH",
                f"{BOXES}/{record}",
                ("files-", first),
                ("files+", "c.bin", b"c" + data),
            )
            kept = self.kept[record]
            del kept[first]
            kept[more["files"][-1]] = b"c" + data
        if number % 4 == 0:
            client.must("DELETE", f"{BOXES}/{record}")
            del self.kept[record]
            self.deleted.add(record)
        self.unknown = ""


def restart(side: Side) -> None:
    side.server.start()
    for client in side._clients.values():
        client.close()


def on_disk(data: Path) -> set[str]:
    storage = data / "storage"
    return {
        f"{p.parent.name}/{p.name}"
        for p in storage.rglob("*")
        if p.is_file() and not p.name.endswith(".attrs")
    }


def rows(client: Client) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    page = 1
    while True:
        answer = client.must("GET", f"{BOXES}?perPage=500&page={page}&sort=id")
        found |= {item["id"]: item["files"] for item in answer["items"]}
        if len(answer["items"]) < 500:
            return found
        page += 1


def problems(side: Side, uploaders: list[Uploader]) -> list[str]:
    client = side.client()
    found = rows(client)
    named = {f"{record}/{name}" for record, names in found.items() for name in names}
    there = on_disk(side.data)
    wrong = [f"no file: {name}" for name in named - there]
    wrong += [f"no row: {name}" for name in there - named]
    for one in uploaders:
        wrong += [f"deleted, but back: {record}" for record in one.deleted & found.keys()]
        for record, files in one.kept.items():
            if record != one.unknown:
                wrong += [f"lost: {record}/{n}" for n in files if n not in found.get(record, [])]
    sample = [
        (r, n, d)
        for one in uploaders
        for r, f in one.kept.items()
        if r in found
        for n, d in f.items()
    ]
    for record, name, data in random.Random(1).sample(sample, min(40, len(sample))):
        answer = client.get(f"/api/files/boxes/{record}/{name}")
        if answer.status == 200 and answer.body != data:
            wrong.append(f"other bytes: {record}/{name}")
    return wrong


def test_killed_while_taking_files(side: Side):
    """
    Every acknowledged file is there, and nothing else.
    """
    everyone: list[Uploader] = []
    for number in range(ROUNDS):
        uploaders = [Uploader(side.server.port, f"{number}{letter}") for letter in "abc"]
        threads = [threading.Thread(target=one.run, daemon=True) for one in uploaders]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.2, 0.8))
        eventually(lambda: any(one.kept for one in uploaders))  # noqa: B023
        side.server.kill()
        for thread in threads:
            thread.join(2 * LIMIT)
        everyone += uploaders
        restart(side)
        found = problems(side, everyone)

        assert found == []
    notes = list((side.data / ".pb_pending").glob("*.note"))
    whole = list((side.data / "storage").rglob("*.tmp~"))

    assert notes == whole == []


def test_killed_while_making_a_backup(side: Side):
    """
    What is listed is whole; nothing half made is left.
    """
    root = side.client("superuser")
    for number in range(40):
        send(side.client(), "POST", BOXES, ("files", "a.bin", content(number)))
    for number in range(ROUNDS):
        asking = threading.Thread(target=_ask_for_backup, args=(side, number), daemon=True)
        writer = Uploader(side.server.port, f"w{number}")
        writing = threading.Thread(target=writer.run, daemon=True)
        asking.start()
        writing.start()
        time.sleep(random.uniform(0.02, 0.6))
        side.server.kill()
        asking.join(2 * LIMIT)
        writing.join(2 * LIMIT)
        restart(side)
        names = [item["key"] for item in root.must("GET", "/api/backups")]
        for name in names:
            with zipfile.ZipFile(side.data / "backups" / name) as archive:
                assert archive.testzip() is None
                assert "data.db" in archive.namelist()

        assert problems(side, [writer]) == []
        assert not any((side.data / ".pb_temp_to_delete").iterdir())


def _ask_for_backup(side: Side, number: int) -> None:
    try:
        Client(side.server.port, side.tokens["superuser"]).post(
            "/api/backups", {"name": f"b{number}.zip"}
        )
    except Exception:  # killed meanwhile
        return


def test_killed_while_restoring(side: Side):
    """
    The data is the old or the new, whole, at whatever moment the process dies.
    """
    root = side.client("superuser")
    old = {f"old{n}": send(side.client(), "POST", BOXES, ("title", f"old{n}"), ("files", "o.bin", content(n))) for n in range(15)}  # fmt: skip
    root.must("POST", "/api/backups", {"name": "old.zip"})
    seen: set[str] = set()
    for number in range(ROUNDS):
        new = send(
            side.client(), "POST", BOXES, ("title", "new"), ("files", "n.bin", content("new"))
        )
        root.must("POST", "/api/backups/old.zip/restore")
        time.sleep(random.uniform(0.1, 1.6) if number else 0.0)
        side.server.kill()
        restart(side)
        found = rows(side.client())

        assert {one["id"] for one in old.values()} <= found.keys()
        seen.add("new" if new["id"] in found else "old")
        assert problems(side, []) == []
        assert not (side.data / ".pb_restore").exists()
        if new["id"] in found:
            side.client().must("DELETE", f"{BOXES}/{new['id']}")
    print(seen)  # which one depends on the moment
