"""Reading little of a file."""

from __future__ import annotations

import os
from typing import Final

_BINARY: Final = getattr(os, "O_BINARY", 0)


def read_at_once(place: str, size: int, start: int = 0) -> bytes:
    """Return up to *size* bytes of the file at *place*, from *start* on; raises `OSError`.

    PERF: for a few kilobytes; a file object costs more than they do.
    """
    handle = os.open(place, os.O_RDONLY | _BINARY)
    try:
        if start:
            os.lseek(handle, start, os.SEEK_SET)
        return os.read(handle, size)
    finally:
        os.close(handle)
