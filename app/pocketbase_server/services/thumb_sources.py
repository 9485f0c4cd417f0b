"""Opening images that come from strangers: what they are, what decoding would cost, their pixels.

Nothing is decoded before its cost is known, and metadata is not even read where we do not need it.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

from pocketbase_server.services.thumb_headers import (
    ThumbError,
    look_at_jpeg,
    look_at_png,
    look_at_scans,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.JpegImagePlugin import JpegImageFile

BASELINE: Final = 100_000_000
"""Pixels of a JPEG that is decoded small, which costs time but no memory."""

_PIXEL: Final = {"1": 1, "L": 1, "P": 1, "LA": 4, "PA": 4, "I;16": 2}
"""Bytes of a decoded pixel by mode; 4 for all others."""
_ORIENTATION: Final = 0x112
_ANIMATED: Final = 0x02
_HEAD: Final = 32
_KEPT_BLOCKS: Final = 16


class Source:
    """An image that was opened but not decoded."""

    turn = 1
    """How the picture must be turned to stand upright, as EXIF numbers it."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self.kind = image.format or ""
        self.size: tuple[int, int] = image.size

    def prepare(self, wanted: tuple[int, int]) -> int:  # noqa: ARG002
        """Get ready to decode for a thumb of *wanted* pixels; return how many bytes that takes."""
        return self._image.width * self._image.height * _PIXEL.get(self._image.mode, 4)

    def load(self) -> Image:
        """Return the picture, decoded."""
        self._image.load()
        return self._image


class GifSource(Source):
    """The first picture of a GIF; COMPAT: without the canvas around it."""

    def __init__(self, image: Image) -> None:
        super().__init__(image)
        self._box: tuple[int, int, int, int] = image.tile[0][1]  # type: ignore[attr-defined]
        self.size = (self._box[2] - self._box[0], self._box[3] - self._box[1])

    def load(self) -> Image:
        """Return the picture, decoded."""
        image = super().load()
        return image if self.size == image.size else image.crop(self._box)


