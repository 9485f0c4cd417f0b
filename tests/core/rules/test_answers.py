"""
Answers: which records a condition finds, nulls, blanks and callers included.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.errors import RuleSyntaxError

from tests.core.rules.conftest import P1, P2, P3

FOUND = [
    ("", [P1, P2, P3]),
    ("title = ''", [P3]),
    ("title != null", [P1, P2]),
    ("title:lower = 'one'", [P1]),
    ("title ~ 'ONE'", [P1]),
    ("title ~ ''", [P1, P2, P3]),
    ("title !~ 'o'", [P3]),
    ("n = '2.5'", [P2]),
    ("n = 0 || n = 1", [P1, P3]),
    ("on = true", [P1]),
    ("on != true", [P2, P3]),
    ("when = ''", [P1, P3]),
    ("when < '2025' && when != ''", [P2]),
    ("strftime('%Y', when) = '2024'", [P2]),
    # JSON: null is null, and what is not there too
    ("meta = null", [P3]),
    ("meta = 'text'", [P2]),
    ("meta.a = 1", [P1]),
    ("meta.a = null", [P2, P3]),
    ("meta.a = ''", []),
    # relations: none is a record of nulls
    ("author.name = ''", [P3]),
    ("author.name != 'ann'", [P2, P3]),
    ("author.level < 2", [P1]),
    # lists: all must match, or any
    ("opts:each = 'x'", [P2]),
    ("opts:each ?= 'x'", [P1, P2]),
    ("opts:each != 'x'", [P3]),
    ("opts:each ?!= 'x'", [P1, P3]),
    ("opts:length = 0", [P3]),
    ("tags.label = ''", [P2, P3]),
    ("tags.label ?= 'red'", [P1]),
    ("tags.label = 'red'", []),
    ("tags.label ?= 'red' && tags.rank ?= 2", []),
    ("tags.label ?= 'red' && tags.rank ?= 1", [P1]),
    ("notes_via_post.likes ?= 0", [P1]),
    ("notes_via_post.likes > 1", [P2]),
    ("notes_via_post.id = ''", [P3]),
    ("notes_via_post.likes = notes_via_post.likes", [P2, P3]),
    ("@collection.notes.post ?= id && @collection.notes.likes ?> 4", [P1]),
    ("@collection.tags:a.label ?= 'red' && @collection.tags:b.label ?= 'green' && n = 1", [P1]),
    ("'' = null", [P1, P2, P3]),
    ("null != null", []),
    ("1 = '1'", []),
    ("geoDistance(n, 0, 0, 0) = 0", [P3]),
]


@pytest.mark.parametrize(("filter", "expected"), FOUND, ids=[filter for filter, _ in FOUND])
def test_answers(filter, expected, world):
    """
    The list finds them; the count and the view of each record agree.
    """
    posts, request = world.app.collections.find("posts"), world.request(world.superuser())
    queries = world.app.queries

    assert world.ids(filter) == expected
    assert queries.count(posts, request, "", filter) == len(expected)
    assert [one for one in (P1, P2, P3) if queries.matches(posts, one, request, filter)] == expected


CALLERS = [
    ("@request.auth.id = ''", [], [P1, P2, P3]),
    ("author = @request.auth.id", [P1], [P3]),
    ("author.level >= @request.auth.level", [P1, P2], []),
    ("@request.auth.email ~ 'ann'", [P1, P2, P3], []),
    ("@request.auth.nope = null", [P1, P2, P3], [P1, P2, P3]),
    ("@request.auth.posts_via_author.title ?= title", [P1], [P3]),
    ("@request.query.q = title", [P1], [P1]),
    ("@request.query.none:isset = false && @request.query.q:isset = true", [P1, P2, P3], [P1, P2, P3]),
    ("@request.body.title:changed = true", [P2, P3], [P2, P3]),
    ("@request.body.tags:length = 2", [P1, P2, P3], [P1, P2, P3]),
    ("@request.body.tags:each ?= 'tag000000000001'", [P1, P2, P3], [P1, P2, P3]),
    ("@request.body.tags.label ?= 'green'", [P1, P2, P3], [P1, P2, P3]),
    ("@request.method = 'GET' && @request.context = 'default'", [P1, P2, P3], [P1, P2, P3]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "ann", "guest"), CALLERS, ids=[one[0] for one in CALLERS])
def test_rules_read_the_request(rule, ann, guest, world):
    """
    A rule sees the caller, the query and the body.
    """
    body = {"title": "One", "tags": ["tag000000000001", "tag000000000002"]}
    caller = world.app.records.get("people", "man000000000001")
    asked = [world.request(who, body, q="One") for who in (caller, None)]

    assert [world.ids(request=one, rule=rule) for one in asked] == [ann, guest]


REFUSED = [
    "secret = 'x'",
    "secret ~ ''",
    "author.tokenKey != ''",
    "author.password = ''",
    "notes_via_post.post.secret = 'x'",
]


@pytest.mark.parametrize("filter", REFUSED)
def test_hidden_fields_are_for_superusers(filter, world):
    """
    Nobody else may find out about them, by filter or by sort.
    """
    guest = world.request()

    assert world.ids(filter) is not None
    with pytest.raises(RuleSyntaxError):
        world.ids(filter, request=guest)
    with pytest.raises(RuleSyntaxError):
        world.ids(sort=filter.split()[0], request=guest)


def test_related_records_count_as_far_as_they_may_be_listed(world):
    """
    A filter through a relation shows no more of the related record than its own list would.
    """
    guest = world.request()
    world.change("tags", list_rule="rank = 1")

    assert world.ids("tags.label ?= 'red'", request=guest) == [P1]
    assert world.ids("tags.label ?= 'green'", request=guest) == []
    world.change("tags", list_rule=None)
    with pytest.raises(RuleSyntaxError):
        world.ids("tags.label ?= 'red'", request=guest)
    assert world.ids("tags.label ?= 'red'", rule="tags.label ?= 'red'") == [P1]


def test_emails_are_found_where_they_are_shown(world):
    """
    An address that its owner hides is not found by it.
    """
    guest = world.request()
    world.record("posts", title="x", author="man000000000001")

    assert world.ids("author.email ~ 'ann'", request=guest) == []
    assert len(world.ids("author.email ~ 'ann'")) == 2


def test_unsaved_records_are_asked_as_they_would_be(world):
    """
    Create rules see the values that would be stored.
    """
    record = world.app.records.new("posts")
    record.load({"title": "new", "n": 3, "author": "man000000000002", "opts": ["x"]})
    asked = lambda rule: world.app.queries.matches_unsaved(record, world.request(), rule)  # noqa: E731

    assert asked("title = 'new' && n = 3 && author.name = 'bob' && opts:each = 'x'")
    assert not asked("author.level = 1")
    with pytest.raises(RuleSyntaxError):
        asked("notes_via_post.id = ''")


SORTED = [
    ("-n", [P2, P1, P3]),
    ("title", [P3, P1, P2]),
    ("-title:lower", [P2, P1, P3]),
    ("author.name,id", [P3, P1, P2]),
    ("-meta.a,-id", [P1, P3, P2]),
    ("-@rowid", [P3, P2, P1]),
    ("-tags.rank", [P2, P1, P3]),
    ("opts:length", [P3, P2, P1]),
]


@pytest.mark.parametrize(("sort", "expected"), SORTED)
def test_sorts(sort, expected, world):
    """
    Records come in order, each once.
    """
    assert world.ids(sort=sort) == expected


@pytest.mark.parametrize(
    "sort", ["nope", "title.x", "@now", "@request.auth.id", ",".join(["n"] * 9), "x" * 256]
)
def test_refused_sorts(sort, world):
    """
    What is no key is refused.
    """
    with pytest.raises(RuleSyntaxError):
        world.ids(sort=sort)


FAR = "notes_via_post.post.tags.posts_via_tags.notes_via_post.likes"
HARD = {
    "alternating": "".join(f"(n={i}||(n>{i}&&" for i in range(99)) + "n=1" + "))" * 99,
    "many terms": "||".join(f"title='{i}'" for i in range(200)),
    "far": "&&".join(f"{FAR} != {i}" for i in range(40)),
    "far both": "||".join(f"{FAR} ?= {FAR}" for _ in range(5)),
    "deep": "(" * 1000 + "n=1" + ")" * 1000,
    "long": "title = '" + "x" * 3400 + "'",
}


@pytest.mark.parametrize("filter", HARD.values(), ids=HARD)
def test_hard_filters_are_planned_at_once(filter, world):
    """
    The longest filter there may be is planned, prepared and answered without a noticeable wait.
    """
    import time

    began = time.process_time()
    world.ids(filter)

    assert time.process_time() - began < 0.5


def test_long_filters_are_refused(world):
    """
    The limit is in bytes.
    """
    assert world.ids("title = '" + "x" * 3489 + "'") == []
    for text in ("x" * 3500, "😀" * 875):
        with pytest.raises(RuleSyntaxError, match="max filter length"):
            world.ids(f"title = '{text}'")
