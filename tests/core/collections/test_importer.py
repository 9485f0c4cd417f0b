"""
Imports: all or nothing.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.collections.importer import ImportFailedError
from pocketbase_server.core.errors import ValidationErrors


def base(name, *fields, **more):
    return {"name": name, "type": "base", "fields": list(fields), **more}


def text(name, **options):
    return {"type": "text", "name": name, **options}


def names(app):
    return [field.name for field in app.collections.find("imp").fields]


@pytest.fixture
def imports(app):
    """Return a function that imports; afterwards all that was imported goes again."""
    before = [c.export() for c in app.collections.all()]

    def run(*bodies, delete_missing=False):
        app.collections.import_all(list(bodies), delete_missing=delete_missing)

    yield run
    run(*before, delete_missing=True)


def test_in_any_order(app, imports):
    """Relations and views may come before what they speak of."""
    relation = {"type": "relation", "name": "r", "collectionId": "second"}
    view = {"name": "seen", "type": "view", "viewQuery": "select id from imp"}
    imports(view, base("imp", relation), base("other", id="second"))

    assert names(app) == ["id", "r"]
    assert [f.name for f in app.collections.find("seen").fields] == ["id"]


def test_fields_are_added_to_what_is_there(app, imports):
    """Imported fields come first; one of the same name and type under another id stays as it was."""
    imports(base("imp", text("a", id="fa"), text("b", id="fb")))
    imports({"name": "imp", "fields": [text("c"), text("b", id="other", max=5)]})

    assert names(app) == ["c", "b", "id", "a"]
    assert app.collections.find("imp").field("b").id == "fb"
    assert app.collections.find("imp").field("b").max == 0


def test_missing_ones_go(app, imports):
    """With deleteMissing only what is named stays, and what belongs to the system."""
    imports(base("imp", text("a")), base("gone", text("a")))
    imports({"name": "imp", "fields": [text("b")]}, delete_missing=True)

    assert names(app) == ["b", "id"]
    assert app.collections.get("gone") is None
    assert not app.schema.has_table("gone")
    assert all(c.system or c.name == "imp" for c in app.collections.all())


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (base("bad", listRule="nope = 1"), '"listRule": "Invalid rule.'),
        (base("bad name"), '"name": "must be in a valid format"'),
        (base("bad", {"type": "odd", "name": "x"}), "Failed to import the collections"),
        (base("bad", {"type": "select", "name": "s"}), '"values": "cannot be blank"'),
        (base("bad", id="imp_id"), "UNIQUE constraint failed"),
        ({"name": "bad", "type": "view", "viewQuery": "select 1"}, "missing required id column"),
        ({"name": "_superusers", "listRule": ""}, "System collection API rule"),
        ({"id": "users", "name": "bad"}, "primary key change is not allowed"),
    ],
    ids=str,
)
def test_nothing_stays_of_a_refused_one(app, imports, bad, why):
    """One bad collection, and none was imported."""
    before = [c.export() for c in app.collections.all()]
    with pytest.raises(ImportFailedError) as caught:
        imports(base("imp", id="imp_id"), bad)

    assert why in caught.value.message
    assert [c.export() for c in app.collections.all()] == before
    assert not app.schema.has_table("imp")


def test_index_that_cannot_be_made(app, imports):
    """Its issue is that of the index itself."""
    with pytest.raises(ValidationErrors) as caught:
        imports(base("imp", indexes=["create index idx_imp on imp (nope)"]))

    assert "no such column: nope" in caught.value.issues["indexes"]["0"].message