class JpegSource(Source):
    """A JPEG, which can be decoded at a half, a quarter or an eighth of its size."""

    _image: JpegImageFile

    def __init__(self, image: JpegImageFile) -> None:
        super().__init__(image)
        self.turn = _orientation(image)

    def prepare(self, wanted: tuple[int, int]) -> int:
        """Let it be decoded small; return how many bytes that takes."""
        image = self._image
        if image.width * image.height > BASELINE:
            raise ThumbError("the image is too large")
        kept = self._coefficients() if "progressive" in image.info else 0
        image.draft(None, (wanted[0] * 3 // 2, wanted[1] * 3 // 2))
        return kept + super().prepare(wanted)

    def _coefficients(self) -> int:
        """Return how many bytes are kept while a picture comes in several passes."""
        image = self._image
        if image.fp is not None:
            look_at_scans(image.fp)
        areas = [across * down for _, across, down, _ in image.layer]
        return 2 * image.width * image.height * sum(areas) // max(1, *areas)


class CostlySource(Source):
    """An image whose decoder holds more than the picture."""

    pixel: ClassVar[int]
    """Bytes that decoding takes for each pixel."""

    def prepare(self, wanted: tuple[int, int]) -> int:  # noqa: ARG002
        """Return how many bytes decoding takes."""
        return self.size[0] * self.size[1] * self.pixel


class AvifSource(CostlySource):
    """An AVIF, whose decoder keeps several copies of the picture."""

    pixel = 8


class WebpSource(CostlySource):
    """A WebP, decoded by the library itself: Pillow would keep four copies of the picture."""

    kind = "WEBP"
    pixel = 8

    def __init__(self, data: bytes, library: Any) -> None:
        from ctypes import byref, c_int

        self._data = data
        self._library = library
        width, height = c_int(), c_int()
        if not library.WebPGetInfo(data, _size(data), byref(width), byref(height)):
            raise ThumbError("the image is broken")
        self.size = (width.value, height.value)

    def load(self) -> Image:
        """Return the picture, decoded."""
        from ctypes import c_char

        from PIL import Image as Images

        width, height = self.size
        pixels = bytearray(width * height * 4)
        place = (c_char * len(pixels)).from_buffer(pixels)
        done = self._library.WebPDecodeRGBAInto(
            self._data, _size(self._data), place, _size(pixels), width * 4
        )
        if not done:
            raise ThumbError("the image is broken")
        return Images.frombuffer("RGBA", self.size, pixels, "raw", "RGBA", 0, 1)


class CopiedWebpSource(CostlySource):
    """A WebP, decoded by Pillow."""

    pixel = 16


def open_source(file: IO[bytes]) -> Source:
    """Return the image in *file*; raises `ThumbError`, or what the decoder raises."""
    from PIL import Image

    # NOTE: limits of our own, by memory, stand in for this one
    Image.MAX_IMAGE_PIXELS = None
    head = file.read(_HEAD)
    file.seek(0)
    if head.startswith(b"\x89PNG"):
        from PIL.PngImagePlugin import PngImageFile

        look_at_png(file)
        return Source(PngImageFile(file))
    if head.startswith(b"\xff\xd8\xff"):
        look_at_jpeg(file)
        return JpegSource(_jpeg(file))
    if head.startswith(b"GIF8"):
        from PIL.GifImagePlugin import GifImageFile

        return GifSource(GifImageFile(file))
    if head.startswith(b"RIFF"):
        return _webp(file, head)
    if head[4:8] == b"ftyp":
        return _avif(file)
    raise ThumbError("the image is of no kind that thumbs are made of")


def _avif(file: IO[bytes]) -> Source:
    from PIL import AvifImagePlugin

    # NOTE: each thread would have memory of its own
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    return AvifSource(AvifImagePlugin.AvifImageFile(file))


# -- JPEG


def _jpeg(file: IO[bytes]) -> JpegImageFile:
    from PIL import JpegImagePlugin as Jpeg

    read: Any = _read_block
    for code, (name, description, _) in list(Jpeg.MARKER.items()):
        if name.startswith(("APP", "COM")):
            Jpeg.MARKER[code] = (name, description, read)
    # NOTE: not by `Image.open()`, which makes something else of photographs with a second picture
    return Jpeg.JpegImageFile(file)


def _read_block(image: JpegImageFile, code: int) -> None:
    """Read a block of metadata if it matters; all others are passed over.

    SECURITY: Pillow keeps them all, and joins those of EXIF in time that grows with their square.
    """
    from PIL.JpegImagePlugin import APP, Skip

    blocks = image.applist
    is_wanted = code in {0xFFE0, 0xFFE1, 0xFFEE} and len(blocks) < _KEPT_BLOCKS
    if is_wanted and not (code == 0xFFE1 and "exif" in image.info):  # noqa: PLR2004
        APP(image, code)
    else:
        Skip(image, code)
        blocks.append(("", b""))


def _orientation(image: Image) -> int:
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a damaged EXIF block is as good as none
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1  # noqa: PLR2004


# -- WebP


def _webp(file: IO[bytes], head: bytes) -> Source:
    if head[12:16] == b"VP8X" and head[20] & _ANIMATED:
        # COMPAT: the reference has no thumbs of those, and they stay in motion
        raise ThumbError("the image is animated")
    library = _webp_library()
    if library is not None:
        return WebpSource(file.read(), library)
    from PIL.WebPImagePlugin import WebPImageFile

    return CopiedWebpSource(WebPImageFile(io.BytesIO(file.read())))


def _webp_library() -> Any:
    """Return the library that came with Pillow; None where it cannot be called."""
    try:
        import ctypes

        from PIL import _webp

        library = ctypes.CDLL(_webp.__file__)
        library.WebPGetInfo.restype = ctypes.c_int
        library.WebPDecodeRGBAInto.restype = ctypes.c_void_p
    except (ImportError, OSError, AttributeError):
        return None
    return library


def _size(data: bytes | bytearray) -> Any:
    from ctypes import c_size_t

    return c_size_t(len(data))
