"""What can be read of JSON text up to where it breaks.

The reference decodes JSON inside texts while it reads it, and keeps what it has at a mistake.
"""

from __future__ import annotations

import re
from contextlib import suppress
from json import JSONDecoder
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.kit.json import no_constant

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![.eE])", re.ASCII)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


_VALUE: Final = JSONDecoder(parse_constant=no_constant)


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

    def value(self) -> Any:
        """Return the value that is next, whatever it is."""
        self.sees("")
        value, self.at = _VALUE.raw_decode(self.text, self.at)
        if value in _ENDLESS or (isinstance(value, str) and _SURROGATE.search(value)):
            raise ValueError(value)
        return value

    def members(self) -> Iterator[str]:
        """Go through the object that is next: give a name, and expect that its value is read."""
        self.expect("{")
        seen: set[str] = set()
        while not self.sees("}"):
            if seen:
                self.expect(",")
            name = self.string()
            if name in seen:
                raise ValueError(name)
            seen.add(name)
            self.expect(":")
            yield name


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
    reader = _Reader(text)
    with suppress(ValueError, RecursionError):
        for name in reader.members():
            if name not in names:
                reader.value()
            elif (value := reader.number()) is not None:
                found[name] = value
    return found


def leading_objects(text: str, names: frozenset[str]) -> dict[str, dict[str, Any]]:
    """Return the objects in a JSON object called *names*, with what they hold before a mistake.

    A repeated name is a mistake, and so is a value for one of *names* that is no object.
    """
    found: dict[str, dict[str, Any]] = {}
    reader = _Reader(text)
    with suppress(ValueError, RecursionError):
        for name in reader.members():
            if name not in names:
                reader.value()
            elif not reader.sees("null"):
                inside = found[name] = {}
                for member in reader.members():
                    inside[member] = reader.value()
    return found
