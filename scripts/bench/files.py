"""
`make bench-files`: files of records, the reference and ours in turn.

Downloads are driven by wrk; uploads and thumbs, of which each can be asked for only once, by a few
threads of our own. Both servers get copies of one directory that the reference has filled.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts import servers
from scripts.bench import load
from scripts.bench.report import Report
from scripts.bench.rows import Request, Row
from scripts.http_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

COLLECTION = {
    "name": "bench",
    "type": "base",
    **{f"{verb}Rule": "" for verb in ("list", "view", "create")},
    "fields": [{"type": "file", "name": "f", "maxSize": 20 << 20, "thumbs": ["300x0"]}],
}
RECORDS = "/api/collections/bench/records"
IMAGES, THREADS, UPLOADS = 80, 4, 120
BOUNDARY = "bench-boundary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(name: str, data: bytes) -> bytes:
    """Return a multipart body with one file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="{name}"\r\n\r\n'
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def photo(seed: int) -> bytes:
    """Return a JPEG of 1600 x 1200 with as much in it as a photograph has."""
    from PIL import Image

    noise = Image.effect_noise((400, 300), 60 + seed % 40).resize((1600, 1200))
    made = Image.merge("RGB", (noise, noise.transpose(0), noise.transpose(1)))
    out = io.BytesIO()
    made.save(out, "JPEG", quality=85)
    return out.getvalue()


def fill(command: list[str], where: Path) -> dict[str, list[str]]:
    """Fill a new directory and return the paths of its files by kind."""
    servers.make_superuser(command, where)
    with servers.Server(command, where, ("--automigrate=false",)) as server:
        root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        root.must("POST", "/api/collections", COLLECTION)
        files = {
            "small": [("s.bin", os.urandom(10 << 10)) for _ in range(20)],
            "large": [("l.bin", os.urandom(10 << 20)) for _ in range(2)],
            "photo": [("p.jpg", photo(n)) for n in range(IMAGES)],
        }
        return {
            kind: [put(root, name, data) for name, data in some] for kind, some in files.items()
        }


def put(client: Client, name: str, data: bytes) -> str:
    """Store a file and return its path."""
    answer = client.ask("POST", RECORDS, form(name, data), FORM)
    if answer.status != 200:
        raise RuntimeError(answer.text)
    record = answer.json()
    return f"/api/files/bench/{record['id']}/{record['f']}"


def each_once(server: servers.Server, acts: list[Callable[[Client], None]]) -> load.Outcome:
    """Carry out every act once, a few at a time."""
    clients = [Client(server.port) for _ in range(THREADS)]
    taken: list[float] = []

    def run(at: int) -> None:
        for act in acts[at::THREADS]:
            begin = time.perf_counter()
            act(clients[at])
            taken.append((time.perf_counter() - begin) * 1000)

    before, begin = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))
    seconds = time.perf_counter() - begin
    spent = server.cpu_seconds() - before
    taken.sort()
    return load.Outcome(
        rate=len(acts) / seconds,
        p50_ms=taken[len(taken) // 2],
        p99_ms=taken[int(len(taken) * 0.99) - 1],
        cpu_us=spent * 1e6 / len(acts),
        failed=0,
        socket_errors=0,
    )


def fetch(path: str) -> Callable[[Client], None]:
    """Return what gets a path and expects a picture."""

    def act(client: Client) -> None:
        answer = client.ask("GET", path)
        if answer.status != 200 or "300x0_" not in answer.headers["content-disposition"]:
            raise RuntimeError(f"{path}: {answer.status}")

    return act


def main() -> int:
    """Run the bench and return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", metavar="REGEX", default="", help="only rows that match")
    parser.add_argument("--seconds", type=float, default=3, help="length of each run (3)")
    options = parser.parse_args()
    trouble = load.missing()
    if trouble:
        print(trouble, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pb_bench_files_") as scratch:
        _run(Path(scratch), options)
    return 0


def _run(home: Path, options: argparse.Namespace) -> None:
    commands = {"reference": servers.reference_command(), "ours": servers.ours_command()}
    paths = fill(commands["reference"], home / "seed")
    sides = []
    for name, command in commands.items():
        shutil.copytree(home / "seed", home / name / "pb_data")
        sides.append(servers.Server(command, home / name / "pb_data"))
    report = Report()
    report.head()
    try:
        for server in sides:
            server.start()
        for name, measure in _measures(paths, options.seconds, home).items():
            if re.search(options.rows, name):
                report.row(name, *[measure(server) for server in sides])
    finally:
        for server in sides:
            server.stop()


def _measures(
    paths: dict[str, list[str]], seconds: float, home: Path
) -> dict[str, Callable[[servers.Server], load.Outcome]]:
    def wrk(kind: str, connections: int, query: str = "") -> Callable[..., load.Outcome]:
        requests = [Request(path + query) for path in paths[kind]]
        row = Row(kind, lambda _: requests, connections=connections)
        return lambda server: load.drive(server, row, requests, seconds, home)

    photos = [fetch(f"{path}?thumb=300x0") for path in paths["photo"]]
    data = os.urandom(1 << 20)
    uploads = [lambda client: put(client, "u.bin", data) for _ in range(UPLOADS)]
    return {
        "download 10 kB": wrk("small", 64),
        "download 10 MB": wrk("large", 8),
        "upload 1 MB": lambda server: each_once(server, uploads),  # type: ignore[arg-type]
        "first thumb": lambda server: each_once(server, photos),
        "cached thumb": wrk("photo", 64, "?thumb=300x0"),
    }


if __name__ == "__main__":
    sys.exit(main())
