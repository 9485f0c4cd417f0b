"""Makes thumbs, in a process of its own: `python thumb_maker.py` reads jobs and writes outcomes.

It stands alone, imports nothing of ours and limits its own memory: what comes in is other people's
images, and the worst of them may end this process, never the server.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

ROLE_VARIABLE: Final = "POCKETBASE_ROLE"
ROLE: Final = "thumb-maker"
"""Variable and value by which a released executable is told to be this process."""

MEMORY: Final = 640 << 20
"""Address space of the process, its libraries included."""
DECODED: Final = 96 << 20
"""Bytes an image may take in memory."""
TARGET: Final = 25_000_000
"""Pixels a thumb may have."""
BASELINE: Final = 100_000_000
"""Pixels of a JPEG that is decoded small, which costs time but no memory."""
IDLE_SECONDS: Final = 60

_SIZE: Final = re.compile(r"(\d+)x(\d+)([tbf]?)(?:\.(webp|avif))?\Z")
_PIXEL: Final = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4, "I;16": 2}
"""Bytes of a pixel by mode; 4 for all others."""
_HEAVY: Final = {"WEBP": 8, "AVIF": 8}
"""Bytes of a pixel in formats whose decoders hold several copies of the picture."""
_PROGRESSIVE: Final = 4
"""Bytes of a pixel that is decoded in several passes, however small it is to become."""
_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
_KINDS: Final = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}
_SIDEWAYS: Final = 5
_OPAQUE: Final = 255
_STRIP: Final = 1 << 20
_ORIENTATION: Final = 0x112


class ThumbError(Exception):
    """No thumb can, or may, be made of that image."""


class Size(NamedTuple):
    """What a thumb is to look like; a width or height of 0 follows from the other."""

    width: int
    height: int
    way: str
    """"" to crop at the centre, t at the top, b at the bottom, f to fit without cropping."""
    format: str
    """Of the thumb; "" to keep that of the image."""

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


def make_thumb(source: str, target: str, size: Size) -> str:
    """Write the thumb of the image at *source* to *target* and return its content type.

    Raises `ThumbError`, or whatever the image makes the decoder raise.
    """
    from PIL import Image

    # NOTE: limits of our own, by memory, stand below
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(source, formats=_FORMATS) as image:
        kind = image.format or ""
        turn = _orientation(image) if kind == "JPEG" else 1
        width, height = image.size
        if turn >= _SIDEWAYS:
            width, height = height, width
        wanted = size.of(width, height)
        if wanted[0] * wanted[1] > TARGET:
            raise ThumbError("the thumb would be too large")
        _prepare(image, wanted[::-1] if turn >= _SIDEWAYS else wanted)
        made = _resized(_turned(_shrunk(image, wanted), turn), wanted, size)
    return _save(made, target, size.format or ("PNG" if kind in _HEAVY else kind))


def _orientation(image: Image) -> int:
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a damaged EXIF block is as good as none
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1  # noqa: PLR2004


def _prepare(image: Image, wanted: tuple[int, int]) -> None:
    """Let a JPEG be decoded small; raise `ThumbError` when decoding would take too much memory."""
    pixels = image.width * image.height
    weight = _HEAVY.get(image.format or "", _PIXEL.get(image.mode, 4))
    if image.format == "JPEG":
        if pixels > BASELINE or (image.info.get("progressive") and pixels * _PROGRESSIVE > DECODED):
            raise ThumbError("the image is too large")
        image.draft(None, (wanted[0] * 2, wanted[1] * 2))
        pixels = image.width * image.height
    if pixels * weight > DECODED:
        raise ThumbError("the image is too large")


def _shrunk(image: Image, wanted: tuple[int, int]) -> Image:
    """Return the image in a mode that can be scaled, roughly shrunk first when it is far larger.

    PERF: strip by strip, so that no second copy of a large image is ever in memory.
    """
    from PIL import Image as Images

    image.load()
    mode = _mode(image)
    by = min(image.width, image.height) // (2 * max(wanted))
    if by <= 1:
        return _converted(image, mode)
    small = Images.new(mode, (-(-image.width // by), -(-image.height // by)))
    rows = max(1, _STRIP // (image.width * by)) * by
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        small.paste(_converted(strip, mode).reduce(by), (0, top // by))
    return small


def _mode(image: Image) -> str:
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


def _resized(image: Image, wanted: tuple[int, int], size: Size) -> Image:
    from PIL.Image import Resampling

    box = (0.0, 0.0, float(image.width), float(image.height))
    if size.width and size.height and size.way != "f":
        box = _crop(image.width, image.height, wanted, size.way)
    if image.size == wanted and box[2:] == image.size:
        return image
    return image.resize(wanted, Resampling.BICUBIC, box=box)


def _crop(
    width: int, height: int, wanted: tuple[int, int], way: str
) -> tuple[float, float, float, float]:
    """Return the largest part of an image that has the proportions of the thumb."""
    if width * wanted[1] > wanted[0] * height:
        part = height * wanted[0] / wanted[1]
        left = (width - part) / 2
        return left, 0.0, left + part, float(height)
    part = width * wanted[1] / wanted[0]
    top = {"t": 0.0, "b": height - part}.get(way, (height - part) / 2)
    return 0.0, top, float(width), top + part


def _save(image: Image, target: str, kind: str) -> str:
    mode = "RGBA" if kind != "JPEG" and _is_clear(image) else "RGB"
    options: dict[str, Any] = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 6}}.get(kind, {})
    _converted(image, mode).save(target, kind, **options)
    return _KINDS[kind]


def _is_clear(image: Image) -> bool:
    """Tell whether anything of a picture can be seen through."""
    if image.mode != "RGBA":
        return False
    extrema: Any = image.getextrema()
    least: int = extrema[3][0]
    return least < _OPAQUE


# -- the process


def main() -> None:
    """Answer one line of JSON with another until the input ends, or nothing comes for a while."""
    limit_memory()
    out = sys.stdout
    while _has_input():
        line = sys.stdin.readline()
        if not line:
            return
        out.write(json.dumps(_answer(json.loads(line))) + "\n")
        out.flush()


def _answer(job: dict[str, str]) -> dict[str, str]:
    size = parse_size(job["size"])
    if size is None:
        return {"error": "no such size"}
    try:
        return {"type": make_thumb(job["source"], job["target"], size)}
    except Exception as ex:  # noqa: BLE001 - told to whoever asked
        return {"error": f"{type(ex).__name__}: {ex}"}


def _has_input() -> bool:
    try:
        import select

        return bool(select.select([sys.stdin], [], [], IDLE_SECONDS)[0])
    except (OSError, ValueError):
        return True  # no such call for pipes on this system: wait for ever


def limit_memory() -> None:
    """Refuse to grow beyond `MEMORY`, where the system can hold a process to that."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
