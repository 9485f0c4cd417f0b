"""Functions of the language; each checks its arguments and makes one operand of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules.ast import Call, Identifier, Number, Param, Slot, Text
from pocketbase_server.core.rules.operands import Nulls, Operand
from pocketbase_server.core.rules.terms import (
    Distance,
    TimeText,
    Truth,
)

if TYPE_CHECKING:
    from pocketbase_server.core.rules.ast import Operand as Written
    from pocketbase_server.core.rules.terms import Term

Resolve = Callable[["Written"], Operand]
Function = Callable[[Call, Resolve], Operand]

_MAX_TIME_ARGUMENTS: Final = 10


def call(written: Call, resolve: Resolve) -> Operand:
    """Return the operand of a function; raises `RuleSyntaxError`."""
    function = FUNCTIONS.get(written.name)
    if function is None:
        raise RuleSyntaxError(f'unknown function "{written.name}"', written.position)
    return function(written, resolve)


def _geo_distance(written: Call, resolve: Resolve) -> Operand:
    """`geoDistance(lonA, latA, lonB, latB)`: kilometres."""
    name, arguments = written.name, written.arguments
    if len(arguments) != 4:  # noqa: PLR2004 - two places
        raise _refused(written, f"expected 4 arguments, got {len(arguments)}")
    for number, argument in enumerate(arguments):
        if not _is_number(argument):
            message = f"[{name}] argument {number} must be an identifier or number"
            raise RuleSyntaxError(message, written.position)
    points = [
        _argument(written, f"argument {number}", argument, resolve)
        for number, argument in enumerate(arguments)
    ]
    # COMPAT: of several values each counts by itself, one match is enough
    return _made(Distance(tuple(point.value for point in points)), Nulls.AS_THEY_ARE, points)


def _strftime(written: Call, resolve: Resolve) -> Operand:
    """`strftime(format, time, modifiers…)`: a time as text."""
    arguments = written.arguments
    _check_time(written)
    parts = [_argument(written, "time-value argument", part, resolve) for part in arguments]
    made = _made(TimeText(tuple(part.value for part in parts)), Nulls.ALWAYS_AS_BLANK, parts)
    return replace(made, is_many=any(part.is_many for part in parts))


def _check_time(written: Call) -> None:
    arguments = written.arguments
    if not arguments:
        raise _refused(written, "expected at least 1 arguments, got 0")
    if len(arguments) > _MAX_TIME_ARGUMENTS:
        most = f"max allowed {_MAX_TIME_ARGUMENTS}, got {len(arguments)}"
        raise _refused(written, f"too many arguments ({most})")
    if not _is_text(arguments[0]):
        raise _refused(written, "expects the first argument to be a format string")
    if len(arguments) > 1 and isinstance(arguments[1], Call):
        raise _refused(written, "expects the second argument to be of a valid time-value type")
    for number, argument in enumerate(arguments[2:]):
        if not _is_text(argument):
            message = f"invalid modifier argument {number} - can be only string"
            raise _refused(written, message)


def _made(value: Term, nulls: Nulls, parts: Sequence[Operand]) -> Operand:
    has_params = any(part.has_params for part in parts)
    is_filled = has_params and not any(part.is_blank for part in parts)
    return Operand(value, nulls, has_params=has_params, is_filled=is_filled)


def _argument(written: Call, what: str, part: Written, resolve: Resolve) -> Operand:
    try:
        made = resolve(part)
    except RuleSyntaxError as ex:
        raise _refused(written, f"failed to resolve {what}: {ex.message}") from ex
    if isinstance(made.value, Truth):
        # COMPAT: the reference cannot build such a statement either
        raise _refused(written, "`:changed` is not supported in an argument")
    return made


def _is_text(argument: Written) -> bool:
    return isinstance(argument, (Text, Param)) or (
        isinstance(argument, Slot) and not argument.is_number
    )


def _is_number(argument: Written) -> bool:
    return isinstance(argument, (Identifier, Number, Param)) or (
        isinstance(argument, Slot) and argument.is_number
    )


def _refused(written: Call, message: str) -> RuleSyntaxError:
    return RuleSyntaxError(f"[{written.name}] {message}", written.position)


FUNCTIONS: Final[dict[str, Function]] = {
    "geoDistance": _geo_distance,
    "strftime": _strftime,
}
"""By name: how a call becomes an operand."""
