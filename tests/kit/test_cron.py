"""
Cron expressions: what they mean, and how odd ones are refused.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pocketbase_server.kit.cron import CronError, parse_cron, parse_segment


@pytest.mark.parametrize(
    ("segment", "low", "high", "expected"),
    [
        ("*", 0, 5, {0, 1, 2, 3, 4, 5}),
        ("*/2", 0, 5, {0, 2, 4}),
        ("*/2", 1, 6, {1, 3, 5}),
        ("2-4", 0, 5, {2, 3, 4}),
        ("1-5/3", 0, 5, {1, 4}),
        ("1,3,3", 0, 5, {1, 3}),
        ("0-1,4", 0, 5, {0, 1, 4}),
        ("+1", 0, 5, {1}),
    ],
)
def test_segments(segment, low, high, expected):
    """A segment is a list of values, ranges and steps."""
    assert parse_segment(segment, low, high) == expected


@pytest.mark.parametrize(
    ("expression", "moment", "expected"),
    [
        ("* * * * *", (2024, 2, 29, 23, 59), True),
        ("@hourly", (2024, 1, 1, 5, 0), True),
        ("@hourly", (2024, 1, 1, 5, 1), False),
        ("@daily", (2024, 1, 1, 0, 0), True),
        ("@weekly", (2024, 1, 7, 0, 0), True),
        ("@weekly", (2024, 1, 8, 0, 0), False),
        ("@monthly", (2024, 3, 1, 0, 0), True),
        ("@yearly", (2024, 1, 1, 0, 0), True),
        ("0 0 1 * 1", (2024, 1, 1, 0, 0), True),
        ("0 0 1 * 2", (2024, 1, 1, 0, 0), False),
    ],
)
def test_due(expression, moment, expected):
    """All five segments must fit; Sunday is 0."""
    assert parse_cron(expression).is_due(datetime(*moment, tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    "expression",
    ["", "@every", "* * * *", "60 * * * *", "* * * * 7", "*/0 * * * *", "5-1 * * * *", "a * * * *"],
)
def test_refused(expression):
    """What is no expression is refused."""
    with pytest.raises(CronError):
        parse_cron(expression)
