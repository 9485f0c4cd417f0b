"""
Queries of views: their fields, and why they are refused.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.collections.select_list import ViewQueryError
from pocketbase_server.core.collections.views import dry_run_view, try_view
from pocketbase_server.core.errors import BadRequestError


@pytest.fixture(scope="module")
def _posts(app):
    from pocketbase_server.core.collections.form import collection_from_body

    fields = [
        {"type": "text", "name": "title", "max": 9},
        {"type": "number", "name": "n"},
        {"type": "text", "name": "secret", "hidden": True},
    ]
    app.collections.create(collection_from_body({"name": "posts", "fields": fields}))
    app.data.run("INSERT INTO posts (id, title, n, secret) VALUES ('p1', 'x', 2, 's')")


def fields_of(app, query):
    trial = try_view(query, app.data, app.collections.get)
    return {field.name: field for field in trial.fields}


@pytest.mark.usefixtures("_posts")
def test_fields(app):
    """Columns are copies of fields, computed ones have the type of their words, others are JSON."""
    found = fields_of(
        app,
        "select p.id, p.title as t, count(*) as c, total(n) as tt, cast(n as text) as ct,"
        " cast(n as bool) as cb, u.id as uid, (n + 1) as more"
        " from posts p left join users u on u.name = p.title group by p.id",
    )

    kinds = {name: field.type for name, field in found.items()}
    assert kinds == {
        "id": "text", "t": "text", "c": "number", "tt": "number", "ct": "text", "cb": "bool", "uid": "relation", "more": "json",
    }  # fmt: skip
    assert found["t"].max == 9
    assert found["t"].id.startswith("_clone_")
    assert found["c"].only_int
    assert found["uid"].collection_id == "_pb_users_auth_"


REFUSED = {
    "select * from posts": "wildcard",
    "select p.* from posts p": "wildcard",
    "select title from posts": "missing required id",
    "select '' as id": "empty or invalid ids",
    "select id from (select 1 as id union all select 1)": "non-unique ids",
    "select nope from posts": "no such column",
    "select id from posts; drop table posts": "multiple statements",
    "select id from posts) union select id from (posts": "unbalanced parenthesis",
    "select id from posts where 1=1)": "syntax error",
    "select [[id]] from posts where [[id]] != [x [[a]] '] ; drop table posts; --'": "unbalanced",
    "select id from posts where id != '{{a}}') ; drop table posts; --'": "syntax error",
    "select id, {:p} as x from posts": "Named parameter not found: p",
    "select id, n as expand from posts": "invalid field",
    "delete from posts": "syntax error",
    "": "syntax error",
}


@pytest.mark.usefixtures("_posts")
@pytest.mark.parametrize("query", REFUSED)
def test_refused(app, query):
    """A query that is none says why, and nothing of the trial stays."""
    views = app.schema.views()
    with pytest.raises(ViewQueryError, match=REFUSED[query]):
        try_view(query, app.data, app.collections.get)

    assert app.schema.views() == views
    assert app.data.all("SELECT id FROM posts") == [("p1",)]


@pytest.mark.usefixtures("_posts")
def test_dry_run(app):
    """A trial shows fields and rows, hidden fields left out; of numbers only 1 is true."""
    query = "select id, title, secret, cast(n as bool) as b from posts"
    shown = dry_run_view(app, {"query": query})

    assert [field["name"] for field in shown["fields"]] == ["id", "title", "secret", "b"]
    assert shown["sample"][0]["title"] == "x"
    assert shown["sample"][0]["b"] is False
    assert "secret" not in shown["sample"][0]


@pytest.mark.parametrize("query", [None, "", 5, "x" * 5001, "select 1"])
def test_dry_run_refuses(app, query):
    """What is no query of a view is a bad request."""
    with pytest.raises(BadRequestError):
        dry_run_view(app, {"query": query})
