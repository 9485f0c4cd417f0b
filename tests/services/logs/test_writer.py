"""
Log lines are taken at once, stored in bulk, and never get in anybody's way.
"""

from __future__ import annotations

import json
import re
import time
from types import SimpleNamespace

import pytest
from pocketbase_server.core.settings.model import Settings
from pocketbase_server.services.logs import writer as module
from pocketbase_server.services.logs.entry import dumped, timestamp
from pocketbase_server.services.logs.writer import ERROR, INFO, LogWriter
from pocketbase_server.storage.sql.engine import DatabaseBusy, Engine, inline_mode
from pocketbase_server.storage.sql.log_rows import add_logs
from pocketbase_server.storage.sql.system_tables import create_logs

from scripts.servers import LIMIT
from tests.waiting import eventually


@pytest.fixture
def app(tmp_path, monkeypatch):
    # nothing is stored while a test looks the other way
    monkeypatch.setattr(module, "FLUSH_SECONDS", 1000)
    app = SimpleNamespace(
        auxiliary=Engine(tmp_path / "auxiliary.db"),
        config=SimpleNamespace(is_dev=False),
        settings=SimpleNamespace(current=Settings()),
    )
    app.auxiliary.open()
    create_logs(app.auxiliary)
    app.logs = LogWriter(app)
    yield app
    app.logs.close()
    app.auxiliary.close()


def rows(app):
    return app.auxiliary.all("SELECT level, message, data FROM _logs ORDER BY rowid")


def test_row(app):
    """A line is stored with an id, its time and its data, keys sorted."""
    app.logs.write(INFO, "GET /", {"url": "/", "auth": "", "execTime": 1.0, "status": 200})
    app.logs.flush()
    (row,) = app.auxiliary.all("SELECT * FROM _logs")

    assert re.fullmatch("[a-z0-9]{15}", row[0])
    assert (0, "GET /", '{"auth":"","execTime":1,"status":200,"url":"/"}') == row[1:4]
    assert 0 <= time.time() - _seconds(row[4]) + 0.001 < LIMIT


def _seconds(text):
    from datetime import datetime

    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f%z").timestamp()


def test_not_yet(app):
    """Nothing is stored while the caller waits."""
    app.logs.write(INFO, "m", {})

    assert rows(app) == []
    app.logs.close()
    assert len(rows(app)) == 1
    app.logs.write(INFO, "too late", {})
    app.logs.close()
    assert len(rows(app)) == 1


def test_by_time(app, monkeypatch):
    """Lines are stored after a while."""
    monkeypatch.setattr(module, "FLUSH_SECONDS", 0.1)
    app.logs.write(INFO, "m", {})

    eventually(lambda: len(rows(app)) == 1)


def test_by_number(app, monkeypatch):
    """Many lines are stored at once, in their order."""
    monkeypatch.setattr(module, "FLUSH_ROWS", 200)
    for number in range(module.FLUSH_ROWS + 50):
        app.logs.write(INFO, str(number), {})

    eventually(lambda: len(rows(app)) >= module.FLUSH_ROWS)
    assert [str(n) for n in range(module.FLUSH_ROWS)] == [row[1] for row in rows(app)][
        : module.FLUSH_ROWS
    ]


@pytest.mark.parametrize(
    ("max_days", "min_level", "kept"), [(5, 0, ["a", "b"]), (5, 8, ["b"]), (0, 0, [])]
)
def test_wanted(app, max_days, min_level, kept):
    """The settings say which lines are wanted."""
    app.settings.current.logs.max_days = max_days
    app.settings.current.logs.min_level = min_level
    app.logs.write(INFO, "a", {})
    app.logs.write(ERROR, "b", {})
    app.logs.flush()

    assert kept == [row[1] for row in rows(app)]


