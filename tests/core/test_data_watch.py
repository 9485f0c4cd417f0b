"""
When what is in memory is read again.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pocketbase_server.core.data_watch import DataWatch
from pocketbase_server.storage.sql.errors import DatabaseError, WouldBlock


class Data:
    """A database whose version a test decides."""

    is_open, in_transaction, version = True, False, 1

    def data_version(self) -> int:
        return self.version


@pytest.fixture
def data():
    return Data()


@pytest.fixture
def watch(data):
    made = DataWatch(SimpleNamespace(data=data))
    made.begin()
    return made


def _fail(error):
    def read():
        raise error

    return read


def test_read_once_for_each_change(watch, data):
    """Nothing is read while nothing has changed, and a change is read once."""
    data.version = 2

    assert [watch.look(lambda: True), watch.look(lambda: True)] == [True, False]


@pytest.mark.parametrize(("name", "value"), [("is_open", False), ("in_transaction", True)])
def test_not_now(watch, data, name, value):
    """Nobody looks into a closed database, or past his own transaction."""
    data.version = 2
    setattr(data, name, value)

    assert not watch.look(lambda: True)


def test_what_cannot_be_read_is_read_later(watch, data):
    """A change that could not be read is still one; a read that would wait is due at once."""
    data.version = 2

    assert not watch.look(_fail(DatabaseError()))
    with pytest.raises(WouldBlock):
        watch.look(_fail(WouldBlock()))
    assert watch.due == 0
    assert watch.look(lambda: True)
