"""
`make bench`: the reference and ours, side by side, under the same load.

Both servers get their own copy of one seeded data directory. Row by row the two are asked the
same thing, their answers compared, and then driven in turn with wrk, a few seconds each and several
times over: what is printed is each side's median, so that a slow moment of the machine does not count.
Everything stays on the loopback address and ends by itself.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts import servers
from scripts.bench import data, events, load, rows
from scripts.bench.report import Report
from scripts.http_client import Client


@dataclass(slots=True)
class Side:
    """One of the two servers with what is needed to ask it."""

    name: str
    server: servers.Server
    token: str = ""
    root: str = ""

    def token_for(self, row: rows.Row) -> str:
        """Return the token of the row's caller."""
        if row.root:
            return self.root
        return self.token if row.user else ""

    def ask(self, request: rows.Request) -> tuple[int, Any]:
        """Send one request of a row and return its status and comparable body."""
        headers = {"Content-Type": "application/json"} if request.body else {}
        client = Client(self.server.port, request.token)
        answer = client.ask(request.method, request.path, request.body or None, headers)
        client.close()
        return answer.status, answer.value


def main() -> int:
    """Run the bench and return its exit code."""
    options = _options()
    trouble = load.missing()
    if trouble:
        print(trouble, file=sys.stderr)
        return 2
    report = Report()
    seeded = data.ready()
    with tempfile.TemporaryDirectory(prefix="pb_bench_") as scratch:
        home = Path(scratch)
        theirs, ours = (
            _side(name, command, seeded, home)
            for name, command in (("reference", options.theirs), ("ours", options.ours))
        )
        try:
            _run(theirs, ours, options, home, report)
        finally:
            theirs.server.stop()
            ours.server.stop()
    if options.json:
        report.save(Path(options.json))
    return 1 if report.problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python scripts/bench", description=__doc__)
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows that match")
    parser.add_argument("--seconds", type=float, default=3, help="length of each run (3)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side in turn (3)")
    parser.add_argument("--ours", metavar="CMD", type=servers.split, help="our command")
    parser.add_argument("--theirs", metavar="CMD", type=servers.split, help="the reference command")
    parser.add_argument("--json", metavar="OUT", help="write all figures to this file")
    options = parser.parse_args()
    options.ours = options.ours or servers.ours_command()
    options.theirs = options.theirs or servers.reference_command()
    return options


def _side(name: str, command: list[str], seeded: Path, home: Path) -> Side:
    copy = home / name / "pb_data"
    shutil.copytree(seeded, copy)
    server = servers.Server(command, copy)
    return Side(name, server)


def _run(theirs: Side, ours: Side, options: argparse.Namespace, home: Path, report: Report) -> None:
    report.head()
    starts = _start(theirs), _start(ours)
    wanted = re.compile(options.rows)
    if wanted.search("start-up"):
        report.fact("start-up to first answer", *starts, "ms")
    if wanted.search("memory"):
        time.sleep(1)
        report.fact("memory idle", *_memory(theirs, ours), "MB")
    for side in (theirs, ours):
        side.token = (
            Client(side.server.port).login("user1@example.com", data.PASSWORD, "users").token
        )
        _allow_batches(side)
    for row in rows.ROWS:
        if wanted.search(row.name):
            _measure(row, theirs, ours, options, home, report)
    if wanted.search("memory"):
        report.fact("memory loaded", *_memory(theirs, ours), "MB")
    events.measure(theirs, ours, report, wanted)


def _allow_batches(side: Side) -> None:
    root = Client(side.server.port).login(servers.EMAIL, servers.PASSWORD)
    side.root = root.token
    root.must("PATCH", "/api/settings", {"batch": {"enabled": True, "timeout": 30}})
    root.close()


def _start(side: Side) -> float:
    """Return the median milliseconds of three starts; the last one keeps running."""
    taken = []
    for _ in range(3):
        side.server.stop()
        begin = time.perf_counter()
        side.server.spawn()
        side.server.wait_ready(pause=0.002)
        taken.append((time.perf_counter() - begin) * 1000)
    return sorted(taken)[1]


def _memory(theirs: Side, ours: Side) -> tuple[float, float]:
    return theirs.server.memory_mb(), ours.server.memory_mb()


def _measure(
    row: rows.Row,
    theirs: Side,
    ours: Side,
    options: argparse.Namespace,
    home: Path,
    report: Report,
) -> None:
    requests = {side.name: row.requests(side.token_for(row)) for side in (theirs, ours)}
    difference = _difference(row, theirs, ours, requests)
    if difference:
        report.problem(f"{row.name}: answers differ: {difference}")
    outcomes: dict[str, list[load.Outcome]] = {"reference": [], "ours": []}
    for _ in range(1 if row.once else options.rounds):
        for side in (theirs, ours):
            outcome = load.drive(side.server, row, requests[side.name], options.seconds, home)
            outcomes[side.name].append(outcome)
    report.row(row.name, load.middle(outcomes["reference"]), load.middle(outcomes["ours"]))


def _difference(
    row: rows.Row, theirs: Side, ours: Side, requests: dict[str, list[rows.Request]]
) -> str:
    """Ask both servers the first request (the last, for rows that use requests up)."""
    index = -1 if row.once else 0
    expected, got = (
        _comparable(row, side.ask(requests[side.name][index])) for side in (theirs, ours)
    )
    if expected[0] >= 300:
        return f"the reference answers {expected}"
    return "" if expected == got else _first_difference(expected, got)


def _comparable(row: rows.Row, answer: tuple[int, Any]) -> tuple[int, Any]:
    """Keep only shape and totals of bodies whose values or order are not the same in each answer."""
    status, body = answer
    return (status, _shape(body)) if row.volatile else (status, body)


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key == "totalItems" else _shape(item)
            for key, item in sorted(value.items())
        }
    if not isinstance(value, list):
        return type(value).__name__
    # NOTE: lists inside a record differ in length; those of records are told by their members
    return [_shape(item) for item in value if isinstance(item, dict)]


def _first_difference(expected: Any, got: Any) -> str:
    one, other = (json.dumps(value, sort_keys=True)[:100_000] for value in (expected, got))
    at = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, at - 60)
    return f"reference …{one[start : at + 80]}… ours …{other[start : at + 80]}…"


if __name__ == "__main__":
    sys.exit(main())
