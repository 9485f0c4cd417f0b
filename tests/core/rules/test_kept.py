"""
Conditions on other records that are asked again: what is kept of them never shows in an answer.
"""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules.compile import Purpose
from pocketbase_server.storage.sql.engine import DatabaseError, inline_mode

PACKAGE = "pocketbase_server"
FILTERS = [
    "tags.label ?= 'red' && title != ''",
    "tags.label = 'red' && title != ''",
    "tags:each != 'tag000000000001' && n >= 0",
    "opts:each = 'x' && n > 0",
    "author.name = 'ann' && tags.rank ?> 1",
    "author.name ~ 'n' && meta.a = 1",
    "notes_via_post.likes > 0 && n > 0",
    "notes_via_post.likes ?> 0 && notes_via_post.text ?= 'n1' && n > 0",
    "@collection.notes.post ?= id && @collection.notes.likes ?= 3 && on = false",
    "tags.label ?= 'blue' && title = 'One'",
    "tags.label ?= null && title = ''",
    "author.name != 'ann' && tags.rank ?>= 1 && notes_via_post.likes ?= 5",
]
RED = "tags.label ?= 'red' && title != '{}'"


class Asked:
    """A world in which everything that may be kept is kept, and what it was asked."""

    def __init__(self, world, monkeypatch):
        self.world = world
        self.queries, self.engine = world.app.queries, world.app.data
        self.statements = []
        every = self.engine.all
        self.before_answer = None

        def note(sql, params=()):
            self.statements.append(sql)
            rows = every(sql, params)
            act, self.before_answer = self.before_answer, None
            if act is not None:
                act()
            return rows

        monkeypatch.setattr(self.engine, "all", note)

    def count(self, filter, name="posts"):
        """Return how many records match, and whether that was found by what is kept."""
        self.statements.clear()
        posts = self.world.app.collections.find(name)
        request = self.world.request(self.world.superuser())
        found = self.queries.count(posts, request, "", filter)
        return found, any("#kept" in sql for sql in self.statements[-1:])

    def reds(self):
        """Return how many records have a red tag; never asked in the same words."""
        self.last = getattr(self, "last", 0) + 1
        return self.count(RED.format(self.last))


@pytest.fixture
def asked(world, monkeypatch):
    """Return a world in which everything is kept from the second time on, however quick it is."""
    monkeypatch.setattr(f"{PACKAGE}.core.records.kept._SLOW", -1.0)
    monkeypatch.setattr(f"{PACKAGE}.core.records.kept._PATIENCE", 1e9)
    monkeypatch.setattr(f"{PACKAGE}.storage.sql.kept_rows._MOST_SLOWER", 1 << 30)
    monkeypatch.setattr(f"{PACKAGE}.storage.sql.kept_rows._FEW_USES", 0)
    return Asked(world, monkeypatch)


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("sort", ["", "-n", "title,-n", "author.name"])
def test_pages_and_totals_stay_the_same(filter, sort, asked):
    """
    However often a list is asked for, its records, their order and their number are those of the first time.
    """
    queries = asked.queries
    posts = asked.world.app.collections.find("posts")
    request = asked.world.request(asked.world.superuser())
    rows = queries.list(posts, request, "", filter, sort, offset=0, limit=100)
    plan = asked.world.plan(filter, sort=sort)[0]
    for _ in range(3):
        if plan.pace is not None:
            plan.pace.is_long = True
        queries._totals._thread.version = -1
        found = queries.list_and_count(posts, request, "", filter, sort, offset=0, limit=100)
        assert found == (rows, len(rows))
        assert asked.count(filter)[0] == len(rows)


def test_kept_from_the_second_time_on(asked):
    """
    The other conditions and their values may be any.
    """
    assert [asked.reds() for _ in range(3)] == [(1, False), (1, True), (1, True)]
    assert asked.count("n > 5 && tags.label ?= 'red'") == (0, True)
    assert asked.count("n > 0 && tags.label ?= 'green'") == (1, False)


def test_only_slow_questions_are_worth_it(asked, monkeypatch):
    """
    A question that is answered at once leaves nothing behind.
    """
    monkeypatch.setattr(f"{PACKAGE}.core.records.kept._SLOW", 1e9)

    assert [asked.reds() for _ in range(3)] == [(1, False)] * 3


def _store(asked):
    asked.world.record("posts", title="new", tags=["tag000000000001"])


def _other_table(asked):
    asked.engine.run("UPDATE tags SET label = 'red'")


def _plain_sql(asked):
    asked.engine.run("UPDATE posts SET tags = '[\"tag000000000001\"]'")


