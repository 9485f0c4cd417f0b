"""
A field and a record that has one value in it, judged as when it is saved.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.collections.model import Collection
from pocketbase_server.core.fields import load_field
from pocketbase_server.core.records.model import Record


class World:
    """A context with a few records in one collection."""

    ids = frozenset({"r1", "r2", "r3"})

    def existing_ids(self, collection_id, ids):
        return set(ids) & self.ids

    def find_collection(self, name_or_id):
        return Collection(id="col", name="col") if name_or_id == "col" else None

    def is_id_taken(self, record):
        return record.id == "taken"


@pytest.fixture
def judge():
    """Return a function that tells the code of why a value is refused, None when it is good."""

    def code(kind, value, before=None, **options):
        name = options.pop("name", "v")
        field = load_field({"type": kind, "id": "fid", "name": name, **options})
        record = Record(Collection(id="c", name="c", fields=[field]))
        if before is not None:
            record.values[name] = before
            record.is_new = False
            record.original = {name: before}
        field.set(record, value)
        issue = field.validate_value(record, World())
        return issue.code if issue else None

    return code


@pytest.fixture
def issues():
    """Return a function that gives the codes of what is wrong with a field's options."""

    def codes(kind, *others, **options):
        field = load_field({"type": kind, "id": "fid", "name": "v", **options})
        beside = [load_field(other) for other in others]
        found = field.validate_options(World(), Collection(name="c", fields=[field, *beside]))
        return {name: _codes(item) for name, item in found.items()}

    return codes


def _codes(item):
    return (
        {key: _codes(value) for key, value in item.items()} if isinstance(item, dict) else item.code
    )
