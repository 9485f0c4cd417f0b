"""What can be read of JSON text up to where it breaks.

The reference decodes JSON inside texts while it reads it, and keeps what it has at a mistake.
"""

from __future__ import annotations

import re
from contextlib import suppress
from json import JSONDecoder
from typing import Any, Final

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![.eE])", re.ASCII)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_VALUE: Final = JSONDecoder()


class _Reader:
    """A place in a text. Its methods move it on, and raise `ValueError` for what is not there."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def sees(self, token: str) -> bool:
        """Tell whether *token* is next; if so, go past it."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def expect(self, token: str) -> None:
        """Go past *token*."""
        if not self.sees(token):
            raise ValueError(token)

    def string(self) -> str:
        """Return the string that is next."""
        self.expect('"')
        value: str
        value, self.at = _VALUE.raw_decode(self.text, self.at - 1)
        if _SURROGATE.search(value):
            raise ValueError(value)
        return value

    def number(self) -> float | None:
        """Return the number that is next, None for null."""
        if self.sees("null"):
            return None
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            raise ValueError("number")
        self.at = found.end()
        value = float(found[0])
        if value in _ENDLESS:
            raise ValueError("number")
        return value

    def skip(self) -> None:
        """Go past the value that is next, whatever it is."""
        self.sees("")
        _, self.at = _VALUE.raw_decode(self.text, self.at)


_ENDLESS: Final = (float("inf"), float("-inf"))


def leading_texts(text: str) -> list[str]:
    """Return the texts (null as "") that a JSON array begins with, up to the first mistake."""
    found: list[str] = []
    reader = _Reader(text)
    with suppress(ValueError, RecursionError):
        reader.expect("[")
        while not reader.sees("]"):
            if found:
                reader.expect(",")
            found.append("" if reader.sees("null") else reader.string())
    return found


def leading_numbers(text: str, names: frozenset[str]) -> dict[str, float]:
    """Return the members of a JSON object called *names*, up to the first mistake.

    A repeated name is a mistake, and so is a value for one of *names* that is no number.
    """
    found: dict[str, float] = {}
    seen: set[str] = set()
    reader = _Reader(text)
    with suppress(ValueError, RecursionError):
        reader.expect("{")
        while not reader.sees("}"):
            _member(reader, names, seen, found)
    return found


def _member(reader: _Reader, names: frozenset[str], seen: set[str], found: dict[str, Any]) -> None:
    if seen:
        reader.expect(",")
    name = reader.string()
    if name in seen:
        raise ValueError(name)
    seen.add(name)
    reader.expect(":")
    if name not in names:
        reader.skip()
    elif (value := reader.number()) is not None:
        found[name] = value
