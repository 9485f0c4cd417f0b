"""An application on a new data directory, with one user in it."""

from __future__ import annotations

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.core.records.auth import set_password
from pocketbase_server.services.mail.transports.memory import MemoryTransport

from scripts.servers import LIMIT

PASSWORD = "1234567890"


@pytest.fixture
def app(tmp_path):
    """Return an opened application."""
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    made.mailer.use(MemoryTransport())
    yield made
    made.terminate()


@pytest.fixture
def add(app):
    """Return a function that creates an auth record."""

    def make(collection: str, email: str, **values):
        record = app.records.new(collection)
        for name, value in {"email": email, **values}.items():
            record.set(name, value)
        set_password(record, PASSWORD)
        app.records.create(record)
        return record

    return make


@pytest.fixture
def letters(app):
    """Return a function that waits for the letters on their way and takes them."""

    def take():
        assert app.mailer.outbox.wait(LIMIT)

        sent = app.mailer.transport().sent
        taken, sent[:] = list(sent), []
        return taken

    return take


@pytest.fixture
def user(add):
    """Return a user."""
    return add("users", "user@example.com")
