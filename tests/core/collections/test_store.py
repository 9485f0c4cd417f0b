"""
Collections are saved with their tables, in one transaction, and kept in memory.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.collections.form import collection_from_body, load_body
from pocketbase_server.core.errors import AppError, BadRequestError, NotFoundError, ValidationErrors


def text(name, **options):
    return {"type": "text", "name": name, **options}


def columns(app, table):
    return {column.name for column in app.schema.columns(table)}


def rows(app, name):
    return app.data.all(f"SELECT * FROM `{name}` ORDER BY id")


def change(app, target, **body):
    changed = app.collections.find(target).clone()
    load_body(changed, body)
    app.collections.update(changed)
    return app.collections.find(changed.id)


def test_created_with_its_table(app, create):
    """A collection has its table, its id made from type and name, and is found by both."""
    made = create("First", text("a"), indexes=["create index idx_first on elsewhere (a)"])

    assert columns(app, "First") == {"id", "a"}
    assert app.schema.indexes("first") == {"idx_first": "CREATE INDEX `idx_first` ON `First` (`a`)"}
    assert app.collections.find("FIRST") is app.collections.find(made.id) is made
    assert not made.is_new
    assert made.created == made.updated != ""


def test_refused_leaves_nothing(app, create):
    """When an index cannot be made, there is neither collection nor table."""
    version = app.collections.version
    with pytest.raises(ValidationErrors) as caught:
        create("broken", text("a"), indexes=["create index idx_broken on broken (nope)"])

    assert set(caught.value.issues) == {"indexes"}
    assert app.collections.get("broken") is None
    assert columns(app, "broken") == set()
    assert app.collections.version == version


def test_renamed_fields_keep_their_values(app, create):
    """Fields are the same when their ids are: they may be renamed, even trade names."""
    create("traded", text("a", id="fa"), text("b", id="fb"))
    app.data.run("INSERT INTO traded (id, a, b) VALUES ('r1', 'x', 'y')")
    change(app, "traded", fields=[text("b", id="fa"), text("a", id="fb")])

    assert app.data.all("SELECT a, b FROM traded") == [("y", "x")]


@pytest.mark.parametrize(
    ("before", "stored", "after", "expected"),
    [
        (1, "x", 3, '["x"]'),
        (1, "", 3, "[]"),
        (1, '["x"]', 3, '["x"]'),
        (3, '["x","y"]', 1, "y"),
        (3, "[]", 1, ""),
        (3, "x", 1, "x"),
        (2, '["x","y"]', 5, '["x","y"]'),
    ],
)
def test_single_and_multiple(app, create, before, stored, after, expected):
    """Values follow their field from one to many and back; of many the last stays."""

    def choice(most):
        return {"type": "select", "name": "s", "id": "fs", "values": [*"xyzvw"], "maxSelect": most}

    made = create("choices", choice(before))
    app.data.run("INSERT INTO choices (id, s) VALUES ('r1', ?)", (stored,))
    change(app, "choices", fields=[choice(after)])
    found = app.data.all("SELECT s FROM choices")
    app.collections.delete(app.collections.find(made.id))

    assert found == [(expected,)]


def test_views_follow_what_they_read(app, create):
    """A view's fields are copies of those it reads, and it keeps its collection from going."""
    create("source", text("a", id="fa"))
    create("seen", type="view", viewQuery="select id, a from source", fields=[])
    change(app, "source", fields=[text("a", id="fa", max=7)])

    assert app.collections.find("seen").field("a").max == 7
    with pytest.raises(AppError):
        app.collections.delete(app.collections.find("source"))
    assert app.collections.get("source") is not None
    app.collections.delete(app.collections.find("seen"))
    app.collections.delete(app.collections.find("source"))
    assert app.collections.get("source") is None


def test_relations_hold_their_collection(app, create):
    """A collection that relations point to is not deleted; one that points to itself is."""
    target = create("target")
    relation = {"type": "relation", "name": "r", "collectionId": target.id, "maxSelect": 1}
    create("holder", relation)

    with pytest.raises(BadRequestError, match="holder"):
        app.collections.delete(app.collections.find("target"))
    app.collections.delete(app.collections.find("holder"))
    change(app, "target", fields=[relation])
    app.collections.delete(app.collections.find("target"))
    assert app.collections.get("target") is None


def test_system_collections_stay(app):
    """They are neither deleted nor renamed."""
    with pytest.raises(AppError):
        app.collections.delete(app.collections.find("_superusers"))
    with pytest.raises(ValidationErrors) as caught:
        change(app, "_superusers", name="others")

    assert "name" in caught.value.issues


def test_one_time_passwords_of_superusers_need_a_second_method(app):
    """Switching them on switches the second method on."""
    otp = {"enabled": True, "duration": 180, "length": 8}

    assert change(app, "_superusers", otp=otp).auth.mfa.enabled


def test_changed_auth_rule_signs_everyone_out(app, create):
    """The secret of tokens is new when the rule of signing in is."""
    made = create("members", type="auth")
    secret = made.auth.auth_token.secret

    assert change(app, "members", listRule="").auth.auth_token.secret == secret
    assert change(app, "members", authRule="verified = true").auth.auth_token.secret != secret


def test_memory_follows_commits(app, create):
    """Inside a transaction its own changes show; when it fails they never were."""
    with pytest.raises(ZeroDivisionError), app.data.transaction():
        create("fleeting")
        assert app.collections.get("fleeting") is not None
        raise ZeroDivisionError

    assert app.collections.get("fleeting") is None
    with pytest.raises(NotFoundError):
        app.collections.find("fleeting")


def test_truncate(app, create):
    """All records go; views have none of their own."""
    made = create("emptied", text("a"))
    for number in range(3):
        app.data.run("INSERT INTO emptied (id) VALUES (?)", (f"r{number}",))
    app.collections.truncate(made)
    create("emptied_view", type="view", viewQuery="select id from emptied", fields=[])

    assert rows(app, "emptied") == []
    with pytest.raises(BadRequestError):
        app.collections.truncate(app.collections.find("emptied_view"))


def test_saved_text_is_that_of_the_row(app, create):
    """What memory holds and what a fresh look at the database gives are the same."""
    made = create("kept", text("a", help="why"), listRule="a = 'x'")
    again = type(made).from_row(made.to_row())

    assert again.export() == made.export()
    assert again.to_row() == made.to_row()


def test_bodies_over_what_is_there():
    """Keys count whatever their case; what is not named stays; wrong types are refused."""
    made = collection_from_body({"NAME": "x", "Type": "base", "listRule": ""})
    load_body(made, {"viewRule": "id = ''", "unknown": 1})

    assert (made.name, made.list_rule, made.view_rule) == ("x", "", "id = ''")
    for wrong in (
        {"name": 5},
        {"fields": "x"},
        {"indexes": [5]},
        {"viewQuery": 5},
        {"authToken": 5},
    ):
        with pytest.raises(BadRequestError):
            load_body(made, wrong)
