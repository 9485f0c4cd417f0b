"""Makes thumbs, in a process of its own: `python thumb_maker.py` reads jobs and writes outcomes.

It loads nothing of the server and limits its own memory and time: what comes in is other people's
images, and the worst of them may end this process, never the server.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pocketbase_server.services.thumb_pictures import make_thumb
from pocketbase_server.services.thumb_sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

ROLE_VARIABLE: Final = "POCKETBASE_ROLE"
ROLE: Final = "thumb-maker"
"""Variable and value by which a released executable is told to be this process."""

MEMORY: Final = 124 << 20
"""Bytes by which the process may grow."""
CPU_SECONDS: Final = 4
"""Of computing for one thumb; then the system ends the process."""
HEAVY: Final = 32 << 20
"""Images that take more memory are decoded one at a time, by all processes of a directory."""
LOCK_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 60

Outcome = dict[str, str]
"""`type` of the thumb, or `error`, or `busy`; `last` says that the process ends itself now."""


class BusyError(Exception):
    """Too many thumbs are being made."""


def main() -> None:
    """Answer one line of JSON with another until the input ends, or nothing comes for a while."""
    limit_memory()
    out = sys.stdout
    while _has_input():
        line = sys.stdin.readline()
        if not line:
            return
        limit_time()
        outcome = answer(json.loads(line))
        out.write(json.dumps(outcome) + "\n")
        out.flush()
        if "last" in outcome:
            return


def answer(job: dict[str, str]) -> Outcome:
    """Carry out a job (`source`, `target`, `size`, `lock`) and return the outcome."""
    size = parse_size(job["size"])
    if size is None:
        return {"error": "no such size"}
    line = _Line(job.get("lock", ""))
    try:
        with line.left_at_the_end():
            outcome = {"type": make_thumb(job["source"], job["target"], size, line.admit)}
    except BusyError:
        return {"busy": "too many large images are in line"}
    except MemoryError:
        return {"error": "the image takes too much memory", "last": "yes"}
    except Exception as ex:  # noqa: BLE001 - told to whoever asked
        outcome = {"error": f"{type(ex).__name__}: {ex}"}
    # NOTE: allocators keep what they were given; a new process has none of it
    return {**outcome, "last": "yes"} if line.is_heavy else outcome


class _Line:
    """Where heavy images wait for each other: a lock on a file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.is_heavy = False

    def admit(self, weight: int) -> None:
        """Return when an image of *weight* bytes may be decoded; raises `BusyError`."""
        self.is_heavy = weight > HEAVY
        if self.is_heavy and self._path:
            self._file = Path(self._path).open("ab")  # noqa: SIM115 - closed when the job is done
            self._lock(self._file.fileno())

    @staticmethod
    def _lock(handle: int) -> None:
        try:
            import fcntl
        except ImportError:
            return
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > end:
                    raise BusyError from None
                time.sleep(0.02)
            else:
                return

    @contextmanager
    def left_at_the_end(self) -> Iterator[None]:
        try:
            yield
        finally:
            if self._file is not None:
                self._file.close()


def _has_input() -> bool:
    try:
        import select

        return bool(select.select([sys.stdin], [], [], IDLE_SECONDS)[0])
    except (OSError, ValueError):
        return True  # no such call for pipes on this system: wait for ever


def limit_memory() -> None:
    """Refuse to grow by more than `MEMORY`, where the system can hold a process to that."""
    import PIL.Image  # noqa: F401 - counts as what we begin with

    try:
        import resource

        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        return


def limit_time() -> None:
    """Have the process ended when the next thumb takes more than `CPU_SECONDS` of computing."""
    try:
        import resource

        most = int(time.process_time()) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