def _other_process(asked):
    code = (
        "import sqlite3, sys\n"
        "with sqlite3.connect(sys.argv[1]) as data:\n"
        "    data.execute('UPDATE posts SET tags = ?', ('[\"tag000000000001\"]',))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(asked.engine.path)], check=True)


WRITES = [(_store, 2), (_other_table, 2), (_plain_sql, 3), (_other_process, 3)]


@pytest.mark.parametrize(("write", "expected"), WRITES)
def test_nothing_is_kept_beyond_a_write(write, expected, asked):
    """
    Whoever wrote, and whatever table.
    """
    for _ in range(3):
        assert asked.reds()[0] == 1
    write(asked)
    assert [asked.reds() for _ in range(3)] == [
        (expected, is_kept) for is_kept in (False, True, True)
    ]


def test_a_write_while_it_is_asked(asked):
    """
    An answer is of one state of the database: when that has changed meanwhile, it is asked again.
    """
    for _ in range(3):
        asked.reds()
    asked.before_answer = lambda: _plain_sql(asked)
    assert asked.reds() == (3, False)


def test_inside_a_transaction(asked):
    """
    What is written there counts, and counts no more once it is taken back.
    """
    for _ in range(3):
        asked.reds()
    with pytest.raises(ZeroDivisionError), asked.engine.transaction():
        for _ in range(3):
            assert asked.reds() == (1, False)
        _plain_sql(asked)
        for _ in range(3):
            assert asked.reds() == (3, False)
        raise ZeroDivisionError
    for _ in range(3):
        assert asked.reds()[0] == 1


def test_in_a_hook(asked):
    """
    A hook that reads before and after it lets a record be stored sees what is so at that moment.
    """
    for _ in range(3):
        asked.reds()
    seen = []

    def look(event):
        seen.append(asked.reds()[0])
        event.next()
        seen.append(asked.reds()[0])

    asked.world.app.hooks.record_create_execute.bind(look)
    _store(asked)
    assert seen == [1, 2]
    assert asked.reds()[0] == 2


def test_a_renamed_collection_and_a_removed_field(asked):
    """
    Nothing is answered from what a collection was before.
    """
    for _ in range(3):
        asked.reds()
    collections = asked.world.app.collections
    posts = collections.find("posts").clone()
    posts.name = "articles"
    collections.update(posts)
    for _ in range(3):
        assert asked.count("tags.label ?= 'red' && title != ''", "articles")[0] == 1
    articles = collections.find("articles").clone()
    articles.fields = [field for field in articles.fields if field.name != "tags"]
    collections.update(articles)
    with pytest.raises(RuleSyntaxError):
        asked.count("tags.label ?= 'red' && title != ''", "articles")


def test_no_room(asked, monkeypatch):
    """
    New sets take the place of old ones; one that is too large is never used.
    """
    monkeypatch.setattr(f"{PACKAGE}.storage.sql.kept_rows.MOST_KEPT", 1)
    two = "author.name = '{}' && tags.rank ?= {} && n != 77"
    expected = {(name, rank): asked.count(two.format(name, rank))[0] for name, rank in PAIRS}
    monkeypatch.setattr(asked.queries._totals, "_now", lambda: None)
    for _ in range(4):
        for name, rank in PAIRS:
            assert asked.count(two.format(name, rank))[0] == expected[name, rank]
    for i in range(4):
        assert asked.count(f"tags.rank ?>= 0 && n != {100 + i}") == (2, False)


PAIRS = [("ann", 1), ("ann", 2), ("bob", 3), ("bob", 1)]


def test_no_time(asked, monkeypatch):
    """
    What takes much longer by itself than the whole question is not tried again.
    """
    monkeypatch.setattr(f"{PACKAGE}.core.records.kept._PATIENCE", 0.0)
    monkeypatch.setattr(asked.engine, "_is_over", lambda: True)
    kept = asked.engine.kept_rows()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT ?, i FROM n"
    kept.note(("endless", ""), 0.001)
    kept.keep(("endless", ""), f"INSERT INTO `temp`.`#kept` {endless}", [0], 1e-6)
    assert kept.sets["endless", ""].is_refused
    assert not kept.is_worth(("endless", ""))
    assert [asked.reds()[0] for _ in range(3)] == [1, 1, 1]


def test_sets_that_are_of_no_use_are_made_less_often(asked, monkeypatch):
    """
    Where others write all the time, a condition must be asked more often to be kept.
    """
    monkeypatch.setattr(f"{PACKAGE}.storage.sql.kept_rows._FEW_USES", 4)
    seen = []
    for _ in range(3):
        seen.append([asked.reds()[1] for _ in range(4)])
        asked.engine.run("UPDATE people SET level = level + 1")
    assert seen == [[False, True, True, True], [False, False, True, True], [False] * 4]


def test_threads_keep_their_own(asked):
    """
    What one thread has kept, no other looks for.
    """
    for _ in range(3):
        asked.reds()
    found = []
    thread = threading.Thread(target=lambda: found.extend(asked.reds() for _ in range(2)))
    thread.start()
    thread.join()
    assert found == [(1, False), (1, True)]


def test_readers_still_cannot_write(asked):
    """
    Only what we set aside is written by a reader.
    """
    for _ in range(3):
        asked.reds()
    with pytest.raises(DatabaseError):
        asked.engine.all("DELETE FROM posts")
    with pytest.raises(DatabaseError):
        asked.engine.all("CREATE TEMP TABLE other (a)")


def test_inline_nothing_is_set_aside(asked):
    """
    A thread that everybody waits for makes no sets, but uses those there are.
    """
    with inline_mode():
        assert [asked.reds()[1] for _ in range(3)] == [False] * 3
    assert asked.reds() == (1, True)
    with inline_mode():
        assert asked.reds() == (1, True)


def test_what_hangs_on_the_time_is_never_kept(asked):
    """
    Nor what is one condition only, nor what needs nothing but the record, nor one record's question.
    """
    count = {"purpose": Purpose.COUNT}
    parts = [
        len(asked.world.plan(filter, **purpose)[0].parts)
        for filter, purpose in (
            ("tags.label ?= 'red' && n > 1", count),
            ("tags.label ?= 'red' && n > 1", {"purpose": Purpose.COUNTED}),
            ("tags.label ?= 'red'", count),
            ("title = 'red' && n > 1", count),
            ("@request.auth.name = 'ann' && n > 1", count),
            ("tags.label ?= strftime('%Y', 'now') && n > 1", count),
            ("tags.label ?= 'red' && n > 1", {"purpose": Purpose.ONE}),
            ("tags.label ?= 'red' && n > 1", {"purpose": Purpose.ROWS}),
        )
    ]
    assert parts == [1, 1, 0, 0, 0, 0, 0, 0]
