"""Thumbs: made once, in processes of their own, within bounds."""

from __future__ import annotations

import io
import struct
import threading
import zlib

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.kit.upload import Upload
from pocketbase_server.services.thumb_maker import make_thumb, parse_size


@pytest.fixture
def app(tmp_path):
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


def picture(kind="PNG", size=(100, 60), mode="RGB", **options):
    from PIL import Image

    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


def bomb(width, height, channels=3):
    """Return a small PNG of many pixels."""
    kind = {1: 0, 3: 2, 4: 6}[channels]
    packer = zlib.compressobj(9)
    row = bytes(1 + width * channels)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("100x100", (100, 100)),
        ("30x0", (30, 18)),
        ("0x30", (50, 30)),
        ("40x20t", (40, 20)),
        ("40x20f", (33, 20)),
        ("200x200f", (100, 60)),
        ("20x20.webp", (20, 20)),
        ("0x0", None),
        ("", None),
        ("10x", None),
        ("10x10x", None),
        ("10x10.bmp", None),
    ],
)
def test_sizes(text, wanted):
    """
    What a size makes of an image of 100 x 60.
    """
    size = parse_size(text)

    assert (size.of(100, 60) if size else None) == wanted


def test_formats_of_choice(tmp_path):
    """
    A size may name the format of its thumbs.
    """
    (tmp_path / "a").write_bytes(picture())
    kinds = [
        make_thumb(str(tmp_path / "a"), str(tmp_path / "b"), parse_size(text))
        for text in ("20x20", "20x20.webp", "20x20.avif")
    ]

    assert kinds == ["image/png", "image/webp", "image/avif"]


def test_many_who_ask_at_once_get_one_thumb(app, monkeypatch):
    """
    However many ask, it is made once.
    """
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", picture()))
    asked, made = [], app.thumbs._makers.make
    monkeypatch.setattr(
        app.thumbs._makers, "make", lambda job, wait: (asked.append(job), made(job, wait))
    )
    found = []

    def ask():
        found.append(app.thumbs.make("c/r/a.png", "c/r/thumbs_a.png/9x9_a.png", "9x9"))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [True] * 12
    assert len(asked) == 1
    assert app.files.storage.info("c/r/thumbs_a.png/9x9_a.png").content_type == "image/png"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: bomb(16_000, 16_000), id="256 megapixels"),
        pytest.param(lambda: bomb(10_000, 10_000), id="100 megapixels"),
        pytest.param(lambda: bomb(60_000, 2_000, 4), id="wide"),
        pytest.param(lambda: picture()[:50], id="cut off"),
        pytest.param(lambda: b"\x89PNG\r\n\x1a\n" + b"x" * 100, id="garbage"),
        pytest.param(lambda: picture("WEBP", (6000, 6000)), id="webp"),
        pytest.param(
            lambda: picture("JPEG", (9000, 8000), mode="L", progressive=True), id="progressive"
        ),
    ],
)
def test_what_is_no_thumb(app, data):
    """
    Images that are broken or too large are refused, once and for all, at no cost.
    """
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", data()))

    assert not app.thumbs.make("c/r/a.png", "c/r/t/9x9_a.png", "9x9")
    assert not app.thumbs.make("c/r/a.png", "c/r/t/9x9_a.png", "9x9")
    assert not any(app.dir.temp.iterdir())


def test_a_process_that_dies_is_replaced(app):
    """
    The end of one process costs nobody a thumb.
    """
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", picture()))

    assert app.thumbs.make("c/r/a.png", "c/r/t/1x1_a.png", "1x1")
    for maker in app.thumbs._makers._idle:
        maker.kill()
    assert app.thumbs.make("c/r/a.png", "c/r/t/2x2_a.png", "2x2")
