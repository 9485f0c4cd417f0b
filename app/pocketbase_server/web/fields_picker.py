"""`?fields=`: which parts of an answer the caller wants to see."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from pocketbase_server.core.errors import BadRequestError

Modifier = Callable[[Any], Any]
_MOST_ARGUMENTS = 2
_DEEPEST = 100
"""Levels of a path that are looked at; what lies deeper is kept whole."""
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_SEPARATORS = re.compile(r"[(), ]+")
_QUOTES = frozenset("\"'`")
_STEPS = {"(": 1, ")": -1}


class Picker:
    """What to keep at one level of an answer; made by `parse_fields`."""

    __slots__ = ("_flat", "_names", "_star")

    def __init__(self) -> None:
        self._names: dict[str, Picker | Modifier | None] = {}
        self._star: Modifier | bool | None = False
        """False: no `*`; None: everything as it is; else everything through the modifier."""
        self._flat: tuple[str, ...] | None = ()
        """The names, when nothing but plain names was asked for."""

    def add(self, path: list[str], modifier: Modifier | None) -> None:
        """Keep what *path* leads to; the last word on a name wins, a whole value stays whole."""
        name, rest = path[0], path[1:]
        # COMPAT: a path that ends in a dot means the whole of what comes before
        if rest and rest != [""]:
            below = self._names.get(name, _NOTHING)
            if below is _NOTHING:
                below = self._names[name] = Picker()
            if isinstance(below, Picker):
                below.add(rest, modifier)
        elif name == "*":
            self._star = modifier
        else:
            self._names[name] = modifier
        self._flat = self._flat_names()

    def _flat_names(self) -> tuple[str, ...] | None:
        if self._star is not False or any(way is not None for way in self._names.values()):
            return None
        return tuple(self._names)

    def pick(self, data: Any) -> Any:
        """Return the chosen parts; of a list those of each item, of anything else all."""
        if data.__class__ is dict:
            return self._pick_from(data)
        if isinstance(data, orjson.Fragment):
            return self.pick(_parsed(data))
        # COMPAT: a list counts as one of objects when its first item is one
        if isinstance(data, list) and data and isinstance(data[0], (dict, orjson.Fragment)):
            return [self.pick(item) for item in data]
        return data

    def _pick_from(self, data: dict[str, Any]) -> dict[str, Any]:
        if self._flat is not None:
            return {name: data[name] for name in self._flat if name in data}
        if self._star is not False:
            return {name: self._value(name, value) for name, value in data.items()}
        return {name: self._value(name, data[name]) for name in self._names if name in data}

    def _value(self, name: str, value: Any) -> Any:
        way = self._names.get(name, self._star)
        if way is None or way is False:
            return value
        if isinstance(way, Picker):
            return way.pick(value)
        return way(value)  # type: ignore[operator]


_NOTHING: Any = object()


def pick(data: Any, expression: str) -> Any:
    """Return the parts of *data* (dicts, lists and scalars) that `?fields=expression` names.

    Raises `BadRequestError` when the expression cannot be understood.
    """
    return parse_fields(expression).pick(data) if expression else data


def pick_page(page: dict[str, Any], expression: str) -> dict[str, Any]:
    """Return a page with the parts of its items that `?fields=expression` names; totals stay."""
    if not expression:
        return page
    picker = parse_fields(expression)
    return {**page, "items": [picker.pick(item) for item in page["items"]]}


@lru_cache(maxsize=512)
def parse_fields(expression: str) -> Picker:
    """Return what `?fields=expression` asks for; raises `BadRequestError`."""
    picker = Picker()
    for item in _split(expression):
        # COMPAT: a space before the modifier's colon belongs to the name
        path, colon, modifier = item.partition(":")
        names = path.split(".", _DEEPEST)
        # SECURITY: one level is one call or more, and a caller may ask for thousands
        picker.add(names[:_DEEPEST], _modifier(modifier) if colon else None)
    return picker


def _split(expression: str) -> list[str]:
    """Return the parts between commas that are neither quoted nor inside parentheses."""
    # COMPAT: a NUL ends the expression
    text = expression.partition("\0")[0]
    parts, begin = [], 0
    for at in _separators(text):
        parts.append(text[begin:at])
        begin = at + 1
    kept = [part.strip() for part in (*parts, text[begin:]) if part.strip()]
    # COMPAT: an expression without any name, like ",", asks for everything
    return kept or ["*"]


def _separators(text: str) -> list[int]:
    """Return where the commas are that part names; raises `BadRequestError` for loose ends."""
    found, quote, depth, before = [], "", 0, ""
    for at, char in enumerate(text):
        if char in _QUOTES:
            if before != "\\" and quote in {"", char}:
                quote = "" if quote else char
        elif not quote:
            if char == "," and depth == 0:
                found.append(at)
            # COMPAT: one that closes nothing is just a character
            depth = max(0, depth + _STEPS.get(char, 0))
        before = char
    if quote or depth:
        raise BadRequestError
    return found


def _modifier(text: str) -> Modifier:
    name, *words = [word for word in map(str.strip, _SEPARATORS.split(text)) if word] or [""]
    if name != "excerpt" or not 1 <= len(words) <= _MOST_ARGUMENTS:
        raise BadRequestError
    limit = _whole_number(words[0])
    with_ellipsis = len(words) == _MOST_ARGUMENTS and words[1] in _TRUE
    return lambda value: _excerpt(value, limit, with_ellipsis=with_ellipsis)


def _excerpt(value: Any, limit: int, *, with_ellipsis: bool) -> Any:
    if isinstance(value, orjson.Fragment):
        value = _parsed(value)
    if not isinstance(value, str):
        return value
    # PERF: few ask for it, and it brings an HTML parser along
    from pocketbase_server.web.excerpt import excerpt

    return excerpt(value, limit, with_ellipsis=with_ellipsis)


def _whole_number(text: str) -> int:
    """Return a positive number, read as leniently as in Go: `5`, `+5`, `5.9`, `0x5`, `05`."""
    digits = text.partition(".")[0]
    try:
        number = (
            int(digits, 8 if re.fullmatch(r"[+-]?0[0-7_]+", digits) else 0)
            if digits.isascii()
            else 0
        )
    except ValueError:
        number = 0
    if not 0 < number < 1 << 63:
        raise BadRequestError
    return number


def _parsed(fragment: orjson.Fragment) -> Any:
    return orjson.loads(orjson.dumps(fragment))
