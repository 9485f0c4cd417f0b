"""
An application on a temporary folder, and one line to make a collection in it.
"""

from __future__ import annotations

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.collections.form import collection_from_body
from pocketbase_server.core.config import Config


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Return an application; tests of one module share it and use names of their own."""
    made = App(Config(data_dir=tmp_path_factory.mktemp("collections") / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


@pytest.fixture
def create(app):
    """Return a function that saves a collection and returns it as the store keeps it."""

    def made(name, *fields, **options):
        body = {"name": name, "type": "base", "fields": list(fields), **options}
        app.collections.create(collection_from_body(body))
        return app.collections.find(name)

    return made
