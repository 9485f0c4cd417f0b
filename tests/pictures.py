"""Images for tests of thumbs: ordinary ones of many pixels, and such as only ill will makes."""

from __future__ import annotations

import io
import struct
import zlib

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ORIENTED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
"""An EXIF block that asks for a quarter turn."""


def picture(kind="PNG", size=(100, 60), mode="RGB", **options):
    """Return an image of one colour."""
    from PIL import Image

    out = io.BytesIO()
    made = Image.new(mode, size)
    if kind == "MPO":
        options |= {"save_all": True, "append_images": [Image.new(mode, size)]}
    made.save(out, kind, **options)
    return out.getvalue()


def chunk(name, content):
    """Return one block of a PNG."""
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def png(width, height, color=2, depth=8, *, interlaced=False, extra=b""):
    """Return a PNG that is small however many pixels it has; *extra* comes before the picture."""
    bits = PNG_CHANNELS[color] * depth
    if interlaced:
        starts = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]  # fmt: skip
        passes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in starts]
    else:
        passes = [(width, height)]
    packer, data = zlib.compressobj(1), b""
    for across, down in passes:
        row = bytes(1 + (across * bits + 7) // 8)
        data += b"".join(packer.compress(row) for _ in range(down))
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(768)) if color == 3 else b""
    body = chunk(b"IDAT", data + packer.flush())
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + palette + extra + body + chunk(b"IEND", b"")
    )


def with_blocks(jpeg, mark, content, times):
    """Return a JPEG with blocks of metadata before all else."""
    block = bytes((0xFF, mark)) + struct.pack(">H", len(content) + 2) + content
    return jpeg[:2] + block * times + jpeg[2:]


def with_passes(jpeg, times):
    """Return a progressive JPEG whose last pass comes many times."""
    begin = jpeg.rfind(b"\xff\xc4", 0, jpeg.rfind(b"\xff\xda"))
    return jpeg[:-2] + jpeg[begin:-2] * times + jpeg[-2:]


def animated(kind, size):
    """Return an image of two pictures."""
    from PIL import Image

    out = io.BytesIO()
    first, second = (Image.new("RGB", size, colour) for colour in ("red", "blue"))
    first.save(out, kind, save_all=True, append_images=[second])
    return out.getvalue()
