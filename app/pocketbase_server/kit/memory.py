"""Memory of this process: what starting needed is given back."""

from __future__ import annotations

import re
import threading
from typing import Final

_SMAPS: Final = "/proc/self/smaps"
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ +(/.*)\Z")
_DONT_NEED: Final = 4
"""MADV_DONTNEED of Linux."""
_STARTED_SECONDS: Final = 0.5


def release_program_pages() -> int:
    """Give back the pages of program files that nobody wrote to, and return how many bytes that are.

    PERF: an executable is read from end to end when it starts: some 50 MB in all its processes, of which
    a tenth is ever needed again. What is needed comes back by itself, from the system's file cache.
    """
    try:
        with open(_SMAPS) as file:  # noqa: PTH123 - read once, at start
            mappings = clean_mappings(file.read().splitlines())
        import ctypes

        advise = ctypes.CDLL(None).madvise
    except (ImportError, OSError, AttributeError):  # another system
        return 0
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return sum(
        end - start for start, end in mappings if advise(start, end - start, _DONT_NEED) == 0
    )


def clean_mappings(lines: list[str]) -> list[tuple[int, int]]:
    """Return start and end of the mapped files in *lines*, as `/proc/PID/smaps` has them, that hold nothing of ours.

    SECURITY: a page that was written to would be lost; a mapping with one such page is left alone, and
    all are where nothing was written to at all: there (under an emulator) nobody counts.
    """
    clean: list[tuple[int, int]] = []
    found: tuple[int, int] | None = None
    is_counted = False
    for line in lines:
        mapping = _MAPPING.match(line)
        if mapping is not None:
            found = (int(mapping[1], 16), int(mapping[2], 16)) if mapping[3][1] != "w" else None
        elif line.startswith("Anonymous:"):
            is_written = line.split()[1] != "0"
            is_counted |= is_written
            if found is not None and not is_written:
                clean.append(found)
            found = None
    return clean if is_counted else []


def release_soon() -> None:
    """Give back what starting needed, once starting is over."""
    timer = threading.Timer(_STARTED_SECONDS, release_program_pages)
    timer.daemon = True
    timer.start()
