"""
The process is killed while it writes: what it acknowledged is there afterwards.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.http_client import Client
from scripts.servers import LIMIT
from tests.data.seed import make_id
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.conftest import Launch
    from tests.scenario import Side

pytestmark = pytest.mark.reliability

ROUNDS = int(os.environ.get("RELIABILITY_ROUNDS", "5"))
KINDS = "/api/collections/kinds/records"


@dataclass
class Writer:
    """Creates, changes and deletes records until the server is gone; remembers what was acked."""

    port: int
    name: str
    stored: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    unknown: str = ""
    acked: int = 0

    def run(self) -> None:
        client, number = Client(self.port), 0
        while True:
            number += 1
            self.unknown = record = make_id(self.name, number)
            try:
                self._one(client, record, number)
            except OSError:
                return
            except Exception:  # a half answer: the connection died in the middle
                return

    def _one(self, client: Client, record: str, number: int) -> None:
        client.must("POST", KINDS, {"id": record, "number": number, "text": "x" * 200})
        self._ack(record, number)
        if number % 3 == 0:
            client.must("PATCH", f"{KINDS}/{record}", {"number+": 1000})
            self._ack(record, number + 1000)
        if number % 5 == 0:
            client.must("DELETE", f"{KINDS}/{record}")
            del self.stored[record]
            self.deleted.add(record)
            self.acked += 1

    def _ack(self, record: str, number: int) -> None:
        self.stored[record] = number
        self.acked += 1


def _storm(side: Side, round_number: int) -> list[Writer]:
    """Write from four threads for a while, then kill."""
    writers = [Writer(side.server.port, f"k{round_number}{letter}") for letter in "abcd"]
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(0.4 + 0.1 * (round_number % 4))
    eventually(lambda: sum(writer.acked for writer in writers) > 20)
    side.server.kill()
    for thread in threads:
        thread.join(2 * LIMIT)
    return writers


def _everything(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = {}
    page = 1
    while True:
        answer = client.must("GET", f"{KINDS}?perPage=1000&page={page}&sort=id&fields=id,number")
        found.update({item["id"]: item["number"] for item in answer["items"]})
        if len(answer["items"]) < 1000:
            return found
        page += 1


def _wrong(writers: list[Writer], found: dict[str, Any]) -> list[str]:
    lost = [
        f"{record}: acked {number}, found {found.get(record)}"
        for w in writers
        for record, number in w.stored.items()
        if record != w.unknown and found.get(record) != number
    ]
    back = [
        f"{record}: deleted, but back" for w in writers for record in w.deleted if record in found
    ]
    return lost + back


@pytest.mark.slow
def test_kill_storm(
    launch: Launch, ours_command: list[str], record_property: Any, tmp_path: Path
) -> None:
    """Rounds of writing and `kill -9` lose no acknowledged create, change or delete."""
    side = launch(ours_command)
    writers: list[Writer] = []
    restarts = []
    for number in range(ROUNDS):
        writers += _storm(side, number)
        side.close()
        begin = time.perf_counter()
        side.server.start()
        restarts.append(time.perf_counter() - begin)
        wrong = _wrong(writers, _everything(Client(side.server.port)))

        assert not wrong, f"round {number}: {len(wrong)} wrong, e.g. {wrong[:5]}"
    acked = sum(writer.acked for writer in writers)
    record_property("acknowledged", acked)
    record_property("restart_seconds", sorted(restarts)[len(restarts) // 2])
    print(
        f"{acked} acknowledged writes in {ROUNDS} rounds, restarts {[round(s, 2) for s in restarts]}"
    )
    side.server.stop()
    copy = Path(shutil.copytree(side.data, tmp_path / "copy"))

    assert acked > 20 * ROUNDS
    with sqlite3.connect(copy / "data.db") as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_stop_answers_what_is_in_flight(launch: Launch, ours_command: list[str]) -> None:
    """SIGTERM lets requests in flight finish, ends soon, and keeps everything acknowledged."""
    side = launch(ours_command)
    writers = [Writer(side.server.port, f"t{letter}") for letter in "ab"]
    threads = [threading.Thread(target=writer.run, daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    eventually(lambda: all(writer.acked > 5 for writer in writers))
    process, begin = side.server.process, time.perf_counter()
    assert process is not None
    process.terminate()
    code = process.wait(LIMIT)
    took = time.perf_counter() - begin
    for thread in threads:
        thread.join(2 * LIMIT)
    side.close()
    side.server.start()
    print(f"stopped in {took:.2f} s with exit code {code}")

    assert not _wrong(writers, _everything(Client(side.server.port)))
    assert code in (0, -15, 143)
