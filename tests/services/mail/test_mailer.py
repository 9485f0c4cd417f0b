"""
The mailer: hooks around every letter, work in the background, failures in the log.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.services.mail.mailer import Mailer
from pocketbase_server.services.mail.messages import MailError
from pocketbase_server.services.mail.outbox import MOST_WAITING, THREADS, Outbox
from pocketbase_server.services.mail.throttle import PAUSE, Throttle
from pocketbase_server.services.mail.transports import TRANSPORTS
from pocketbase_server.services.mail.transports.memory import MemoryTransport
from pocketbase_server.services.mail.transports.sendmail import SendmailTransport
from pocketbase_server.services.mail.transports.smtp import SmtpTransport
from pocketbase_server.storage.counters import Counters

from scripts.servers import LIMIT
from tests.waiting import eventually


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

    assert app.mailer.outbox.wait(LIMIT)
    assert undone == [1]
    assert sorted(line[1] for line in logged) == ["Failed", "Failed twice", "Failed twice"]
    assert logged[0][2] == {"error": "no"}


def test_the_outbox_works_side_by_side_and_is_bounded():
    """
    A few letters at a time, none forgotten, and no more than fit.
    """
    box, gate, done = Outbox(), threading.Event(), []
    for n in range(THREADS):
        box.put(lambda n=n: (gate.wait(LIMIT), done.append(n)))
    eventually(lambda: not box._jobs.qsize())
    taken = [box.put(lambda: done.append("x")) for _ in range(MOST_WAITING + 5)]

    assert taken.count(False) == 5
    assert not box.wait(0.05)
    gate.set()

    assert box.wait(LIMIT)
    assert len(done) == THREADS + MOST_WAITING


def test_an_idle_thread_ends_and_another_starts(monkeypatch):
    monkeypatch.setattr("pocketbase_server.services.mail.outbox.IDLE_SECONDS", 0.05)
    box, done = Outbox(), []
    for n in range(3):
        box.put(lambda n=n: done.append(n))

        assert box.wait(LIMIT)
        eventually(lambda: box._threads == 0)
    assert done == [0, 1, 2]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("where", ["memory", "file"])
def test_the_throttle(where, tmp_path):
    """
    One letter per key and pause, whoever asks first; released, the next may go.
    """
    clock = Clock()
    path = tmp_path / "letters" if where == "file" else None
    throttle, other = (Throttle(Counters(path, clock)) for _ in range(2))
    with ThreadPoolExecutor(20) as pool:
        taken = list(pool.map(lambda _: throttle.take("a", "b"), range(20)))

    assert taken.count(True) == 1
    assert throttle.take("a", "c")
    assert other.take("a", "b") is (where == "memory")
    other.release("a", "b")
    throttle.release("a", "b")
    throttle.release("never", "taken")

    assert throttle.take("a", "b")
    clock.now += PAUSE - 1

    assert not throttle.take("a", "b")
    clock.now += 1

    assert throttle.take("a", "b")
    throttle.close()
    other.close()


@pytest.mark.parametrize(("workers", "is_shared"), [(1, False), (2, True)])
def test_workers_share_the_throttle(tmp_path, workers, is_shared):
    """
    Alone a process needs no file; several agree through one.
    """
    config = Config(data_dir=tmp_path, workers=workers)
    one, other = (Mailer(App(config)).throttle for _ in range(2))

    assert [one.take("a"), other.take("a")] == [True, not is_shared]
    assert (tmp_path / ".letters").exists() is is_shared
    one.close()
    other.close()
