"""Moments in columns that are declared to hold some, as the reference's driver shows them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

DECLARED: Final = frozenset({"DATE", "DATETIME", "TIMESTAMP"})
"""The declared types of such columns."""
_SHAPE: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[ T](?P<hour>\d\d?):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?(?P<zone>[+-]\d\d:\d\d)?)?)?Z?",
    re.ASCII,
)
_SPELT_OUT: Final = re.compile(r" ([+-]\d\d)(\d\d) [A-Z]{3,4}\Z")


def shown_moment(text: str) -> str:
    """Return *text* as RFC 3339 when it is a moment in one of the usual forms, else as it is."""
    found = _SHAPE.fullmatch(_SPELT_OUT.sub(r"\1:\2", text))
    try:
        return _shown(found) if found else text
    except ValueError:
        return text


def _shown(found: re.Match[str]) -> str:
    zone = _zone(found["zone"] or "")
    clock = f"{int(found['hour'] or 0):02}:{found['minute'] or '00'}:{found['second'] or '00'}"
    # NOTE: only to see whether there is such a moment
    datetime.fromisoformat(f"{found['date']}T{clock}").replace(tzinfo=zone)
    fraction = (found["fraction"] or "")[:9].rstrip("0")
    offset = "Z" if zone is UTC else found["zone"]
    return f"{found['date']}T{clock}{'.' if fraction else ''}{fraction}{offset}"


def _zone(text: str) -> timezone:
    if text in {"", "+00:00", "-00:00"}:
        return UTC
    away = timedelta(hours=int(text[1:3]), minutes=int(text[4:]))
    return timezone(-away if text[0] == "-" else away)
