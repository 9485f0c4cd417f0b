"""JSON as the reference reads and writes it.

Reading is strict: repeated keys, bad UTF-8 and lone surrogates are refused. Writing prints numbers
as ECMAScript does (`1.0` is `1`, `1e20` is written out, `1e21` and `1e-7` carry an exponent).
"""

from __future__ import annotations

import json as stdlib_json
import re
from math import copysign
from typing import Any, Final, NamedTuple

import orjson

JsonError = orjson.JSONDecodeError
"""A `ValueError`: the text is no JSON, or JSON that is refused."""

_SPACED_COLON: Final = re.compile(rb'"[ \t\r\n]+:')
_NEGATIVE_ZERO: Final = re.compile(rb"(?<![^\s,:\[])-0(?![^\s,}\]])")
_BLANK: Final = " \t\r\n"
_RAW_START: Final = frozenset('{["-0123456789')
_EXACT: Final = 1 << 53
_EXPONENT_FROM: Final = 1e21
_EXPONENT_BELOW: Final = 1e-6


# -- reading


def loads(text: str | bytes) -> Any:
    """Return the value of a JSON text; repeated keys keep the last. Raises `JsonError`."""
    return orjson.loads(text)


def loads_strict(data: bytes) -> Any:
    """Return the first JSON value of a request's body; what follows it does not matter.

    Raises `JsonError` for anything the reference refuses, repeated keys at any depth included.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        data = _first_value(data)
        value = orjson.loads(data)
    if b"-0" in data and _NEGATIVE_ZERO.search(data):
        value = _slowly(data)
    if value.__class__ is dict or value.__class__ is list:
        _refuse_repeated_keys(data, value)
    return value


def _first_value(data: bytes) -> bytes:
    """Return the part of *data* that is its first value; raises `JsonError` if that is all."""
    # NOTE: bytes after the value may be anything, also no UTF-8; inside it they are refused later
    text = data.decode("utf-8", "surrogateescape").lstrip(_BLANK)
    try:
        _, end = _SCANNER.raw_decode(text)
    except (ValueError, RecursionError) as ex:
        raise JsonError(str(ex), "", 0) from ex
    if end >= len(text):
        raise JsonError("invalid JSON", "", 0)
    return text[:end].encode("utf-8", "surrogateescape")


def _refuse_repeated_keys(data: bytes, value: Any) -> None:
    colons = data.count(b'":') + len(_SPACED_COLON.findall(data))
    # PERF: each key is a `":` in the text, so equal counts mean that none was lost
    if _count_keys(value, colons) < colons:
        # NOTE: a text may hold `":` inside its strings; the slow parse knows
        _slowly(data)


def _slowly(data: bytes) -> Any:
    """Return the value, as orjson would, but for negative zeros; repeated keys are refused."""
    try:
        return _SCANNER.raw_decode(data.decode().lstrip(_BLANK))[0]
    except RecursionError as ex:
        raise JsonError("nested too deeply", "", 0) from ex


def _count_keys(value: Any, enough: int) -> int:
    """Count the keys of all objects, stopping once there are *enough*."""
    total = 0
    todo = [value]
    while todo and total < enough:
        node = todo.pop()
        if node.__class__ is dict:
            total += len(node)
            todo += [v for v in node.values() if v.__class__ is dict or v.__class__ is list]
        else:
            todo += [v for v in node if v.__class__ is dict or v.__class__ is list]
    return total


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise JsonError("duplicate object key", "", 0)
    return made


def _whole_number(digits: str) -> float:
    """Return an integer; negative zero is a double, as a text field keeps its sign."""
    return -0.0 if digits == "-0" else int(digits)


_SCANNER: Final = stdlib_json.JSONDecoder(object_pairs_hook=_object, parse_int=_whole_number)


# -- writing


def dumps(value: Any, *, sort_keys: bool = False) -> bytes:
    """Return *value* as JSON with the reference's numbers; keys by code points when asked."""
    try:
        if _has_odd_number(value):
            value = _with_numbers(value)
        return orjson.dumps(value, option=_SORTED if sort_keys else _PLAIN)
    except (orjson.JSONEncodeError, RecursionError):
        # NOTE: orjson prints no more than 254 levels, but reads a thousand
        return _deep(value, sort_keys=sort_keys)


def _deep(value: Any, *, sort_keys: bool) -> bytes:
    """Return *value* as JSON, however deep it is nested."""
    pieces: list[bytes] = []
    todo: list[Any] = [value]
    while todo:
        node = todo.pop()
        if node.__class__ is _Piece:
            pieces.append(node.text)
        elif node.__class__ is dict and node:
            keys = sorted(node) if sort_keys else list(node)
            todo.append(_Piece(b"}"))
            for key in reversed(keys):
                start = b"{" if key is keys[0] else b","
                todo += [node[key], _Piece(start + orjson.dumps(str(key)) + b":")]
        elif node.__class__ is list and node:
            todo.append(_Piece(b"]"))
            for at in reversed(range(len(node))):
                todo += [node[at], _Piece(b"," if at else b"[")]
        else:
            odd = _has_odd_number(node)
            pieces.append(orjson.dumps(_with_numbers(node) if odd else node, option=_PLAIN))
    return b"".join(pieces)


class _Piece(NamedTuple):
    """Text that is JSON already."""

    text: bytes


