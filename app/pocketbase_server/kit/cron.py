"""Cron expressions: five segments of minute, hour, day, month and weekday, or a macro."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MACROS: Final[Mapping[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_BOUNDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_INT_MAX: Final = (1 << 63) - 1
_PARTS: Final = 2


class CronError(ValueError):
    """The expression is no cron expression; the message says why."""


@dataclass(slots=True, frozen=True)
class Schedule:
    """The minutes at which something is due."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""

    def is_due(self, moment: datetime) -> bool:
        """Tell whether the minute of *moment* is one of the schedule's.

        COMPAT: day and weekday must both fit, unlike in Vixie's cron.
        """
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.day in self.days
            and moment.month in self.months
            and moment.isoweekday() % 7 in self.weekdays
        )


def parse_cron(expression: str) -> Schedule:
    """Return the schedule of an expression such as `*/5 0-6 * * 1,3` or `@hourly`.

    Raises `CronError`.
    """
    segments = MACROS.get(expression, expression).split(" ")
    if len(segments) != len(_BOUNDS):
        raise CronError(
            "invalid cron expression - must be a valid macro"
            " or to have exactly 5 space separated segments"
        )
    pairs = zip(segments, _BOUNDS, strict=True)
    return Schedule(*(parse_segment(segment, low, high) for segment, (low, high) in pairs))


def parse_segment(segment: str, low: int, high: int) -> frozenset[int]:
    """Return the numbers that a segment names, all between *low* and *high*.

    Raises `CronError`.
    """
    found: set[int] = set()
    for part in segment.split(","):
        found.update(_numbers(part, low, high))
    return frozenset(found)


def _numbers(part: str, low: int, high: int) -> range:
    pieces = part.split("/")
    step = _step(pieces, high)
    if pieces[0] == "*":
        return range(low, high + 1, step)
    first, last = _bounds(pieces[0], low, high, step)
    return range(first, last + 1, step)


def _step(pieces: list[str], high: int) -> int:
    if len(pieces) > _PARTS:
        raise CronError("invalid segment step format - must be in the format */n or 1-30/n")
    if len(pieces) == 1:
        return 1
    step = _integer(pieces[1])
    if not 1 <= step <= high:
        raise CronError(
            f"invalid segment step boundary - the step must be between 1 and the {high}"
        )
    return step


def _bounds(text: str, low: int, high: int, step: int) -> tuple[int, int]:
    pieces = text.split("-")
    if len(pieces) == 1:
        if step != 1:
            raise CronError(
                "invalid segment step - step > 1 could be used only with the wildcard or range format"
            )
        value = _integer(pieces[0])
        if not low <= value <= high:
            raise CronError(
                "invalid segment value - must be between the min and max of the segment"
            )
        return value, value
    if len(pieces) > _PARTS:
        raise CronError("invalid segment range format - the range must have 1 or 2 parts")
    return _range(pieces, low, high)


def _range(pieces: list[str], low: int, high: int) -> tuple[int, int]:
    first = _integer(pieces[0])
    if not low <= first <= high:
        raise CronError(f"invalid segment range minimum - must be between {low} and {high}")
    last = _integer(pieces[1])
    if not first <= last <= high:
        raise CronError(f"invalid segment range maximum - must be between {first} and {high}")
    return first, last


def _integer(text: str) -> int:
    digits = text[1:] if text[:1] in {"+", "-"} else text
    # COMPAT: the texts are those of the reference, down to the function they name
    if not (digits.isascii() and digits.isdecimal()):
        raise CronError(f"strconv.Atoi: parsing {_quoted(text)}: invalid syntax")
    value = int(text)
    if not -_INT_MAX - 1 <= value <= _INT_MAX:
        raise CronError(f"strconv.Atoi: parsing {_quoted(text)}: value out of range")
    return value


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r") + '"'
