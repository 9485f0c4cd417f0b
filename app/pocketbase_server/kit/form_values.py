"""What the texts of a form stand for, and how forms and JSON become one body."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?\Z", re.ASCII)
_KINDS: Final[tuple[type | tuple[type, ...], ...]] = (dict, list, str, bool, (int, float))


class MergeError(ValueError):
    """A value cannot take the place of one of another kind."""


def from_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of a form by name; a repeated name makes a list."""
    body: dict[str, Any] = {}
    for name, text in pairs:
        _add(body, name, inferred(text))
    return body


def _add(body: dict[str, Any], name: str, value: Any) -> None:
    if name not in body:
        body[name] = value
    elif isinstance(body[name], list):
        body[name].append(value)
    else:
        body[name] = [body[name], value]


def inferred(text: str) -> Any:
    """Return the value that a form's text stands for: a bool, a number, else the text.

    A number only when it is written as the reference would write it: `1.5`, not `1.50`.
    """
    if text == "true":
        return True
    if text == "false":
        return False
    if _NUMBER.match(text):
        return _number(text)
    return text


def _number(text: str) -> float | str:
    number = float(text)
    plain = format(Decimal(repr(number)), "f")
    if plain.removesuffix(".0") != text:
        return text
    return number if "." in text or text == "-0" else int(number)


def merge(body: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Put *more* into *body* and return it: objects key by key, anything else by replacing its like.

    Raises `MergeError`.
    """
    for name, value in more.items():
        before = body.get(name)
        # COMPAT: a value cannot replace one of another kind
        if before is not None and value is not None and _kind(before) is not _kind(value):
            raise MergeError(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merge(before, value)
        else:
            body[name] = value
    return body


def _kind(value: Any) -> Any:
    return next((kind for kind in _KINDS if isinstance(value, kind)), None)
