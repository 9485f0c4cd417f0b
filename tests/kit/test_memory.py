"""Giving back what starting needed: only pages that nobody wrote to, and the program goes on."""

from __future__ import annotations

import ctypes
import mmap
import subprocess
import sys

import pytest
from pocketbase_server.kit import memory
from pocketbase_server.kit.memory import clean_mappings

PROGRAM = """
import hashlib, json, re, sys, zlib
from pocketbase_server.kit.memory import release_program_pages
released = release_program_pages()
data = json.dumps({str(n): n for n in range(1000)}).encode()
again = zlib.decompress(zlib.compress(data))
assert hashlib.sha256(again).digest() == hashlib.sha256(data).digest()
import decimal, email.message, sqlite3  # libraries loaded afterwards
assert sqlite3.connect(":memory:").execute("select 1 + 1").fetchone() == (2,)
print(released)
"""


def smaps(header: str, anonymous: int, swapped: int = 0) -> str:
    return (
        f"{header}\nSize:  8 kB\nRss:  8 kB\nAnonymous:  {anonymous} kB\n"
        f"Swap:  {swapped} kB\nVmFlags: rd mr\n"
    )


@pytest.mark.parametrize(
    ("header", "anonymous", "is_clean"),
    [
        ("1000-3000 r--p 00000000 fe:00 260386                     /usr/bin/head", 0, True),
        ("1000-3000 r-xp 00002000 fe:00 260386                     /opt/a b/lib.so", 0, True),
        ("1000-3000 r-xp 00002000 fe:00 260386                     /lib.so (deleted)", 0, True),
        (
            "1000-3000 r--p 00002000 fe:00 260386                     /usr/lib/relocated.so",
            4,
            False,
        ),
        ("1000-3000 rw-p 00002000 fe:00 260386                     /usr/lib/data.so", 0, False),
        ("1000-3000 rw-s 00002000 fe:00 260386                     /pb_data/data.db-shm", 0, False),
        ("1000-3000 r--p 00000000 00:00 0", 0, False),
        ("1000-3000 r-xp 00000000 00:00 0                          [vdso]", 0, False),
        ("1000-3000 rw-p 00000000 00:00 0                          [heap]", 0, False),
    ],
)
def test_what_may_be_given_back(header, anonymous, is_clean):
    """Files that are mapped and that nobody wrote to."""
    other = smaps("5000-6000 rw-p 00000000 00:00 0", 4)
    text = other + smaps(header, anonymous) + other
    found = clean_mappings(text.splitlines())
    assert {(start, end) for start, end, _ in found} == ({(0x1000, 0x3000)} if is_clean else set())


def test_what_was_swapped_out_is_ours():
    """A page that was written to and put away since does not come back from the file."""
    text = smaps("1000-3000 r--p 00000000 fe:00 2 /lib/a.so", 0, swapped=4)
    text += smaps("5000-6000 r--p 00000000 fe:00 2 /lib/b.so", 0)
    assert clean_mappings(text.splitlines()) == {(0x5000, 0x6000, "/lib/b.so")}


def test_nothing_where_nobody_counts():
    """An emulator's kernel says that no page was ever written to."""
    text = smaps("1000-3000 r--p 00000000 fe:00 2 /bin/a", 0) + smaps("5000-6000 rw-p 0 00:00 0", 0)
    assert clean_mappings(text.splitlines()) == set()


def test_program_goes_on():
    """What is needed after all comes back; elsewhere than on Linux nothing happens."""
    line = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (int(done.stdout) > 0) is (sys.platform == "linux")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is given back")
def test_what_is_being_loaded_stays(tmp_path, monkeypatch):
    """A library that comes between the two looks keeps what was written into it."""
    path = tmp_path / "lib.so"
    path.write_bytes(b"a" * mmap.PAGESIZE)
    with path.open("rb") as file:
        old, new = (mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE) for _ in range(2))
    for mapping in (old, new):
        mapping[0] = ord("b")
    looks = iter([{_place(old)}, {_place(old), _place(new)}])
    monkeypatch.setattr(memory, "_look", lambda: next(looks))

    assert memory.release_program_pages(settled_seconds=0) == mmap.PAGESIZE
    assert (old[:1], new[:1]) == (b"a", b"b")


def _place(mapping):
    start = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
    return start, start + mmap.PAGESIZE, "lib.so"
