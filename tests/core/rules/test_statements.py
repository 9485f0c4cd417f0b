"""
Statements: which SQL a condition becomes, and that indexes answer it.

`items(column)` stands for the list of a column; texts change on purpose only.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.rules.compile import Purpose

PAGE = " LIMIT ? OFFSET ?"

ROWS = [
    ("", "posts t0"),
    ("title = 'x'", "posts t0 WHERE t0.title = ?"),
    ("title = ''", "posts t0 WHERE t0.title = ''"),
    ("title = null", "posts t0 WHERE t0.title = ''"),
    ("title != 'x'", "posts t0 WHERE t0.title <> ?"),
    ("title ~ 'x'", "posts t0 WHERE t0.title LIKE ? ESCAPE '\\'"),
    ("title:lower = 'x'", "posts t0 WHERE LOWER(t0.title) = ?"),
    ("author.id = 'x'", "posts t0 WHERE t0.author = ?"),
    ("n > 1 && n < 5 || on = true", "posts t0 WHERE ((t0.n > ? AND t0.n < ?) OR t0.on = 1)"),
    # one relation: a set of related ids, made once
    ("author.name = 'ann'", "posts t0 WHERE +t0.author IN (SELECT t1.id FROM people t1 WHERE t1.name = ?)"),
    ("author.name != 'ann'", "posts t0 WHERE (+t0.author IN (SELECT t1.id FROM people t1 WHERE t1.name = ?)) IS NOT TRUE"),
    ("author.name = 'a' && author.level > 1", "posts t0 WHERE +t0.author IN (SELECT t1.id FROM people t1 WHERE (t1.name = ? AND t1.level > ?))"),
    # lists: EXISTS over the record's own items
    ("opts:each ?= 'x'", "posts t0 WHERE EXISTS (SELECT 1 FROM items(t0.opts) t1 WHERE t1.value = ?)"),
    ("opts:each != 'x'", "posts t0 WHERE NOT (EXISTS (SELECT 1 FROM items(t0.opts) t1 WHERE t1.value IS ?))"),
    ("opts:each = 'x'", "posts t0 WHERE (EXISTS (SELECT 1 FROM items(t0.opts) t1 WHERE t1.value = ?) AND NOT (EXISTS (SELECT 1 FROM items(t0.opts) t2 WHERE t2.value <> ?)))"),
    # several relations: the same tag for conditions that share the path
    ("tags.label ?= 'red'", "posts t0 WHERE EXISTS (SELECT 1 FROM items(t0.tags) t1 WHERE t1.value IN (SELECT t2.id FROM tags t2 WHERE t2.label = ?))"),
    ("tags.label ?= 'red' && tags.rank ?= 1", "posts t0 WHERE EXISTS (SELECT 1 FROM items(t0.tags) t1 WHERE t1.value IN (SELECT t2.id FROM tags t2 WHERE (t2.label = ? AND t2.rank = ?)))"),
    ("notes_via_post.likes ?> 3", "posts t0 WHERE +t0.id IN (SELECT t1.post FROM notes t1 WHERE t1.likes > ?)"),
    ("notes_via_post.likes > 3", "posts t0 WHERE (+t0.id IN (SELECT t1.post FROM notes t1 WHERE t1.likes > ?) AND (+t0.id IN (SELECT t2.post FROM notes t2 WHERE t2.likes <= ?)) IS NOT TRUE)"),
    # the caller
    ("@request.auth.id = author", "posts t0 WHERE ? = t0.author"),
    ("title != @request.query.q:isset", "posts t0 WHERE t0.title IS NOT FALSE"),
]  # fmt: skip


@pytest.mark.parametrize(("filter", "expected"), ROWS, ids=[filter for filter, _ in ROWS])
def test_statements(filter, expected, world):
    """
    Conditions on relations are sets and EXISTS, not joins with DISTINCT.
    """
    assert world.where(filter) == expected + PAGE


OTHERS = [
    (Purpose.COUNT, "author.name = 'x'", "posts t0 WHERE t0.author IN (SELECT t1.id FROM people t1 WHERE t1.name = ?)"),
    (Purpose.ONE, "author.name = 'x'", "posts t0 LEFT JOIN people t1 ON t1.id = t0.author WHERE (t0.id = ? AND t1.name = ?) LIMIT 1"),
    (Purpose.ONE, "notes_via_post.likes ?> 3", "posts t0 WHERE (t0.id = ? AND EXISTS (SELECT 1 FROM notes t1 WHERE (t1.post = t0.id AND t1.likes > ?))) LIMIT 1"),
    (Purpose.SOME, "n > 1", "posts t0 WHERE (t0.id IN (SELECT t1.value FROM json_each(?) t1) AND t0.n > ?)"),
]  # fmt: skip


@pytest.mark.parametrize(("purpose", "rule", "expected"), OTHERS)
def test_statements_for_other_purposes(purpose, rule, expected, world):
    """
    One record is looked at by itself; a count needs no order.
    """
    assert world.where(rule=rule, purpose=purpose) == expected


INDEXED = [
    ("n > 5", {}, "SEARCH t0 USING INDEX idx_n (n>?)"),
    ("author = 'x'", {}, "SEARCH t0 USING INDEX idx_author (author=?)"),
    ("author.id = 'x'", {}, "SEARCH t0 USING INDEX idx_author (author=?)"),
    ("", {"sort": "-n"}, "SCAN t0 USING INDEX idx_n"),
    ("author = 'x' && (n > 1 || on = true)", {}, "SEARCH t0 USING INDEX idx_author (author=?)"),
    ("author.name != 'x'", {"purpose": Purpose.COUNT}, "SCAN t0 USING COVERING INDEX idx_author"),
    ("", {"rule": "title = 'x'", "purpose": Purpose.ONE}, "SEARCH t0 USING INDEX sqlite_autoindex_posts_1 (id=?)"),
]  # fmt: skip


@pytest.mark.parametrize(("filter", "question", "step"), INDEXED)
def test_indexes_answer(filter, question, step, world):
    """
    What has an index is found by it.
    """
    assert step in world.steps(filter, **question)


def test_rule_of_the_caller_uses_an_index(world):
    """
    The usual rule costs a look-up, whoever asks.
    """
    ann = world.app.records.get("people", "man000000000001")
    steps = world.steps(
        rule='@request.auth.id != "" && author = @request.auth.id', request=world.request(ann)
    )

    assert steps == ["SEARCH t0 USING INDEX idx_author (author=?)"]


def test_statement_stays_small(world):
    """
    Both sides with several records each: the statement does not double with every step.
    """
    path = "notes_via_post.post.tags.posts_via_tags.notes_via_post.likes"

    assert len(world.where(f"{path} != {path}")) < 6000


def test_nested_alternatives_are_prepared_at_once(world):
    """
    SQLite would look for ways to use an index in every combination.
    """
    depth = 60
    text = "".join(f"(n={i}||(n>{i}&&" for i in range(depth)) + "n=1" + "))" * depth

    assert world.where(text).count("IS TRUE") == 1


def test_same_question_same_text(world):
    """
    Statements come out the same every time: nothing in them hangs on the order of a set.
    """
    text = "@collection.notes:a.likes ?> @collection.notes:b.likes && @collection.notes:b.likes ?> @collection.notes:c.likes && tags.rank ?= author.level"
    texts = set()
    for _ in range(5):
        world.app.queries._families.clear()
        texts.add(world.where(text))

    assert len(texts) == 1
