"""Memory of this process: what starting needed is given back."""

from __future__ import annotations

import re
import threading
import time
from typing import Final

_SMAPS: Final = "/proc/self/smaps"
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(/.*)\Z")
_OF_OURS: Final = ("Anonymous:", "Swap:")
"""What counts the pages of a mapping that are no longer as they are in the file."""
_DONT_NEED: Final = 4
"""MADV_DONTNEED of Linux."""
_SETTLED_SECONDS: Final = 0.5

Mappings = set[tuple[int, int, str]]
"""Start, end and path of mapped files."""


def release_program_pages(settled_seconds: float = _SETTLED_SECONDS) -> int:
    """Give back the pages of program files that nobody wrote to, and return how many bytes that are.

    PERF: an executable is read from end to end when it starts: some 50 MB in all its processes, of which
    a tenth is ever needed again. What is needed comes back by itself, from the system's file cache.

    SECURITY: a library that another thread is loading is mapped whole before its own addresses are
    written into it, and would lose them. Only what lay there *settled_seconds* ago already, and just so, goes.
    """
    try:
        before = _look()
        import ctypes

        advise = ctypes.CDLL(None).madvise
        time.sleep(settled_seconds)
        mappings = before & _look()
    except (ImportError, OSError, AttributeError):  # another system
        return 0
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return sum(
        end - start for start, end, _ in mappings if advise(start, end - start, _DONT_NEED) == 0
    )


def _look() -> Mappings:
    with open(_SMAPS) as file:  # noqa: PTH123 - read once, at start
        return clean_mappings(file.read().splitlines())


def clean_mappings(lines: list[str]) -> Mappings:
    """Return the mapped files in *lines*, as `/proc/PID/smaps` has them, that hold nothing of ours.

    SECURITY: a page that was written to would be lost; a mapping with one such page is left alone, and
    all are where nothing was written to at all: there (under an emulator) nobody counts.
    """
    clean: Mappings = set()
    found: tuple[int, int, str] | None = None
    is_counted = False
    for line in lines:
        mapping = _MAPPING.match(line)
        if mapping is not None:
            found = None
            if mapping[3][1] != "w":
                found = (int(mapping[1], 16), int(mapping[2], 16), mapping[4])
                clean.add(found)
        elif line.startswith(_OF_OURS) and line.split()[1] != "0":
            is_counted = True
            if found is not None:
                clean.discard(found)
        elif line.startswith("VmFlags:"):
            found = None
    return clean if is_counted else set()


def release_soon() -> None:
    """Give back what starting needed, once starting is over."""
    threading.Thread(target=release_program_pages, name="release", daemon=True).start()