_PLAIN: Final = orjson.OPT_NON_STR_KEYS
_SORTED: Final = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def _has_odd_number(value: Any) -> bool:
    """Tell whether *value* holds a number that orjson may print otherwise than the reference."""
    todo = [value]
    for node in todo:  # PERF: the list grows while it is walked; one flat loop, no calls
        kind = node.__class__
        if kind is dict:
            todo += [v for v in node.values() if v.__class__ in _WORTH_A_LOOK]
        elif kind is list or kind is tuple:
            todo += [v for v in node if v.__class__ in _WORTH_A_LOOK]
        elif kind is float:
            if not (_PLAIN_FROM <= abs(node) < _EXACT and node % 1):
                return True
        elif kind is int and not -_EXACT <= node <= _EXACT:
            return True
    return False


_WORTH_A_LOOK: Final = frozenset({dict, list, tuple, float, int})
_PLAIN_FROM: Final = 1e-4


def _with_numbers(value: Any) -> Any:
    kind = value.__class__
    if kind is float or (kind is int and not -_EXACT <= value <= _EXACT):
        return orjson.Fragment(number_text(value))
    if kind is dict:
        return {key: _with_numbers(item) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_with_numbers(item) for item in value]
    return value


def number_text(number: float) -> str:
    """Return a number as the reference prints it: `1`, `0.5`, `1e+21`, `1e-7`, `-0`."""
    if number.__class__ is int and -_EXACT <= number <= _EXACT:
        return str(number)
    double = float(number)
    if double != double or double in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN
        return "null"
    size = abs(double)
    if size >= _EXPONENT_FROM or 0 < size < _EXPONENT_BELOW:
        digits, _, exponent = repr(double).partition("e")
        return f"{digits.removesuffix('.0')}e{int(exponent):+d}"
    if double == int(double):
        return "-0" if double == 0 and copysign(1, double) < 0 else _whole(double)
    return _decimal(repr(double))


def _whole(double: float) -> str:
    """Return a whole double's shortest digits, filled up with zeros."""
    digits, _, exponent = repr(double).partition("e")
    if not exponent:
        return digits.removesuffix(".0")
    head, _, tail = digits.partition(".")
    return head + tail.ljust(int(exponent), "0")


def _decimal(text: str) -> str:
    """Return `1.5e-05` without its exponent: `0.000015`."""
    digits, _, exponent = text.partition("e")
    if not exponent:
        return digits
    sign = "-" if digits.startswith("-") else ""
    plain = digits.removeprefix("-").replace(".", "")
    return f"{sign}0.{'0' * (-int(exponent) - 1)}{plain}"


# -- what a json field stores


def canonical_json(value: Any) -> str:
    """Return the text that a json field stores for whatever a caller sent.

    A string that is JSON itself is kept as it is; any other value is printed compactly with its
    keys sorted.
    """
    if isinstance(value, str):
        if is_json_text(value):
            return value
        # COMPAT: half a pair of surrogates is read as the sign of what cannot be read
        mended = _HALVES.sub(_mended, value) if "\\u" in value else value
        return mended if mended is not value and is_json_text(mended) else quote(value)
    return dumps(value, sort_keys=True).decode()


def sound_json(value: dict[str, Any] | list[Any]) -> str | None:
    """Return what `canonical_json()` would if that is good JSON for certain, else None.

    PERF: keys that are all texts are all different, and nobody has to parse the text to know.
    """
    try:
        return None if _has_odd_number(value) else orjson.dumps(value, option=_TEXT_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return None


_TEXT_KEYS: Final = orjson.OPT_SORT_KEYS
_HALVES: Final = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def _mended(found: re.Match[str]) -> str:
    return "\\ufffd" if found[1] else found[0]


def is_json_text(text: str) -> bool:
    """Tell whether a string is taken for JSON: it starts like a value and is one."""
    if text in {"true", "false", "null"}:
        return True
    if text[:1] not in _RAW_START:
        return False
    return _is_well_formed(text)


def _is_well_formed(text: str) -> bool:
    """Tell whether *text* is JSON; repeated keys and numbers too large for a double are fine."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as ex:
        return "infinity" in str(ex) and _is_slowly_parsed(text)
    return True


def _is_slowly_parsed(text: str) -> bool:
    try:
        stdlib_json.loads(text, parse_constant=no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def no_constant(name: str) -> Any:
    """Refuse `NaN` and `Infinity`, which Python reads; raises `ValueError`."""
    raise ValueError(name)


def is_valid(text: str) -> bool:
    """Tell whether *text* is JSON without repeated keys and numbers too large for a double."""
    try:
        value = orjson.loads(text)
        if value.__class__ is dict or value.__class__ is list:
            _refuse_repeated_keys(text.encode(), value)
    except ValueError:
        return False
    return True


def quote(text: str) -> str:
    """Return a string in quotes as the reference stores it."""
    # COMPAT: that is Go's source code form: what cannot be seen comes as an escape, and some of
    # those escapes are no JSON, which makes the field's check refuse the value
    if text.isprintable():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return (
        '"'
        + "".join([_QUOTED.get(c) or (c if c.isprintable() else _escape(c)) for c in text])
        + '"'
    )


_QUOTED: Final = {
    "\\": "\\\\", '"': '\\"', "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
    "\t": "\\t", "\v": "\\v",
}  # fmt: skip
_ASCII_END: Final = 0x80
_TWO_BYTES: Final = 0xFFFF


def _escape(char: str) -> str:
    code = ord(char)
    if code < _ASCII_END:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _TWO_BYTES else f"\\U{code:08x}"
