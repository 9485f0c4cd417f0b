"""The SQL function that the reference's SQLite has and ours has not."""

from __future__ import annotations

from typing import Final

_NONE: Final = "?000"
_LENGTH: Final = 4
_CODES: Final = {
    letter: code
    for code, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1)
    for letter in letters.encode()
}


def soundex(value: object) -> str:
    """Return how an English word sounds: its first letter and three digits; `?000` for no word."""
    text = value if isinstance(value, bytes) else ("" if value is None else str(value)).encode()
    # COMPAT: SQLite looks at seven bits of each byte, and at a NUL it stops
    data = bytes(byte & 0x7F for byte in text.partition(b"\0")[0].upper())
    start = next((at for at, byte in enumerate(text) if bytes((byte,)).isalpha()), -1)
    if start < 0:
        return _NONE
    return _code(data[start:])


def _code(data: bytes) -> str:
    done, last = chr(data[0]), _CODES.get(data[0], 0)
    for byte in data:
        code = _CODES.get(byte, 0)
        if code and code != last and len(done) < _LENGTH:
            done += str(code)
        last = code
    return done.ljust(_LENGTH, "0")
