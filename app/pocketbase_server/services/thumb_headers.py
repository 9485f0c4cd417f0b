"""A first look at images that come from strangers, before a decoder walks through their blocks.

Decoders take a moment for each block of a file, so a few MB of empty ones would keep them busy for seconds.
"""

from __future__ import annotations

from typing import IO, Final

BLOCKS: Final = 4096
"""Blocks that may come before the picture of a JPEG."""
CHUNKS: Final = 32_768
"""Blocks of a PNG; the picture itself comes in pieces of 4 kB or more."""
SCANS: Final = 64
"""Passes in which a JPEG may come; encoders make about ten."""

_PIECE: Final = 1 << 20
_FILL, _SCAN = 0xFF, 0xDA
_BARE: Final = frozenset((0x00, 0x01, *range(0xD0, 0xD9), _FILL))
"""Marks that have no block behind them."""


class ThumbError(Exception):
    """No thumb can, or may, be made of that image."""


def look_at_jpeg(file: IO[bytes]) -> None:
    """Raise `ThumbError` when too many blocks come before the picture."""
    file.seek(2)
    for _ in range(BLOCKS):
        head = file.read(2)
        if len(head) < len(b"\xff\xda") or head[0] != _FILL or head[1] == _SCAN:
            break
        if head[1] in _BARE:
            file.seek(-1 if head[1] == _FILL else 0, 1)
        else:
            file.seek(max(0, int.from_bytes(file.read(2), "big") - 2), 1)
    else:
        raise ThumbError("the image has too much metadata")
    file.seek(0)


def look_at_png(file: IO[bytes]) -> None:
    """Raise `ThumbError` when there are too many blocks."""
    file.seek(8)
    for _ in range(CHUNKS):
        length = file.read(4)
        if len(length) < len(b"size"):
            break
        file.seek(int.from_bytes(length, "big") + 8, 1)
    else:
        raise ThumbError("the image has too many pieces")
    file.seek(0)


def look_at_scans(file: IO[bytes]) -> None:
    """Raise `ThumbError` when a JPEG comes in too many passes.

    SECURITY: each takes time for the whole picture, however few bytes it has.
    """
    at = file.tell()
    file.seek(0)
    count, last = 0, b""
    while piece := file.read(_PIECE):
        count += (last + piece).count(b"\xff\xda")
        last = piece[-1:]
    file.seek(at)
    if count > SCANS:
        raise ThumbError("the image comes in too many passes")
