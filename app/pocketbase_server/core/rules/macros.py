"""Macros: words that stand for a moment (UTC), worked out whenever a plan runs."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from pocketbase_server.core.rules.binding import Param

_DAY: Final = timedelta(days=1)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _start(moment: datetime) -> str:
    return _text(moment.replace(hour=0, minute=0, second=0, microsecond=0))


def _end(moment: datetime) -> str:
    return _text(moment.replace(hour=23, minute=59, second=59, microsecond=999_000))


def _month_end(now: datetime) -> str:
    return _end(now.replace(day=monthrange(now.year, now.month)[1]))


Macro = Callable[[datetime], Any]

MACROS: Final[dict[str, Macro]] = {
    "@now": _text,
    "@yesterday": lambda now: _text(now - _DAY),
    "@tomorrow": lambda now: _text(now + _DAY),
    "@second": lambda now: now.second,
    "@minute": lambda now: now.minute,
    "@hour": lambda now: now.hour,
    "@day": lambda now: now.day,
    "@month": lambda now: now.month,
    "@weekday": lambda now: now.isoweekday() % 7,
    "@year": lambda now: now.year,
    "@todayStart": _start,
    "@todayEnd": _end,
    "@monthStart": lambda now: _start(now.replace(day=1)),
    "@monthEnd": _month_end,
    "@yearStart": lambda now: _start(now.replace(month=1, day=1)),
    "@yearEnd": lambda now: _end(now.replace(month=12, day=31)),
}
"""By name: what the macro is at a moment."""


def macro_param(name: str) -> Param | None:
    """Return the param of a macro, or None when *name* is none."""
    macro = MACROS.get(name)
    if macro is None:
        return None
    made = macro
    return Param(("macro", name), lambda inputs: made(inputs.now))
