"""The executable beside the reference and the source: size, start, memory, and speed against the source.

`make binary-figures` prints it; nothing is asserted. `--quick` leaves the speed out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import servers  # noqa: E402

ROWS = (
    "^(health|view one, user|list 20, 10k|filter . sort, 10k|expand one level|create|auth-refresh)$"
)
RUNTIME = "POCKETBASE_RUNTIME_DIR"


@dataclass(slots=True, frozen=True)
class Side:
    """One of the three that are compared."""

    name: str
    command: list[str]
    file: Path | None = None


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executable", default=str(servers.EXECUTABLE))
    parser.add_argument("--quick", action="store_true", help="leave the speed out")
    parser.add_argument("--seconds", default="3", help="length of each run under load (3)")
    options = parser.parse_args()
    executable = Path(options.executable)
    theirs = servers.reference_command()
    sides = [
        Side("reference", theirs, Path(theirs[0])),
        Side("source", servers.ours_command()),
        Side("executable", [str(executable)], executable),
    ]
    with tempfile.TemporaryDirectory(prefix="pb_figures_") as scratch:
        os.environ[RUNTIME] = f"{scratch}/runtime"
        _table(sides, Path(scratch))
        if not options.quick:
            _speed(sides[1], sides[2], options.seconds)
    return 0


def _table(sides: list[Side], scratch: Path) -> None:
    print(f"{'':34}" + "".join(f"{side.name:>12}" for side in sides))
    rows: list[tuple[str, Callable[[Side], float]]] = [
        ("size of the file (MB)", _size),
        ("--version, very first (ms)", lambda side: _version(side, 1, fresh=True)),
        ("--version, later (ms)", lambda side: _version(side, 9)),
        ("first answer, very first (ms)", lambda side: _serve(side, scratch, fresh=True)[0]),
        ("first answer, later (ms)", lambda side: _later(side, scratch)),
        ("memory idle, whole tree (MB)", lambda side: _serve(side, scratch)[1]),
    ]
    for name, measure in rows:
        print(f"{name:34}" + "".join(f"{measure(side):12.1f}" for side in sides), flush=True)


def _size(side: Side) -> float:
    return side.file.stat().st_size / 1e6 if side.file else 0.0


def _version(side: Side, times: int, *, fresh: bool = False) -> float:
    taken = []
    for _ in range(times):
        if fresh:
            _forget()
        began = time.perf_counter()
        subprocess.run([*side.command, "--version"], capture_output=True, check=True)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _later(side: Side, scratch: Path) -> float:
    return statistics.median(_serve(side, scratch)[0] for _ in range(5))


def _serve(side: Side, scratch: Path, *, fresh: bool = False) -> tuple[float, float]:
    """Return milliseconds to the first answer and megabytes a second later."""
    data = scratch / side.name / "pb_data"
    if fresh:
        _forget()
        shutil.rmtree(data.parent, ignore_errors=True)
    data.parent.mkdir(exist_ok=True)
    server = servers.Server(side.command, data)
    began = time.perf_counter()
    server.spawn()
    server.wait_ready(pause=0.002)
    taken = (time.perf_counter() - began) * 1000
    time.sleep(1)
    memory = server.memory_mb()
    server.stop()
    return taken, memory


def _forget() -> None:
    shutil.rmtree(os.environ[RUNTIME], ignore_errors=True)


def _speed(source: Side, executable: Side, seconds: str) -> None:
    print("\nspeed: the source stands in the reference's place\n", flush=True)
    line = [sys.executable, str(ROOT / "scripts" / "bench"), "--rows", ROWS]
    line += ["--seconds", seconds]
    line += ["--theirs", " ".join(source.command), "--ours", " ".join(executable.command)]
    subprocess.run(line, check=False)


if __name__ == "__main__":
    sys.exit(main())
