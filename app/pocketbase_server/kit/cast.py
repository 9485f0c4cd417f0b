"""Lenient conversions of whatever a caller sent: never raise, odd input becomes blank."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

import orjson

from pocketbase_server.kit.broken_json import leading_texts

_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_HEX: Final = re.compile(
    r"[+-]?0x(?=_?[0-9a-f]|\.[0-9a-f])(?:_?[0-9a-f])*(?:\.(?:[0-9a-f](?:_?[0-9a-f])*)?)?p[+-]?\d(?:_?\d)*",
    re.IGNORECASE | re.ASCII,
)
"""COMPAT: a number may be written to the base of 16, if it has an exponent."""
_EXACT: Final = 1 << 53
"""The largest whole number that a JSON number (a double) holds exactly."""
_PLAIN_BELOW: Final = 1e21
"""Whole doubles below it are kept as `int`; the others print with an exponent."""


def to_text(raw: Any) -> str:
    """Return *raw* as text: numbers in plain digits, blank for lists, objects and null."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, (int, float)):
        return digits(raw)
    return ""


def digits(number: float) -> str:
    """Return a number in plain digits, never with an exponent."""
    if isinstance(number, int) and -_EXACT <= number <= _EXACT:
        return str(number)
    double = float(number)
    if not math.isfinite(double):
        return "NaN" if math.isnan(double) else ("+Inf" if double > 0 else "-Inf")
    return format(Decimal(repr(double)), "f").removesuffix(".0")


def to_number(raw: Any) -> int | float:
    """Return *raw* as a number, whole ones as `int`; 0 for what is none."""
    if raw.__class__ is int:
        whole: int = raw
        return whole if -_EXACT <= whole <= _EXACT else tidy(float(whole))
    if isinstance(raw, float):
        return tidy(raw)
    if isinstance(raw, str):
        return _parse_number(raw)
    return int(raw) if isinstance(raw, bool) else 0


def _parse_number(text: str) -> int | float:
    # COMPAT: infinity may have a sign, what is no number may not
    if not text.isascii() or text != text.strip() or text[1:].lower() == "nan":
        return 0
    try:
        number = float.fromhex(text.replace("_", "")) if _HEX.fullmatch(text) else float(text)
    except (ValueError, OverflowError):
        return 0
    # COMPAT: digits that no double can hold are no number, unlike the word
    return 0 if math.isinf(number) and text[-1:].isdigit() else tidy(number)


def tidy(number: float) -> int | float:
    """Return a double as `int` when it is whole and prints without an exponent."""
    is_whole = -_PLAIN_BELOW < number < _PLAIN_BELOW and number == int(number)
    is_whole = is_whole and (number != 0 or math.copysign(1, number) > 0)
    return int(number) if is_whole else number


def to_bool(raw: Any) -> bool:
    """Return *raw* as a boolean: words and numbers count, anything unclear is False."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return raw in _TRUE
    return isinstance(raw, (int, float)) and raw != 0


def to_texts(raw: Any) -> list[str]:
    """Return *raw* as a list of distinct, non-blank texts; a string may be a JSON array of strings."""
    if isinstance(raw, str):
        if "[" not in raw:
            return [raw] if raw else []
        raw = _parse_list(raw)
    elif not isinstance(raw, (list, tuple)):
        raw = (raw,)
    texts = dict.fromkeys(map(to_text, raw))
    # COMPAT: one item that cannot become a text makes all of them blank
    if "" in texts and any(isinstance(item, (list, tuple, dict)) for item in raw):
        return []
    return [text for text in texts if text]


def _parse_list(text: str) -> list[Any]:
    with suppress(orjson.JSONDecodeError):
        parsed = orjson.loads(text)
        if isinstance(parsed, list) and all(i is None or isinstance(i, str) for i in parsed):
            return parsed
    # COMPAT: what there is before a mistake counts too, and then the text as a whole
    return [*leading_texts(text), text]


def general(number: float) -> str:
    """Return a number in its shortest form; from a million on that has an exponent: `1e+06`."""
    if not math.isfinite(number):
        return digits(number)
    mantissa, exponent = _scientific(float(number))
    if -5 < exponent < 6:  # noqa: PLR2004
        return digits(number)
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _scientific(double: float) -> tuple[str, int]:
    """Return the shortest mantissa, and the exponent of ten."""
    for precision in range(17):
        text = f"{double:.{precision}e}"
        if float(text) == double:
            break
    mantissa, _, exponent = text.partition("e")
    return mantissa, int(exponent)
