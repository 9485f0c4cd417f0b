"""Moments as texts: `YYYY-MM-DD HH:MM:SS.mmmZ`, in UTC."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_USUAL: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DATE = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_TIME = r"(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?"
_SHORT_TIME = r"(?P<hour>\d\d?):(?P<minute>\d\d)"
_OFFSET = r"(?P<sign>[+-])(?P<off_hour>\d\d):(?P<off_minute>\d\d)"
_PLAIN_OFFSET = r"(?P<sign>[+-])(?P<off_hour>\d\d)(?P<off_minute>\d\d)"
_ZONE = r"(?:ChST|MeST|GMT(?P<gmt>[+-]\d\d?)|[A-Z]{3}|[A-Z]{3}T|WITA|[A-Z]{4}T|[+-]\d\d?)"
_WEEKDAY = r"(?i:mon|tue|wed|thu|fri|sat|sun)"
_LONG_WEEKDAY = r"(?i:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_NAMED = r"(?P<name>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
_DAY, _PADDED_DAY = r"(?P<day>\d\d)", r"(?P<day>\d\d?)"
_YEAR, _SHORT_YEAR = r"(?P<year>\d{4})", r"(?P<short_year>\d\d)"

_FORMS: Final = tuple(
    # COMPAT: where there is one space, there may be several
    re.compile(form.replace(" ", " +"), re.ASCII)
    for form in (
        f"{_DATE} {_TIME}Z?",
        f"{_DATE}T{_TIME}(?:Z|{_OFFSET})?",
        f"{_DATE}",
        f"{_DATE} {_TIME} {_OFFSET}",
        f"{_DATE} {_TIME}{_OFFSET}",
        f"{_DATE}(?: |T){_TIME}{_PLAIN_OFFSET}",
        f"{_DATE} {_TIME} {_PLAIN_OFFSET}(?: {_ZONE})?",
        f"{_WEEKDAY}, {_DAY} {_NAMED} {_YEAR} {_TIME} {_PLAIN_OFFSET}",
        f"{_WEEKDAY}, {_DAY} {_NAMED} {_YEAR} {_TIME} {_ZONE}",
        f"{_DAY} {_NAMED} {_SHORT_YEAR} {_SHORT_TIME} {_PLAIN_OFFSET}",
        f"{_DAY} {_NAMED} {_SHORT_YEAR} {_SHORT_TIME} {_ZONE}",
        f"{_LONG_WEEKDAY}, {_DAY}-{_NAMED}-{_SHORT_YEAR} {_TIME} {_ZONE}",
        f"{_WEEKDAY} {_NAMED} {_PADDED_DAY} {_TIME} {_YEAR}",
        f"{_WEEKDAY} {_NAMED} {_PADDED_DAY} {_TIME} {_ZONE} {_YEAR}",
        f"{_WEEKDAY} {_NAMED} {_DAY} {_TIME} {_PLAIN_OFFSET} {_YEAR}",
        f"{_DAY} {_NAMED} {_YEAR}",
        r"(?P<hour>\d\d?):(?P<minute>\d\d)(?P<half>AM|PM)",
        f"{_NAMED} {_PADDED_DAY} {_TIME}",
    )
)
"""The forms that the reference understands, the usual ones first."""

_MINUTES = 1440
_MAX_OFFSET_HOURS = 24
_NOTHING = (1, 1, 1, 0, 0, 0, 0)
"""The moment that counts as none."""


_latest: tuple[int, str] = (0, "")


def now() -> str:
    """Return this moment."""
    global _latest  # noqa: PLW0603 - PERF: within a millisecond the same text; a batch asks often
    milliseconds = time.time_ns() // 1_000_000
    known, text = _latest
    if milliseconds != known:
        text = moment_of(milliseconds)
        _latest = milliseconds, text
    return text


def moment_of(milliseconds: int) -> str:
    """Return the moment so many milliseconds after 1970 began."""
    seconds, rest = divmod(milliseconds, 1000)
    # PERF: three times as fast as a format
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(' ')[:19]}.{rest:03}Z"


def parse_date(text: str) -> str:
    """Return the moment that *text* tells in any of the forms the reference knows; "" for none."""
    if _USUAL.fullmatch(text):
        return _usual(text)
    for form in _FORMS:
        if found := form.fullmatch(text):
            return _from_parts(_parts(found.groupdict()))
    return ""


Parts = tuple[int, int, int, int, int, int, int]


def _usual(text: str) -> str:
    # PERF: what we store and what JavaScript prints; the long way takes 4 µs
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "" if text[:4] != "0000" else _from_parts(_parts(_match(text)))
    moment = f"{text[:10]} {text[11:]}"
    return "" if moment == "0001-01-01 00:00:00.000Z" else moment


def _match(text: str) -> dict[str, str | None]:
    found = _FORMS[1].fullmatch(text.replace(" ", "T"))
    return found.groupdict() if found else {}


def _parts(found: dict[str, str | None]) -> tuple[Parts, int]:
    """Return year to millisecond, and the minutes to be taken off for UTC."""

    def number(name: str, default: int = 0) -> int:
        return int(found.get(name) or default)

    fraction = ((found.get("fraction") or "") + "000")[:3]
    hour = _hour(number("hour"), found.get("half"))
    return (
        _year(found), _month(found), number("day", 1),
        hour, number("minute"), number("second"), int(fraction),
    ), _offset(found, number)  # fmt: skip


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    return hour % 12 + (12 if half == "PM" else 0) if 0 < hour <= 12 else -1  # noqa: PLR2004


def _year(found: dict[str, str | None]) -> int:
    short = found.get("short_year")
    if short:
        return int(short) + (1900 if int(short) >= 69 else 2000)  # noqa: PLR2004
    return int(found.get("year") or 0)


def _month(found: dict[str, str | None]) -> int:
    name = found.get("name")
    return _MONTHS[name.lower()] if name else int(found.get("month") or 1)


def _offset(found: dict[str, str | None], number: Callable[[str], int]) -> int:
    if found.get("gmt"):
        # COMPAT: the reference moves the clock of `GMT+3` forward, not back
        return -60 * number("gmt")
    hours, minutes = number("off_hour"), number("off_minute")
    if hours > _MAX_OFFSET_HOURS or minutes > 60:  # noqa: PLR2004
        return _NO_OFFSET
    total = hours * 60 + minutes
    return -total if found.get("sign") == "-" else total


_NO_OFFSET = 1 << 20


def _from_parts(known: tuple[Parts, int]) -> str:
    parts, offset = known
    year, month, day, hour, minute, second, milli = parts
    if not _is_sound(parts) or offset == _NO_OFFSET:
        return ""
    if offset:
        days, minutes = divmod(hour * 60 + minute - offset, _MINUTES)
        year, month, day = _civil(_days(year, month, day) + days)
        hour, minute = divmod(minutes, 60)
    if (year, month, day, hour, minute, second, milli) == _NOTHING:
        return ""
    shown = f"{year:04d}" if year >= 0 else f"-{-year:04d}"
    return f"{shown}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}.{milli:03d}Z"


def _is_sound(parts: Parts) -> bool:
    year, month, day, hour, minute, second, _ = parts
    return (
        1 <= month <= 12  # noqa: PLR2004
        and 1 <= day <= _month_length(year, month)
        and 0 <= hour < 24  # noqa: PLR2004
        and minute < 60  # noqa: PLR2004
        and second < 60  # noqa: PLR2004
    )


def _month_length(year: int, month: int) -> int:
    if month == 2:  # noqa: PLR2004
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01 (NOTE: the standard library begins with the year 1)."""
    year -= month <= 2  # noqa: PLR2004
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def _civil(days: int) -> tuple[int, int, int]:
    """Return year, month and day of so many days since 1970-01-01."""
    era, of_era = divmod(days + 719468, 146097)
    years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9  # noqa: PLR2004
    return years + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1  # noqa: PLR2004
