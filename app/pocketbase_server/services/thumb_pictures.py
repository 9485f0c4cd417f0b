"""Making one thumb: a picture scaled strip by strip, so that no second copy of it is in memory."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.services.thumb_headers import ThumbError
from pocketbase_server.services.thumb_sizes import Box, Size, shown, turned
from pocketbase_server.services.thumb_sources import open_source

if TYPE_CHECKING:
    from PIL.Image import Image

DECODED: Final = 104 << 20
"""Bytes that decoding an image may take."""
TARGET: Final = 25_000_000
"""Pixels a thumb may have."""

_KINDS: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
_MADE_AS: Final = {"WEBP": "PNG", "AVIF": "PNG"}
"""COMPAT: what thumbs of some kinds of images are."""
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 90},
    "PNG": {"compress_level": 6},
}
_OPAQUE: Final = 255
_STRIP: Final = 1 << 20
_SAMPLE: Final = (160, 160)

Admit = Callable[[int], None]
"""Told how many bytes decoding takes, before it begins; waits, or raises."""


def make_thumb(source: str, target: str, size: Size, admit: Admit = lambda _: None) -> str:
    """Write the thumb of the image at *source* to *target* and return its content type.

    Raises `ThumbError`, or whatever the image makes the decoder raise.
    """
    with Path(source).open("rb") as file:
        opened = open_source(file)
        turn, wanted = opened.turn, size.of(*turned(opened.size, opened.turn))
        if wanted[0] * wanted[1] > TARGET:
            raise ThumbError("the thumb would be too large")
        weight = opened.prepare(turned(wanted, turn))
        if weight > DECODED:
            raise ThumbError("the image is too large")
        admit(weight)
        image = opened.load()
        box = shown(size, wanted, image.size, turn)
        made = _turned(_scaled(image, turned(wanted, turn), box), turn)
        return _save(made, target, size.format or _MADE_AS.get(opened.kind, opened.kind))


def _scaled(image: Image, wanted: tuple[int, int], box: Box) -> Image:
    """Return the part *box* of an image at the size *wanted*.

    PERF: each strip is averaged down to about twice what is wanted, then made as wide as the thumb;
    the height follows at the end.
    """
    from PIL import Image as Images

    left, top, right, bottom = box
    across = _step(right - left, wanted[0])
    down = _step(bottom - top, wanted[1])
    first, last = floor(left), ceil(right)
    begin, end = floor(top), ceil(bottom)
    span = ((left - first) / across, (right - first) / across)
    mode = _mode(image)
    narrow = Images.new(mode, (wanted[0], -(-(end - begin) // down)))
    rows = max(1, _STRIP // ((last - first) * down)) * down
    for start in range(begin, end, rows):
        strip = _converted(image.crop((first, start, last, min(end, start + rows))), mode)
        narrow.paste(
            _narrowed(strip, (across, down), wanted[0], span), (0, (start - begin) // down)
        )
    return _resized(
        narrow, wanted, (0.0, (top - begin) / down, float(wanted[0]), (bottom - begin) / down)
    )


def _step(length: float, wanted: int) -> int:
    """Return how many pixels can be averaged into one without harm."""
    return max(1, int(length / (2 * wanted)))


def _narrowed(strip: Image, steps: tuple[int, int], width: int, span: tuple[float, float]) -> Image:
    small = strip.reduce(steps) if steps != (1, 1) else strip
    return _resized(small, (width, small.height), (span[0], 0.0, span[1], float(small.height)))


def _resized(image: Image, wanted: tuple[int, int], box: Box) -> Image:
    from PIL.Image import Resampling

    return image.resize(wanted, Resampling.BICUBIC, box=box)


def _mode(image: Image) -> str:
    """Return the mode in which an image can be scaled."""
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        return "RGBA"
    return image.mode if image.mode in {"L", "CMYK"} else "RGB"


def _converted(image: Image, mode: str) -> Image:
    if image.mode.startswith("I;16"):
        # NOTE: Pillow would cut 16 bits off instead of scaling them down
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    return image if image.mode == mode else image.convert(mode)


def _turned(image: Image, turn: int) -> Image:
    from PIL.Image import Transpose

    ways = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(ways[turn]) if turn in ways else image


def _save(image: Image, target: str, kind: str) -> str:
    mode = "RGBA" if kind != "JPEG" and _is_clear(image) else "RGB"
    made = _converted(image, mode)
    if kind == "GIF" and mode == "RGB":
        made = _with_palette(made)
    made.save(target, kind, **_OPTIONS.get(kind, {}))
    return _KINDS[kind]


def _with_palette(image: Image) -> Image:
    """Return the image in 256 colours; PERF: those of all its pixels take 20 times as long to find."""
    sample = image.copy()
    sample.thumbnail(_SAMPLE)
    return image.quantize(palette=sample.quantize())


def _is_clear(image: Image) -> bool:
    """Tell whether anything of a picture can be seen through."""
    if image.mode != "RGBA":
        return False
    extrema: Any = image.getextrema()
    least: int = extrema[3][0]
    return least < _OPAQUE
