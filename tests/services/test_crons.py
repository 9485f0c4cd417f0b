"""
Scheduled jobs: added, replaced, run at their time and by hand; failures and clean-up.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.core.errors import NotFoundError
from pocketbase_server.core.records.auth_refs import MFAS, OTPS
from pocketbase_server.kit.cron import CronError
from pocketbase_server.services.auth import mfa, otp
from pocketbase_server.services.crons import Crons

from scripts.servers import LIMIT
from tests.waiting import eventually

NOON = datetime(2024, 1, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def app(tmp_path):
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


def _wait(event: threading.Event) -> bool:
    return event.wait(LIMIT)


def test_a_job_runs_when_it_is_due(app):
    """At its minute, and not at another."""
    ran, never = threading.Event(), threading.Event()
    app.crons.add("mine", "0 12 * * *", ran.set)
    app.crons.add("other", "1 12 * * *", never.set)
    app.crons.tick(NOON)

    assert _wait(ran)
    assert not never.is_set()


def test_jobs_are_replaced_removed_and_listed(app):
    """The same id is the same job; our own come last."""
    ran = threading.Event()
    app.crons.add("mine", "* * * * *", lambda: None)
    app.crons.add("mine", "@hourly", ran.set)
    app.crons.add("gone", "* * * * *", lambda: None)
    app.crons.remove("gone")
    app.crons.remove("unknown")
    listed = [(job.id, job.expression) for job in app.crons.jobs()]
    app.crons.run("mine")

    assert listed[0] == ("mine", "@hourly")
    assert [id for id, _ in listed[1:]] == ["__pbDBOptimize__", "__pbMFACleanup__", "__pbOTPCleanup__", "__pbLogsCleanup__"]  # fmt: skip
    assert _wait(ran)


def test_what_cannot_be(app):
    """A bad expression and an unknown job are refused."""
    with pytest.raises(CronError):
        app.crons.add("bad", "nonsense", lambda: None)
    with pytest.raises(NotFoundError):
        app.crons.run("nope")


def test_a_failure_is_logged(app, monkeypatch):
    """A job that raises leaves a line in the log, and the scheduler goes on."""
    lines = []
    monkeypatch.setattr(app.logs, "write", lambda *line: lines.append(line))
    app.crons.add("broken", "* * * * *", lambda: 1 / 0)
    app.crons.run("broken")
    eventually(lambda: lines)

    assert "ZeroDivisionError" in lines[0][2]["error"]


def test_the_clock_decides(app, monkeypatch):
    """No minute comes twice; the scheduler stops at once."""
    monkeypatch.setattr("pocketbase_server.services.crons.MINUTE", 0.05)
    crons, ticks, began = Crons(app), [], time.time()
    monkeypatch.setattr(crons, "tick", ticks.append)
    crons.start()
    crons.start()
    thread = crons._thread
    eventually(lambda: len(ticks) >= 2)
    crons.stop()
    thread.join(LIMIT)

    assert not thread.is_alive()
    assert len(ticks) <= (time.time() - began) / 0.05 + 1


def test_minutes_of_a_sleep_are_missed(app, monkeypatch):
    """What was due while the machine slept is not made up for."""
    crons, ticks = Crons(app), []
    naps = [NOON.timestamp(), NOON.timestamp() + 3600.5, NOON.timestamp() + 3601]
    monkeypatch.setattr(
        "pocketbase_server.services.crons.time.time", lambda: naps[min(len(waits), 2)]
    )
    waits = []
    monkeypatch.setattr(
        crons._stop, "wait", lambda seconds: waits.append(seconds) or len(waits) > 2
    )
    monkeypatch.setattr(crons, "tick", ticks.append)
    crons._watch()

    assert ticks == [datetime(2024, 1, 1, 13, 0, 0, 500_000, tzinfo=UTC)]
    assert waits[0] == 60.0


@pytest.mark.parametrize(
    ("refs", "field", "clean"),
    [(OTPS, "password", otp.delete_expired), (MFAS, "method", mfa.delete_expired)],
)
def test_expired_codes_go(app, refs, field, clean):
    """Codes and sessions past their time are deleted, others stay."""
    users = app.collections.find("users")
    app.hooks.record_validate.unbind_all()
    for name in ("old", "new"):
        record = app.records.new(refs)
        values = {"collectionRef": users.id, "recordRef": name, field: "12345678"}
        for key, value in values.items():
            record.set(key, value)
        app.records.create(record)
    old = "2020-01-01 00:00:00.000Z"
    app.data.run(f"UPDATE {refs} SET created = ? WHERE recordRef = 'old'", (old,))
    clean(app)

    assert [r.get("recordRef") for r in app.records.find_by_filter(refs, "")] == ["new"]
