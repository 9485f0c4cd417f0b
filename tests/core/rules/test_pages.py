"""
Pages with their totals: found in one go or one after the other, they are the same.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.records.pace import Pace
from pocketbase_server.core.rules.compile import Purpose

FILTERS = [
    "",
    "title != ''",
    "title = 'nobody'",
    "meta.a = 1 || on = false",
    "author.name != 'ann'",
    "tags.label ?= 'red' || tags.label = null",
    "notes_via_post.likes ?>= 0",
    "notes_via_post.likes > 0",
    "@collection.people.name ?!= title && meta.a = null",
]
SORTS = ["", "title", "-on,title", "on", "author.name", "-author.level,-title", "@rowid", "-@rowid"]
PAGES = [(0, 30), (0, 1), (1, 1), (2, 5), (9, 3)]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("filter", FILTERS)
def test_page_and_total_in_one_go(filter, sort, world):
    """
    The same rows in the same order, and the same total, whichever way they are found.
    """
    posts = world.app.collections.find("posts")
    queries, request = world.app.queries, world.request(world.superuser())
    total = queries.count(posts, request, "", filter)
    plan = world.plan(filter, sort=sort)[0]
    for offset, limit in PAGES:
        place = {"offset": offset, "limit": limit}
        rows = queries.list(posts, request, "", filter, sort, **place)
        for is_long in (False, True):
            if plan.pace is not None:
                plan.pace.is_long = is_long
            found = queries.list_and_count(posts, request, "", filter, sort, **place)

            assert found == (rows, total)


ORDERED = [
    ("title = 'x'", "", True),
    ("title = 'x'", "-title", True),
    ("author.name = 'x'", "author.name", True),
    ("notes_via_post.likes > 1", "", True),
    ("n > 1", "", False),
    ("title = 'x'", "n", False),
    ("author = 'x'", "", False),
    ("id != 'x'", "", False),
    ("", "tags.label", False),
    ("", "", False),
    ("title = 'x'", "meta", False),
    ("title = 'x'", "meta.a", False),
]


@pytest.mark.parametrize(("filter", "sort", "expected"), ORDERED)
def test_where_an_index_may_decide_the_order(filter, sort, expected, world):
    """
    There, and where nothing is searched or keys may be long, a page is found by itself.
    """
    assert (world.plan(filter, sort=sort)[0].pace is not None) is expected


def test_indexes_that_are_not_understood(world):
    """
    An index over an expression may decide about anything.
    """
    index = "CREATE INDEX idx_odd ON posts (lower(title))"
    posts = world.app.collections.find("posts")
    world.change("posts", indexes=[*posts.indexes, index])

    assert world.plan("title = 'x'")[0].pace is None


PEOPLE = [
    ("name ~ 'n'", "", True),
    ("name ~ 'n'", "-level", True),
    ("posts_via_author.title ~ 'o'", "", True),
    ("email != ''", "", False),
    ("name ~ 'n'", "email", False),
    ("tokenKey != ''", "", False),
]


@pytest.mark.parametrize(("filter", "sort", "expected"), PEOPLE)
def test_the_indexes_of_auth_collections_are_understood(filter, sort, expected, world):
    """
    The one of addresses, which leaves out blank ones, is of use only for questions about addresses.
    """
    assert (world.plan(filter, sort=sort, name="people")[0].pace is not None) is expected


def test_other_indexes_that_leave_records_out_are_not(world):
    """
    What they leave out may be told by any expression.
    """
    people = world.app.collections.find("people")
    index = "CREATE INDEX idx_some ON people (name) WHERE level > 1"
    world.change("people", indexes=[*people.indexes, index])

    assert world.plan("name ~ 'n'", name="people")[0].pace is None


def test_views_are_not_counted_on_the_way(world):
    """
    The rows of a view have no number.
    """
    world.collection("titles", type="view", viewQuery="SELECT id, title FROM posts")

    assert world.plan("title != ''", name="titles")[0].pace is None


def test_one_statement_for_both(world):
    """
    What matches is set aside once, then counted and put in order.
    """
    plan, values = world.plan("title ~ 'o'", sort="-title", purpose=Purpose.COUNTED)
    text = plan.sql.replace("`", "")

    assert text.startswith(
        "WITH #found (row, key 0) AS MATERIALIZED (SELECT t0._rowid_, t0.title FROM posts t0"
        " WHERE t0.title LIKE ? ESCAPE '\\' LIMIT 20001) SELECT (SELECT COUNT(*) FROM #found), t1.author,"
    )
    assert text.endswith(
        " FROM (SELECT row FROM #found ORDER BY key 0 DESC, row LIMIT ? OFFSET ?) #page"
        " CROSS JOIN posts t1 ON t1._rowid_ = #page.row"
    )
    assert values == ["%o%", 30, 0]


def test_too_many_are_not_set_aside(world, monkeypatch):
    """
    Beyond the most that may be held in memory, page and total are found by themselves.
    """
    monkeypatch.setattr("pocketbase_server.core.rules.compile.MOST_COUNTED", 1)
    monkeypatch.setattr("pocketbase_server.core.records.query.MOST_COUNTED", 1)
    posts = world.app.collections.find("posts")
    queries, request = world.app.queries, world.request(world.superuser())
    pace = world.plan("title ~ 'o'", sort="-title")[0].pace
    pace.is_long = True
    rows, total = queries.list_and_count(
        posts, request, "", "title ~ 'o'", "-title", offset=0, limit=1
    )

    assert (len(rows), total, pace.is_long) == (1, 2, False)


def test_total_counts_what_the_sort_leaves(world):
    """
    Whoever sorts by a record that he may not list does not find it, and the total says so.
    """
    world.change("people", list_rule="name = 'ann'")
    posts = world.app.collections.find("posts")
    queries, request = world.app.queries, world.request()
    for sort, expected in (("title", 3), ("author.name,title", 2)):
        for limit in (1, 30):
            found = queries.list_and_count(posts, request, "", "", sort, offset=0, limit=limit)

            assert found[1] == expected


def test_known_total_of_nothing_needs_no_query(world, monkeypatch):
    """
    Where the total is kept, a page behind the end is known to be empty.
    """
    monkeypatch.setattr("pocketbase_server.core.records.totals._SLOW", 0.0)
    posts = world.app.collections.find("posts")
    queries, request = world.app.queries, world.request(world.superuser())
    queries.count(posts, request, "", "title = 'nobody'")
    world.plan("title = 'nobody'")[0].pace.is_long = True
    monkeypatch.setattr(world.app.data, "all", lambda *_: pytest.fail("asked"))

    assert queries.list_and_count(
        posts, request, "", "title = 'nobody'", "", offset=0, limit=5
    ) == ([], 0)


ALONE = [
    (0.0001, 5, False),  # quick
    (0.004, 20, True),  # few are found late
    (0.0003, 9000, False),  # many, found at once
    (0.004, 9000, True),  # sorted, or made of sets
    (0.4, 90_000, False),  # too many to be set aside
]


@pytest.mark.parametrize(("seconds", "total", "expected"), ALONE)
def test_pace_of_pages(seconds, total, expected):
    """
    Finding both at once pays where a page takes long and little must be set aside.
    """
    pace = Pace(is_sorted=False)
    pace.note_alone(seconds, total)

    assert pace.is_long is expected


def test_pace_follows_what_is_found():
    """
    When many match all of a sudden, a page is full soon, unless all must be sorted.
    """
    answers = []
    for is_sorted in (False, True):
        pace = Pace(is_sorted=is_sorted)
        pace.note_alone(0.004, 20)
        pace.note_counted(0.005, 5000)
        answers.append(pace.is_long)

    assert answers == [False, True]
