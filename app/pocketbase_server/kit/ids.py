"""Random ids and names."""

from __future__ import annotations

import secrets
import string
from zlib import crc32

LOWER_ALPHANUMERIC = string.ascii_lowercase + string.digits
ALPHANUMERIC = string.ascii_letters + string.digits


def random_string(length: int, alphabet: str = ALPHANUMERIC) -> str:
    """Return *length* characters of *alphabet*, unpredictable."""
    choice = secrets.choice
    return "".join([choice(alphabet) for _ in range(length)])


_ID_CHARS = LOWER_ALPHANUMERIC.encode()
_ID_TABLE = bytes(_ID_CHARS[i % 36] for i in range(256))
_ID_SKIP = bytes(range(252, 256))
"""The bytes that would make some characters likelier than others (252 = 7 * 36)."""


def random_id(length: int = 15) -> str:
    """Return *length* lower-case letters and digits, unpredictable: the reference's record id."""
    # PERF: one read of the system's randomness and one translate; record creates call this
    text = b""
    while len(text) < length:
        text += secrets.token_bytes(length + 4).translate(_ID_TABLE, _ID_SKIP)
    return text[:length].decode()


def checksum_id(text: str) -> str:
    """Return the CRC-32 of *text* in decimal, as collection and field ids carry it."""
    return str(crc32(text.encode()))
