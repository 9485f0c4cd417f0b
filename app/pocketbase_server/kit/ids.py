"""Random ids and names."""

from __future__ import annotations

import secrets
import string
from functools import lru_cache
from zlib import crc32

LOWER_ALPHANUMERIC = string.ascii_lowercase + string.digits
ALPHANUMERIC = string.ascii_letters + string.digits
_BYTE = 256


def random_string(length: int, alphabet: str = ALPHANUMERIC) -> str:
    """Return *length* characters of *alphabet*, unpredictable and equally likely."""
    if not alphabet.isascii() or len(alphabet) > _BYTE:
        return "".join([secrets.choice(alphabet) for _ in range(length)])
    table, skip = _byte_table(alphabet)
    # PERF: one read of the system's randomness and one translate; record creates call this
    text = secrets.token_bytes(length + 4).translate(table, skip)
    while len(text) < length:
        text += secrets.token_bytes(length + 4).translate(table, skip)
    return text[:length].decode()


@lru_cache(maxsize=256)
def _byte_table(alphabet: str) -> tuple[bytes, bytes]:
    """Return a byte's character, and the bytes that would make some characters likelier."""
    size = len(alphabet)
    chars = alphabet.encode()
    fair = _BYTE - _BYTE % size
    return bytes(chars[i % size] for i in range(_BYTE)), bytes(range(fair, _BYTE))


def random_id(length: int = 15) -> str:
    """Return lower-case letters and digits, unpredictable: the reference's record id."""
    return random_string(length, LOWER_ALPHANUMERIC)


def checksum_id(text: str) -> str:
    """Return the CRC-32 of *text* in decimal, as collection and field ids carry it."""
    return str(crc32(text.encode()))
