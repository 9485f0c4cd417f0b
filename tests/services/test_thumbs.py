"""Thumbs: made once, in processes of their own, within bounds."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.kit.upload import Upload
from pocketbase_server.services import thumb_maker
from pocketbase_server.services.thumb_pictures import make_thumb
from pocketbase_server.services.thumb_sizes import parse_size, shown

from tests.pictures import (
    ORIENTED,
    animated,
    chunk,
    picture,
    png,
    with_blocks,
    with_passes,
)

MEMORY_MB = 150
"""What a process that makes thumbs may take in all."""
LARGE = (4000, 3000)


@pytest.fixture
def app(tmp_path):
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


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


@pytest.mark.parametrize(
    ("turn", "box"),
    [
        (1, (0, 0, 10, 10)),
        (2, (0, 0, 10, 10)),
        (3, (0, 10, 10, 20)),
        (4, (0, 10, 10, 20)),
        (5, (0, 0, 10, 10)),
        (6, (0, 0, 10, 10)),
        (7, (10, 0, 20, 10)),
        (8, (10, 0, 20, 10)),
    ],
)
def test_the_top_is_where_it_is_when_upright(turn, box):
    """
    Of a picture stored on its side or on its head, the part that stands at the top is shown.
    """
    stored = (10, 20) if turn < 5 else (20, 10)

    assert shown(parse_size("10x10t"), (10, 10), stored, turn) == box


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


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(3, 2), (64, 48), (3000, 2), (2, 3000), (1300, 1000)], ids=str)
def test_every_way_of_scaling(tmp_path, mode, size):
    """
    Small or large, wide or tall, enlarged or cropped: the thumb is as large as it is to be, and as white.
    """
    from PIL import Image

    white = {"I;16": 0xFFFF, "LA": (255, 255), "RGB": (255,) * 3, "RGBA": (255,) * 4, "1": 1}
    image = Image.new(mode, size, white.get(mode, 255))
    if mode == "P":
        image.putpalette([255] * 768)
    image.save(tmp_path / "a.png", "PNG")
    for text in ("40x0", "0x40", "40x30", "40x30t", "40x30b", "40x30f"):
        wanted = parse_size(text).of(*size)
        if max(wanted) > 50_000:
            continue
        make_thumb(str(tmp_path / "a.png"), str(tmp_path / "b"), parse_size(text))
        with Image.open(tmp_path / "b") as made:
            assert made.size == wanted, text
            assert made.convert("RGB").getextrema() == ((255, 255),) * 3, text


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


# -- what it costs

MADE = {
    "a photograph": lambda: picture("JPEG", LARGE),
    "a photograph with a small one": lambda: picture("MPO", LARGE),
    "a turned photograph": lambda: picture("JPEG", LARGE, exif=ORIENTED),
    "50 megapixels": lambda: picture("JPEG", (8200, 6100)),
    "in passes": lambda: picture("JPEG", LARGE, progressive=True),
    "in passes, all colours": lambda: picture("JPEG", LARGE, progressive=True, subsampling=0),
    "24 megapixels in passes": lambda: picture("JPEG", (6000, 4000), progressive=True),
    "CMYK": lambda: picture("JPEG", LARGE, "CMYK"),
    "CMYK in passes": lambda: picture("JPEG", LARGE, "CMYK", progressive=True),
    "much EXIF": lambda: with_blocks(picture("JPEG"), 0xE1, b"Exif\0\0" + bytes(60_000), 300),
    "much ICC": lambda: with_blocks(picture("JPEG"), 0xE2, b"ICC_PROFILE\0\1\1" + bytes(60_000), 300),
    "webp": lambda: picture("WEBP", LARGE, method=0),
    "webp, lossless": lambda: picture("WEBP", LARGE, "RGBA", lossless=True, quality=0, method=0),
    "avif": lambda: picture("AVIF", LARGE, speed=10),
    "gif": lambda: picture("GIF", (6000, 4000), "P"),
    "gif in motion": lambda: animated("GIF", (3000, 2000)),
    "png": lambda: png(6000, 4000),
    "png, clear": lambda: png(6000, 4000, 6),
    "png, 16 bits": lambda: png(6000, 4000, 6, 16),
    "png, gray, 16 bits": lambda: png(8000, 6000, 0, 16),
    "png, gray and clear": lambda: png(6000, 4000, 4, 16),
    "png, interlaced": lambda: png(6000, 4000, 6, interlaced=True),
    "png, palette": lambda: png(9800, 9800, 3),
    "png, clear palette": lambda: png(8000, 6000, 3, extra=chunk(b"tRNS", bytes(256))),
    "png, black and white": lambda: png(9800, 9800, 0, 1),
}  # fmt: skip
REFUSED = {
    "256 megapixels": lambda: png(16_000, 16_000, 0),
    "100 megapixels": lambda: png(10_000, 10_000),
    "wide": lambda: png(60_000, 2_000, 6),
    "one line": lambda: png(25_000_000, 1, 6),
    "one line of bits": lambda: png(96_000_000, 1, 0, 1),
    "one column": lambda: png(1, 2_000_000, 0),
    "cut off": lambda: picture()[:50],
    "garbage": lambda: b"\x89PNG\r\n\x1a\n" + b"x" * 100,
    "webp": lambda: picture("WEBP", (6000, 6000), method=0),
    "webp cut off": lambda: picture("WEBP", method=0)[:40],
    "webp in motion": lambda: animated("WEBP", (300, 200)),
    "avif": lambda: picture("AVIF", (5000, 4000), speed=10),
    "in passes": lambda: picture("JPEG", (9000, 8000), mode="L", progressive=True),
    "in passes, all colours": lambda: picture("JPEG", (6000, 4000), progressive=True, subsampling=0),
    "in hundreds of passes": lambda: with_passes(picture("JPEG", LARGE, progressive=True), 200),
    "empty blocks": lambda: with_blocks(picture("JPEG"), 0xE5, b"", 100_000),
    "blocks of nothing": lambda: picture("JPEG")[:2] + b"\xff" * 100_000 + picture("JPEG")[2:],
    "empty chunks": lambda: png(10, 10, extra=chunk(b"teSt", b"") * 40_000),
    "a chunk of 110 MB": lambda: png(10, 10, extra=chunk(b"eXIf", bytes(110 << 20))),
}  # fmt: skip

MEASURED = """
import json, sys
from pocketbase_server.services.thumb_maker import answer, limit_memory, limit_time
limit_memory()
limit_time()
print(json.dumps(answer(json.loads(sys.argv[1]))))
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
"""


def measured(folder, data, size):
    """Return the outcome of a job in a new process, and the most memory it took, in MB."""
    (folder / "a").write_bytes(data)
    job = {"source": str(folder / "a"), "target": str(folder / "b"), "size": size}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, json.dumps(job)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    outcome, peak = done.stdout.splitlines()
    return json.loads(outcome), int(peak) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("form", MADE)
def test_what_thumbs_cost(tmp_path, form):
    """
    Pictures as people have them become thumbs, and no form of them takes more than it may.
    """
    outcome, peak = measured(tmp_path, MADE[form](), "1200x0")

    assert "type" in outcome, outcome
    assert peak < MEMORY_MB


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("form", REFUSED)
def test_what_is_no_thumb(tmp_path, form):
    """
    Images that are broken, too large or meant to keep us busy are refused, and cost no more either.
    """
    outcome, peak = measured(tmp_path, REFUSED[form](), "1200x0")

    assert "error" in outcome
    assert peak < MEMORY_MB


def test_no_second_try(app):
    """
    What cannot become a thumb is refused once and for all, and leaves nothing behind.
    """
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", png(10_000, 10_000)))
    assert not app.thumbs.make("c/r/a.png", "c/r/t/9x9_a.png", "9x9")
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", picture()))

    assert not app.thumbs.make("c/r/a.png", "c/r/t/9x9_a.png", "9x9")
    assert [path.name for path in app.dir.temp.iterdir()] in ([], ["thumbs.lock"])


def test_large_images_wait_for_each_other(tmp_path):
    """
    One at a time is decoded; who waits too long is told so, and may ask again.
    """
    import fcntl

    (tmp_path / "a").write_bytes(png(4000, 3000))
    job = {
        "source": str(tmp_path / "a"),
        "target": str(tmp_path / "b"),
        "size": "9x9",
        "lock": str(tmp_path / "lock"),
    }
    outcomes = []
    with (tmp_path / "lock").open("ab") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        waiting = threading.Thread(target=lambda: outcomes.append(thumb_maker.answer(job)))
        waiting.start()
        time.sleep(0.1)
        assert outcomes == []
    waiting.join(30)

    assert outcomes == [{"type": "image/png", "last": "yes"}]


def test_who_waits_too_long(app, monkeypatch):
    """
    The original is served, and the thumb made another time.
    """
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", picture()))
    ask = app.thumbs._makers._ask
    monkeypatch.setattr(app.thumbs._makers, "_ask", lambda job: {"busy": "for a test"})
    assert not app.thumbs.make("c/r/a.png", "c/r/t/9x9_a.png", "9x9")
    monkeypatch.setattr(app.thumbs._makers, "_ask", ask)

    assert app.thumbs.make("c/r/a.png", "c/r/t/9x9_a.png", "9x9")


def test_a_process_that_dies_is_replaced(app):
    """
    The end of one process costs nobody a thumb.
    """
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", picture()))

    assert app.thumbs.make("c/r/a.png", "c/r/t/1x1_a.png", "1x1")
    for maker in app.thumbs._makers._idle:
        maker.kill()
    assert app.thumbs.make("c/r/a.png", "c/r/t/2x2_a.png", "2x2")


def test_a_process_that_took_much_is_replaced(app):
    """
    Memory of a large image is given back with its process.
    """
    app.files.storage.put("c/r/a.png", Upload.from_bytes("a.png", png(4000, 3000)))

    assert app.thumbs.make("c/r/a.png", "c/r/t/1x1_a.png", "1x1")
    assert app.thumbs._makers._idle == []
    assert app.thumbs.make("c/r/a.png", "c/r/t/2x2_a.png", "2x2")


def test_metadata_stays_behind(tmp_path):
    """
    A thumb does not tell where its photograph was taken.
    """
    from PIL import Image

    data = with_blocks(picture("JPEG", exif=ORIENTED), 0xFE, b"secret", 1)
    (tmp_path / "a").write_bytes(data)
    make_thumb(str(tmp_path / "a"), str(tmp_path / "b"), parse_size("60x0"))
    made = Image.open(io.BytesIO((tmp_path / "b").read_bytes()))

    assert made.size == (60, 100)
    assert not made.getexif()
    assert "comment" not in made.info