def test_refused(app, monkeypatch):
    """While the database refuses, nobody notices, and the lines wait."""

    def refuse(*_):
        raise DatabaseBusy("locked")

    monkeypatch.setattr(module, "add_logs", refuse)
    app.logs.write(INFO, "a", {})
    app.logs.write(INFO, "b", {})
    app.logs.flush()
    app.logs.flush()
    monkeypatch.undo()
    app.logs.flush()

    assert [row[1] for row in rows(app)] == ["a", "b"]


def test_inline(app):
    """Writing a line never waits, also where waiting is forbidden."""
    with app.auxiliary.transaction(), inline_mode():
        app.logs.write(INFO, "a", {})


def test_odd_data(app):
    """Data that is no JSON is told in words."""
    app.logs.write(INFO, "a", {"error": ValueError("x"), "set": {1}})
    app.logs.flush()

    assert json.loads(rows(app)[0][2]) == {"error": "x", "set": "{1}"}


def test_portions(app):
    """
    Any number of lines is stored whole, in order, with ids that grow, also from one time to the next.
    """
    for count in (1, 15, 17, 300):
        for number in range(count):
            app.logs.write_text(f"{count} {number}", '{"url":"/"}')
        app.logs.flush()

    wanted = [f"{count} {number}" for count in (1, 15, 17, 300) for number in range(count)]
    assert wanted == [row[1] for row in rows(app)]
    assert wanted == [row[0] for row in app.auxiliary.all("SELECT message FROM _logs ORDER BY id")]


def test_moments(app):
    """
    Lines are dated to the millisecond that they were taken in.
    """
    moments = [0.0005, 1.999, 1700000000.0, 1700000000.0019, 1700000000.25]
    add_logs(app.auxiliary, [(INFO, "m", "{}", moment) for moment in moments])
    stored = [row[0] for row in app.auxiliary.all("SELECT created FROM _logs ORDER BY rowid")]

    assert stored == [timestamp(moment) for moment in moments]


def test_long_message(app):
    """A message is cut at 8000 characters."""
    app.logs.write(INFO, "m" * 9000, {})
    app.logs.flush()

    assert len(rows(app)[0][1]) == 8000


# What the reference 0.40.6 kept of its own lines at several limits.
DATA = {"auth": "_superusers", "authId": "pixx4f02fuozi0r", "details": None, "error": "File not found.", "execTime": 0.272505, "method": "GET", "url": "/" + "y" * 100}  # fmt: skip
CUT = [
    (1, '{"__pb_truncated__":true}'),
    (50, '{"__pb_truncated__":true,"auth":"_superusers","authId":"pixx4f02fuozi0r"}'),
    (100, '{"__pb_truncated__":true,"auth":"_superusers","authId":"pixx4f02fuozi0r","details":null,"error":"File not found.","execTime":null}'),
    (200, '{"__pb_truncated__":true,"auth":"_superusers","authId":"pixx4f02fuozi0r","details":null,"error":"File not found.","execTime":0.272505,"method":"GET","url":null}'),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "expected"), CUT)
def test_cut(limit, expected):
    """Data over the limit keeps its first keys and a mark."""
    assert expected == dumped(DATA, limit)


def test_not_cut():
    """Data within the limit is kept whole."""
    assert json.loads(dumped(DATA, 10_000)) == DATA


def test_prune(app):
    """Lines older than the settings allow are removed."""
    insert = "INSERT INTO _logs (message, created) VALUES (?, ?)"
    app.auxiliary.run(insert, ("old", timestamp(time.time() - 6 * 86_400)))
    app.auxiliary.run(insert, ("new", timestamp(time.time() - 4 * 86_400)))
    app.logs.prune()

    assert [row[1] for row in rows(app)] == ["new"]


def test_dev(app, capsys):
    """During development the lines are printed as well."""
    app.config.is_dev = True
    app.logs.write(ERROR, "GET /x", {"error": "Not found.", "details": None})

    assert capsys.readouterr().out == "ERROR GET /x\n└─ Not found.\n"
