"""Lenient conversions of whatever a caller sent: never raise, odd input becomes blank."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import orjson

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_EXACT = 1 << 53
"""The largest whole number that a JSON number (a double) holds exactly."""


def to_text(raw: Any) -> str:
    """Return *raw* as text: numbers in plain digits, booleans as words, blank for lists, objects and null."""
    if isinstance(raw, str):
        return raw
    if raw is True:
        return "true"
    if raw is False:
        return "false"
    if isinstance(raw, (int, float)):
        return number_text(raw)
    return ""


def number_text(number: float) -> str:
    """Return a number in plain digits, never with an exponent."""
    if isinstance(number, int) and -_EXACT <= number <= _EXACT:
        return str(number)
    double = float(number)
    if not math.isfinite(double):
        return "NaN" if math.isnan(double) else ("+Inf" if double > 0 else "-Inf")
    text = format(Decimal(repr(double)), "f")
    return text[:-2] if text.endswith(".0") else text


def to_number(raw: Any) -> int | float:
    """Return *raw* as a number, whole ones as `int`; 0 for what is none."""
    if raw.__class__ is int:
        return raw if -_EXACT <= raw <= _EXACT else tidy(float(raw))  # type: ignore[no-any-return]
    if isinstance(raw, float):
        return tidy(raw)
    if isinstance(raw, bool):
        return int(raw)
    return _parse_number(raw) if isinstance(raw, str) else 0


def _parse_number(text: str) -> int | float:
    try:
        return tidy(float(text)) if text == text.strip() else 0
    except ValueError:
        return 0


def tidy(number: float) -> int | float:
    """Return a double as `int` when it is whole and prints without an exponent."""
    return int(number) if -1e21 < number < 1e21 and number == int(number) else number


def to_bool(raw: Any) -> bool:
    """Return *raw* as a boolean: words and numbers count, anything unclear is False."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return raw in _TRUE
    return isinstance(raw, (int, float)) and raw != 0


def to_texts(raw: Any) -> list[str]:
    """Return *raw* as a list of distinct, non-blank texts; a string may be a JSON array."""
    if isinstance(raw, str):
        raw = _texts_of(raw)
    elif not isinstance(raw, (list, tuple)):
        raw = (raw,)
    return [text for text in dict.fromkeys(map(to_text, raw)) if text]


def _texts_of(text: str) -> list[Any]:
    if "[" in text:
        try:
            parsed = orjson.loads(text)
        except ValueError:
            return [text]
        if isinstance(parsed, list):
            return parsed
    return [text]
