"""
Members of an object, however they are spelled.
"""

from __future__ import annotations

import pytest
from pocketbase_server.kit.members import RepeatedMemberError, members

NAMES = ("clientId", "url")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, {}),
        ({"clientId": 1, "url": 2, "x": 3}, {"clientId": 1, "url": 2}),
        ({"CLIENTID": 1}, {"clientId": 1}),
        ({"client_id": 1, "U-R-L": 2}, {"clientId": 1, "url": 2}),
        ({"x": 1, "X": 2}, {}),
    ],
    ids=str,
)
def test_spellings(body, found):
    """
    Neither case nor marks matter; what nobody knows is left out.
    """
    assert members(body, NAMES) == found


@pytest.mark.parametrize("body", [{"url": 1, "URL": 1}, {"client_id": 1, "clientid": 2}], ids=str)
def test_nothing_is_said_twice(body):
    """
    Two spellings of one name are refused.
    """
    with pytest.raises(RepeatedMemberError):
        members(body, NAMES)
