"""
A small world to ask questions of, and what its plans look like.
"""

from __future__ import annotations

import re
import shutil

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.core.records.plans import Question
from pocketbase_server.core.rules.binding import Inputs
from pocketbase_server.core.rules.compile import Purpose

from tests.core.records.conftest import Place, number, relation, text

ITEMS = re.compile(r"json_each\(CASE WHEN json_valid\((`\w+`\.`\w+`)\).*?END\)")


class World(Place):
    """An application with posts, people and tags, and short ways to ask."""

    def plan(
        self, filter="", *, rule="", sort="", purpose=Purpose.ROWS, request=None, name="posts"
    ):
        """Return the plan of a question and the values it is run with."""
        collection = self.app.collections.find(name)
        request = request or self.request(self.superuser())
        question = Question(purpose, collection, request)
        question.rule, question.sort = rule, sort
        literals = self.app.queries._lift(question, filter)
        given = {"limit": 30, "offset": 0, "id": "x", "ids": "[]"}
        inputs = Inputs(request, literals, given)
        plan = self.app.queries._plan(question, inputs, filter)
        return plan, plan.bind(inputs)

    def where(self, filter="", **question):
        """Return what follows FROM in a plan's statement, lists of items as `items(column)`."""
        sql = self.plan(filter, **question)[0].sql
        return ITEMS.sub(r"items(\1)", sql[sql.index(" FROM ") + 6 :]).replace("`", "")

    def steps(self, filter="", **question):
        """Return the steps in which the database answers."""
        plan, values = self.plan(filter, **question)
        rows = self.app.data.all(f"EXPLAIN QUERY PLAN {plan.sql}", values)
        return [row[3] for row in rows]

    def ids(self, filter="", *, sort="id", request=None, name="posts", rule="", **params):
        """Return the ids of the records found."""
        collection = self.app.collections.find(name)
        queries = self.app.queries
        if params:
            rows = queries.find(collection, filter, sort, params=params)
        else:
            request = request or self.request(self.superuser())
            rows = queries.list(collection, request, rule, filter, sort, offset=0, limit=100)
        at = queries.columns(collection).index("id")
        return [row[at] for row in rows]


def _app(data):
    made = App(Config(data_dir=data))
    made.bootstrap()
    return made


@pytest.fixture(scope="session")
def seeded(tmp_path_factory):
    """Return a data directory of three posts by two people, which nobody may open."""
    data = tmp_path_factory.mktemp("world") / "pb_data"
    app = _app(data)
    _fill(_collections(World(app)))
    app.terminate()
    return data


@pytest.fixture
def world(seeded, tmp_path):
    """Return a world of three posts by two people."""
    data = tmp_path / "pb_data"
    shutil.copytree(seeded, data)
    app = _app(data)
    yield World(app)
    app.terminate()


def _collections(made):
    tags = made.collection("tags", text("label"), number("rank"))
    people = made.collection("people", text("name"), number("level"), type="auth")
    fields = [
        text("title"),
        number("n"),
        {"name": "on", "type": "bool"},
        {"name": "meta", "type": "json"},
        {"name": "when", "type": "date"},
        {"name": "opts", "type": "select", "values": ["x", "y", "z"], "maxSelect": 3},
        relation("author", people),
        relation("tags", tags, maxSelect=9),
        text("secret", hidden=True),
    ]
    indexes = [
        "CREATE INDEX idx_n ON posts (n)",
        "CREATE INDEX idx_author ON posts (author)",
    ]
    posts = made.collection("posts", *fields, indexes=indexes)
    made.collection("notes", relation("post", posts), number("likes"), text("text"))
    return made


def _fill(made):
    made.superuser()
    for i, label in enumerate(("red", "green", ""), 1):
        made.record("tags", id=f"tag{i:012}", label=label, rank=i)
    for i, name in enumerate(("ann", "bob"), 1):
        address = f"{name}@example.com"
        made.record(
            "people", id=f"man{i:012}", name=name, level=i, email=address, password="1234567890"
        )
    posts = [
        {
            "title": "One",
            "n": 1,
            "on": True,
            "meta": {"a": 1},
            "opts": ["x", "y"],
            "author": "man000000000001",
            "tags": ["tag000000000001", "tag000000000002"],
        },
        {
            "title": "two",
            "n": 2.5,
            "meta": "text",
            "opts": ["x"],
            "author": "man000000000002",
            "tags": ["tag000000000003"],
            "when": "2024-01-02 03:04:05.000Z",
        },
        {"title": "", "n": 0, "meta": None, "opts": [], "author": "", "tags": []},
    ]
    for i, values in enumerate(posts, 1):
        made.record("posts", id=f"post{i:011}", **values)
    for i, (post, likes) in enumerate(((1, 5), (1, 0), (2, 3)), 1):
        made.record("notes", id=f"note{i:011}", post=f"post{post:011}", likes=likes, text=f"n{i}")


P1, P2, P3 = (f"post{i:011}" for i in (1, 2, 3))
