"""
The mailer: hooks around every letter, work in the background, failures in the log.
"""

from __future__ import annotations

import threading
import time

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.services.mail.messages import MailError
from pocketbase_server.services.mail.outbox import MOST_WAITING, THREADS, Outbox
from pocketbase_server.services.mail.throttle import Throttle
from pocketbase_server.services.mail.transports import TRANSPORTS
from pocketbase_server.services.mail.transports.memory import MemoryTransport
from pocketbase_server.services.mail.transports.sendmail import SendmailTransport
from pocketbase_server.services.mail.transports.smtp import SmtpTransport


@pytest.fixture
def app(tmp_path):
    """Return an opened application."""
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


def test_the_settings_name_the_way(app):
    """
    SMTP when it is enabled, else sendmail; `use()` beats both.
    """
    assert isinstance(app.mailer.transport(), SendmailTransport)
    settings = app.settings.current.clone()
    settings.smtp.enabled = True
    app.settings.save(settings)

    assert isinstance(app.mailer.transport(), SmtpTransport)
    memory = MemoryTransport()
    app.mailer.use(memory)

    assert app.mailer.transport() is memory
    assert set(TRANSPORTS) == {"smtp", "sendmail", "memory"}


def test_handlers_may_change_or_stop_a_letter(app):
    memory = MemoryTransport()
    app.mailer.use(memory)

    @app.hooks.mailer_send()
    def change(event):
        event.message.subject += "!"
        if "stop" not in event.message.subject:
            event.next()

    app.mailer.send(app.mailer.new_message("a@example.com", "hello", "<p>x</p>"))
    app.mailer.send(app.mailer.new_message("a@example.com", "stop", "<p>x</p>"))

    assert [message.subject for message in memory.sent] == ["hello!"]


def test_failures_are_logged_and_undone(app):
    """
    What fails in the background ends in the log and takes back what was done for it.
    """
    undone, logged = [], []
    app.logs.write = lambda *line: logged.append(line)

    def fail():
        raise MailError("no")

    app.mailer.send_later(fail, "Failed", lambda: undone.append(1))
    app.mailer.send_later(fail, "Failed twice", fail)

    assert app.mailer.outbox.wait(5)
    assert undone == [1]
    assert sorted(line[1] for line in logged) == ["Failed", "Failed twice", "Failed twice"]
    assert logged[0][2] == {"error": "no"}


def test_the_outbox_works_side_by_side_and_is_bounded():
    """
    A few letters at a time, none forgotten, and no more than fit.
    """
    box, gate, done = Outbox(), threading.Event(), []
    for n in range(THREADS):
        box.put(lambda n=n: (gate.wait(5), done.append(n)))
    until = time.monotonic() + 5
    while box._jobs.qsize() and time.monotonic() < until:
        time.sleep(0.01)
    taken = [box.put(lambda: done.append("x")) for _ in range(MOST_WAITING + 5)]

    assert taken.count(False) == 5
    assert not box.wait(0.05)
    gate.set()

    assert box.wait(5)
    assert len(done) == THREADS + MOST_WAITING


def test_an_idle_thread_ends_and_another_starts(monkeypatch):
    monkeypatch.setattr("pocketbase_server.services.mail.outbox.IDLE_SECONDS", 0.05)
    box, done = Outbox(), []
    for n in range(3):
        box.put(lambda n=n: done.append(n))

        assert box.wait(2)
        time.sleep(0.15)

        assert box._threads == 0
    assert done == [0, 1, 2]


def test_the_throttle():
    """
    One letter per key and pause, whoever asks first; released, the next may go.
    """
    throttle = Throttle(pause=0.1)
    taken = []
    threads = [
        threading.Thread(target=lambda: taken.append(throttle.take("a", "b"))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken.count(True) == 1
    assert throttle.take("a", "c")
    throttle.release("a", "b")

    assert throttle.take("a", "b")
    time.sleep(0.12)

    assert throttle.take("a", "b")
