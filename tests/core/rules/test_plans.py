"""
Plans: made once for each question, bound anew for each request.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules.binding import Inputs, pattern
from pocketbase_server.core.rules.compile import Purpose

from tests.core.rules.conftest import P1, P2, P3


def test_one_plan_for_filters_that_differ_in_literals(world):
    """
    The plan is the same object, the values are not.
    """
    first, values = world.plan("title = 'a' && n > 1")
    second, others = world.plan("title = 'b' && n > 2.5")

    assert first is second
    assert (values, others) == (["a", 1.0, 30, 0], ["b", 2.5, 30, 0])


@pytest.mark.parametrize(
    "other",
    [
        {"filter": "title = ''"},
        {"filter": "title = 'a'", "rule": "n > 1"},
        {"filter": "title = 'a'", "sort": "n"},
        {"filter": "title = 'a'", "purpose": Purpose.COUNT},
    ],
    ids=str,
)
def test_other_questions_have_other_plans(other, world):
    """
    Rule, filter, sort and purpose make a question; a blank literal changes what is asked.
    """
    assert world.plan("title = 'a'")[0] is not world.plan(**other)[0]


def test_changed_collections_make_new_plans(world):
    """
    No plan outlives the schema it was made for.
    """
    before = world.plan("title = 'a'")[0]
    world.change("tags", list_rule="id = ''")

    assert world.plan("title = 'a'")[0] is not before


def test_plans_depend_on_what_values_are_like(world):
    """
    A blank value asks something else than a filled one, and both are remembered.
    """
    rule = "title = @request.query.a || title = @request.query.b"
    shapes = [{}, {"a": "x"}, {"b": "x"}, {"a": "x", "b": "y"}, {"a": "", "b": "y"}]
    plans = [world.plan(rule=rule, request=world.request(**shape))[0] for shape in shapes]
    again = [world.plan(rule=rule, request=world.request(**shape))[0] for shape in shapes]

    assert all(one is other for one, other in zip(plans, again, strict=True))
    assert len({plan.sql for plan in plans}) == 4


def test_plans_that_ask_different_things_are_told_apart(world):
    """
    Where one answer decides which is the next question, no plan is taken for another.
    """
    rule = "@request.body.author.name = 'ann' && title = @request.body.title"
    found = {}
    for author in ("", "man000000000001", "man000000000002"):
        for title in ("", "One", "two"):
            request = world.request(None, {"author": author, "title": title})
            found[author[-1:], title] = world.ids(request=request, rule=rule)

    expected = {key: [] for key in found}
    assert found == expected | {("1", ""): [P3], ("1", "One"): [P1], ("1", "two"): [P2]}


def test_macros_are_one_moment(world):
    """
    All macros of a run speak of the same moment; the next run of another.
    """
    plan, _ = world.plan("when < @now || when > @now")
    first, second = (plan.bind(Inputs(None, (), {"limit": 1, "offset": 0})) for _ in range(2))

    assert first[0] == first[1]
    assert first[0] <= second[0]


def test_callers_cannot_name_values(world):
    """
    `{:name}` is for code: a caller would read what comes with the plan.
    """
    assert world.ids("title = {:wanted}", wanted="One") == [P1]
    with pytest.raises(RuleSyntaxError, match=r"unexpected character '\{'"):
        world.ids("n < {:limit}")
    with pytest.raises(RuleSyntaxError):
        world.app.queries.check(world.app.collections.find("posts"), "title = {:x}")


@pytest.mark.parametrize(
    "text", ["title = \x01", "\x02 = 1", "\x01 = 'a'", "title = 'a' && n = \x02 // x"]
)
def test_callers_cannot_write_slots(text, world):
    """
    The characters that stand for lifted literals are refused in a caller's text.
    """
    with pytest.raises(RuleSyntaxError, match="unexpected character"):
        world.ids(text)


def test_messages_speak_of_the_filter_as_it_was_written(world):
    """
    Positions count in the caller's own text, literals and all.
    """
    with pytest.raises(RuleSyntaxError) as caught:
        world.ids("title = 'some text' && nope = 1")

    assert (caught.value.message, caught.value.position) == (
        'invalid left operand "nope" - unknown field "nope"',
        23,
    )


PATTERNS = [
    ("a", "%a%"),
    ("", "%%"),
    ("a%", "a%"),
    ("a\\%", "%a\\%%"),
    ("a_b", "%a\\_b%"),
    ("a\\", "%a\\\\%"),
    (5.0, "%5%"),
    (True, "%true%"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), PATTERNS)
def test_patterns(value, expected):
    """
    A value is found anywhere unless it brings its own %; other special characters mean themselves.
    """
    assert pattern(value) == expected


def test_totals_that_took_long_are_kept_until_something_is_written(world, monkeypatch):
    """
    Counting again is for data that changed.
    """
    monkeypatch.setattr("pocketbase_server.core.records.totals._SLOW", 0.0)
    asked = []
    engine = world.app.data
    one = engine.one
    monkeypatch.setattr(
        engine, "one", lambda sql, params=(): (asked.append(sql), one(sql, params))[1]
    )
    posts = world.app.collections.find("posts")
    request = world.request(world.superuser())

    def total(text):
        asked.clear()
        found = world.app.queries.count(posts, request, "", text)
        return found, sum("COUNT" in sql for sql in asked)

    assert total("title ~ 'o'") == (2, 1)
    assert total("title ~ 'o'") == (2, 0)
    assert total("title ~ 'n'") == (1, 1)
    world.record("posts", title="oooo")
    assert total("title ~ 'o'") == (3, 1)
    assert total("title ~ 'o'") == (3, 0)
    engine.run("DELETE FROM posts WHERE title = 'oooo'")
    assert total("title ~ 'o'") == (2, 1)
    with engine.transaction():
        engine.run("DELETE FROM posts WHERE title = 'two'")
        assert total("title ~ 'o'") == (1, 1)
    assert total("title ~ 'o'") == (1, 1)


def test_totals_that_hang_on_the_time_are_not_kept(world):
    """
    `strftime` may ask for the time by itself, and a view may too.
    """
    view = "SELECT id, title FROM posts WHERE `when` < datetime('now')"
    world.collection("recent", type="view", viewQuery=view)
    count = {"purpose": Purpose.COUNT}

    assert world.plan("n > 1", **count)[0].lasts
    assert not world.plan("strftime('%Y', 'now') = '2024'", **count)[0].lasts
    assert not world.plan("title = 'x'", name="recent", **count)[0].lasts
    assert not world.plan("@collection.recent.id ?= id", **count)[0].lasts
