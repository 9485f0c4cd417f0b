"""Giving back what starting needed: only pages that nobody wrote to, and the program goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest
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


def smaps(header: str, anonymous: int) -> str:
    return f"{header}\nSize:  8 kB\nRss:  8 kB\nAnonymous:  {anonymous} kB\nVmFlags: rd mr\n"


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
    assert clean_mappings(text.splitlines()) == ([(0x1000, 0x3000)] if is_clean else [])


def test_nothing_where_nobody_counts():
    """An emulator's kernel says that no page was ever written to."""
    text = smaps("1000-3000 r--p 00000000 fe:00 2 /bin/a", 0) + smaps("5000-6000 rw-p 0 00:00 0", 0)
    assert clean_mappings(text.splitlines()) == []


def test_program_goes_on():
    """What is needed after all comes back; elsewhere than on Linux nothing happens."""
    line = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (int(done.stdout) > 0) is (sys.platform == "linux")
