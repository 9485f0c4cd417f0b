"""
An application on a temporary folder, and short words for making collections and records in it.
"""

from __future__ import annotations

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.collections.form import collection_from_body
from pocketbase_server.core.config import Config
from pocketbase_server.core.request_info import RequestInfo

OPEN = {f"{verb}Rule": "" for verb in ("list", "view", "create", "update", "delete")}


def text(name, **options):
    """Return a text field."""
    return {"name": name, "type": "text", **options}


def number(name, **options):
    """Return a number field."""
    return {"name": name, "type": "number", **options}


def relation(name, to, **options):
    """Return a relation to a collection, to one record unless `maxSelect` says otherwise."""
    return {"name": name, "type": "relation", "collectionId": to.id, "maxSelect": 1, **options}


class Place:
    """An application with one-line ways to fill it."""

    def __init__(self, app):
        self.app = app

    def collection(self, name, *fields, **options):
        """Create a collection that everyone may use, and return it as the store keeps it."""
        body = {"name": name, "type": "base", "fields": list(fields), **OPEN, **options}
        if body["type"] == "view":
            body |= {"createRule": None, "updateRule": None, "deleteRule": None}
        self.app.collections.create(collection_from_body(body))
        return self.app.collections.find(name)

    def change(self, name, **rules):
        """Change rules (in snake case) of a collection and return it as the store keeps it."""
        changed = self.app.collections.find(name).clone()
        for rule, value in rules.items():
            setattr(changed, rule, value)
        self.app.collections.update(changed)
        return self.app.collections.find(name)

    def record(self, place, **values):
        """Create a record and return it."""
        record = self.app.records.new(place)
        record.load(values)
        self.app.records.create(record)
        return record

    def read(self, record):
        """Return the record as the database holds it now."""
        return self.app.records.get(record.collection, record.id)

    def request(self, auth=None, body=None, **query):
        """Return a request of *auth* (None: a guest)."""
        return RequestInfo(auth=auth, body=body or {}, query=query)

    def superuser(self):
        """Return a superuser."""
        found = self.app.records.find_by_filter("_superusers", "email = 'root@example.com'")
        return (
            found[0]
            if found
            else self.record("_superusers", email="root@example.com", password="1234567890")
        )


@pytest.fixture
def app(tmp_path):
    """Return an application on an empty folder."""
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


@pytest.fixture
def place(app):
    """Return the application with its short words."""
    return Place(app)
