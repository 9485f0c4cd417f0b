"""Whole numbers and truth values as the texts of forms and flags spell them."""

from __future__ import annotations

import re
from typing import Final

_OCTAL: Final = re.compile(r"[+-]?0_?[0-7][0-7_]*\Z")
_LIMIT: Final = 1 << 63
"""COMPAT: whole numbers have 64 bits."""
_WORDS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


def whole_number(text: str) -> int:
    """Return the number that *text* spells: `42`, `-0x2a`, `0b1`, `052` and `0o52` in octal, `1_000`.

    Raises `ValueError`.
    """
    if not text.isascii() or text != text.strip():
        raise ValueError(text)
    number = int(text, 8) if _OCTAL.match(text) else int(text, 0)
    if not -_LIMIT <= number < _LIMIT:
        raise ValueError(text)
    return number


def truth(text: str) -> bool:
    """Return what *text* says: `1`, `t`, `true`, … or `0`, `f`, `false`, …; raises `ValueError`."""
    try:
        return _WORDS[text]
    except KeyError as ex:
        raise ValueError(text) from ex
