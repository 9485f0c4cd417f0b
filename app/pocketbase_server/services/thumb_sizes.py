"""What a thumb is to look like: sizes as they are written, and the part of the image they show."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SIZE: Final = re.compile(r"(\d+)x(\d+)([tbf]?)(?:\.(webp|avif))?\Z")
_SIDEWAYS: Final = 5
_MIRRORED_ACROSS: Final = frozenset((2, 3, 7, 8))
_MIRRORED_DOWN: Final = frozenset((3, 4, 6, 7))
"""Orientations, as EXIF numbers them, by what they do to the axes of the picture as it is stored."""

Box = tuple[float, float, float, float]


class Size(NamedTuple):
    """What a thumb is to look like; a width or height of 0 follows from the other."""

    width: int
    height: int
    way: str
    """"" to crop at the centre, t at the top, b at the bottom, f to fit without cropping."""
    format: str
    """Of the thumb; "" to keep that of the image."""

    @property
    def crops(self) -> bool:
        """Whether a part of the image is left out when it has other proportions."""
        return bool(self.width and self.height) and self.way != "f"

    def of(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of the thumb of an image."""
        if not self.width or not self.height:
            return self._scaled(width, height)
        if self.way != "f":
            return self.width, self.height
        if width <= self.width and height <= self.height:
            return width, height
        # COMPAT: rounded down, as the reference does
        if width * self.height > self.width * height:
            return self.width, max(1, self.width * height // width)
        return max(1, self.height * width // height), self.height

    def _scaled(self, width: int, height: int) -> tuple[int, int]:
        if self.width:
            return self.width, max(1, int(self.width * height / width + 0.5))
        return max(1, int(self.height * width / height + 0.5)), self.height


def parse_size(text: str) -> Size | None:
    """Return the size that *text* (`100x100`, `0x50`, `70x50t`) means, or None."""
    found = _SIZE.match(text)
    if found is None:
        return None
    size = Size(int(found[1]), int(found[2]), found[3], (found[4] or "").upper())
    return size if size.width or size.height else None


def turned(size: tuple[int, int], turn: int) -> tuple[int, int]:
    """Return width and height after, or before, the turn that an orientation asks for."""
    return size[::-1] if turn >= _SIDEWAYS else size


def shown(size: Size, wanted: tuple[int, int], stored: tuple[int, int], turn: int) -> Box:
    """Return the part of a picture, as it is stored, that a thumb of *wanted* pixels shows."""
    width, height = turned(stored, turn)
    if not size.crops:
        return 0.0, 0.0, float(stored[0]), float(stored[1])
    return _stored(_crop(width, height, wanted, size.way), stored, turn)


def _crop(width: int, height: int, wanted: tuple[int, int], way: str) -> Box:
    """Return the largest part of an upright image that has the proportions of the thumb."""
    if width * wanted[1] > wanted[0] * height:
        part = height * wanted[0] / wanted[1]
        left = (width - part) / 2
        return left, 0.0, left + part, float(height)
    part = width * wanted[1] / wanted[0]
    top = {"t": 0.0, "b": height - part}.get(way, (height - part) / 2)
    return 0.0, top, float(width), top + part


def _stored(box: Box, stored: tuple[int, int], turn: int) -> Box:
    """Return where a part of an upright image lies in the picture as it is stored."""
    left, top, right, bottom = box
    if turn >= _SIDEWAYS:
        left, top, right, bottom = top, left, bottom, right
    if turn in _MIRRORED_ACROSS:
        left, right = stored[0] - right, stored[0] - left
    if turn in _MIRRORED_DOWN:
        top, bottom = stored[1] - bottom, stored[1] - top
    return left, top, right, bottom
