"""
Collections as they were written before 0.23.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pocketbase_server.core.collections.legacy import modern_body
from pocketbase_server.core.fields.file import plain_thumb

KNOWN = {"users": SimpleNamespace(id="_pb_users_auth_")}


def _fields(*schema, **more):
    done = modern_body({"name": "t", "schema": list(schema), **more}, KNOWN.get)
    return {field["name"]: field for field in done["fields"]}


def test_options_move_beside_the_field():
    """Options lose their level, nulls go, and renamed ones have today's names."""
    number = {"name": "n", "type": "number", "options": {"noDecimal": True, "min": None, "max": 5}}
    fields = _fields(number, {"name": "s", "type": "select", "options": {"values": None}})

    assert fields["n"] == {"name": "n", "type": "number", "onlyInt": True, "max": 5}
    assert fields["s"]["values"] == []
    assert fields["updated"]["onUpdate"] is True


def test_unique_becomes_an_index():
    """`unique` stood for an index."""
    body = {"name": "t", "schema": [{"name": "a", "type": "text", "unique": True}]}
    done = modern_body(body, KNOWN.get)

    assert done["indexes"][0].startswith("CREATE UNIQUE INDEX `idx_")
    assert "unique" not in done["fields"][0]


def test_relations_may_name_their_collection():
    """A name becomes the id; so does the old type `user`; an unknown one stays."""
    named = {"name": "a", "type": "relation", "options": {"collectionId": "users"}}
    fields = _fields(named, {"name": "b", "type": "user"})
    today = modern_body({"fields": [{"type": "relation", "collectionId": "nope"}]}, KNOWN.get)

    assert fields["a"]["collectionId"] == fields["b"]["collectionId"] == "_pb_users_auth_"
    assert fields["a"]["maxSelect"] == 999
    assert today["fields"] == [{"type": "relation", "collectionId": "nope"}]


def test_options_of_the_collection():
    """Options of a type are beside the rest, the query of a view under its new name."""
    done = modern_body({"type": "view", "options": {"query": "select 1"}}, KNOWN.get)

    assert done == {"type": "view", "viewQuery": "select 1"}


def test_todays_bodies_stay():
    """Nothing happens to a body without old keys, or with odd ones."""
    for body in ({"name": "x", "fields": []}, {"schema": "x"}, {"options": 5}, {"fields": [5]}):
        assert modern_body(body, KNOWN.get) == body


@pytest.mark.parametrize(
    ("size", "plain"),
    [
        ("100x100!", "100x100"),
        ("100x", "100x0"),
        ("x100", "0x100"),
        ("10x20f", "10x20f"),
        ("x", "x"),
        ("0x0", "0x0"),
        ("big", "big"),
    ],
)
def test_thumb_sizes(size, plain):
    """Other ways to write a size mean the usual one."""
    assert plain_thumb(size) == plain
