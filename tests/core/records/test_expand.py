"""
Expand: which relations are followed, whom they show, and what a wrong path costs.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.records.expand import enrich, print_rows
from pocketbase_server.core.records.links import parse_expand
from pocketbase_server.core.records.model import Record

from tests.core.records.conftest import relation, text

T = [f"tag00000000000{i}" for i in range(3)]
P = [f"post0000000000{i}" for i in range(3)]


@pytest.fixture
def world(place):
    """Return posts with relations of every kind; the third tag is hidden from everyone."""
    tags = place.collection("tags", text("name"), viewRule='name != "t2"')
    locked = place.collection("locked", text("name"), viewRule=None)
    place.collection(
        "posts",
        text("title"),
        relation("one", tags),
        relation("many", tags, maxSelect=5),
        relation("only", tags),
        relation("shut", locked),
        relation("veiled", tags, hidden=True),
        indexes=["CREATE UNIQUE INDEX `idx_only` ON `posts` (`only`) WHERE `only` != ''"],
    )
    for at, tag in enumerate(T):
        place.record(tags, id=tag, name=f"t{at}")
    shut = place.record(locked, id="locked000000000", name="l").id
    place.record("posts", id=P[0], title="a")
    place.record("posts", id=P[1], title="b", one=T[0], many=[T[1], T[2], T[0]], only=T[1])
    place.record("posts", id=P[2], title="c", one=T[2], many=[T[2]], shut=shut, veiled=T[0])
    return place


def shown(expand):
    """Return an expand as ids: of what is below each, too."""
    if isinstance(expand, list):
        return [shown(one) for one in expand]
    below = {name: shown(one) for name, one in expand.get("expand", {}).items()}
    return {expand["id"]: below} if "expand" in expand else expand["id"]


def ask(world, name, record_id, paths, *, auth=None):
    """Return the expand of one record, asked in both ways, which must agree."""
    app = world.app
    collection = app.collections.find(name)
    request = world.request(auth, expand=paths)
    row = app.queries.view(collection, record_id, request, "")
    (fast,) = print_rows(app, collection, [row], request)
    record = Record.from_row(collection, row)
    enrich(app, [record], request)

    assert fast == record.export()
    return {n: shown(e) for n, e in fast["expand"].items()} if "expand" in fast else None


ROWS = [
    ("posts", P[0], "one", {}),
    ("posts", P[0], "shut", None),
    ("posts", P[0], "unknown", None),
    ("posts", P[0], "one.unknown", {}),
    ("posts", P[1], "one", {"one": T[0]}),
    ("posts", P[1], "many", {"many": [T[1], T[0]]}),
    ("posts", P[1], " one , many ", {"one": T[0], "many": [T[1], T[0]]}),
    ("posts", P[1], ".one.", {"one": T[0]}),
    ("posts", P[1], "one..many", None),
    ("posts", P[1], "ONE", None),
    ("posts", P[1], "title", None),
    ("posts", P[1], "one.unknown", None),
    ("posts", P[1], "one,one.unknown", None),
    ("posts", P[1], "one,unknown", {"one": T[0]}),
    ("posts", P[1], "one.posts_via_one", {"one": {T[0]: {"posts_via_one": [P[1]]}}}),
    ("posts", P[1], "one.posts(one)", {"one": {T[0]: {"posts(one)": [P[1]]}}}),
    ("posts", P[1], "one.POSTS_via_one", {"one": {T[0]: {"POSTS_via_one": [P[1]]}}}),
    ("posts", P[1], "one.posts_via_many", {"one": {T[0]: {"posts_via_many": [P[1]]}}}),
    ("posts", P[1], "one.posts_via_only", {"one": {T[0]: {}}}),
    ("posts", P[1], "only.posts_via_only", {"only": {T[1]: {"posts_via_only": P[1]}}}),
    ("posts", P[1], "one.posts_via_title", None),
    ("posts", P[1], "one.posts_via_shut", None),
    ("posts", P[1], "one.nope_via_one", None),
    (
        "posts",
        P[1],
        "many.posts_via_one",
        {"many": [{T[1]: {}}, {T[0]: {"posts_via_one": [P[1]]}}]},
    ),
    ("posts", P[1], "one.posts_via_one.shut", None),
    ("posts", P[1], "one.posts_via_one.shut,one.posts_via_only", {"one": {T[0]: {}}}),
    ("posts", P[2], "one", {}),
    ("posts", P[2], "many,shut", {}),
    ("posts", P[2], "veiled", {"veiled": T[0]}),
    ("tags", T[0], "posts_via_veiled", {"posts_via_veiled": [P[2]]}),
    (
        "tags",
        T[0],
        "posts_via_one.one.posts_via_only",
        {"posts_via_one": [{P[1]: {"one": {T[0]: {}}}}]},
    ),
]


@pytest.mark.parametrize(("name", "record_id", "paths", "expand"), ROWS)
def test_expand(world, name, record_id, paths, expand):
    """
    What can be followed and seen is there; a path that fails anywhere gives nothing at all.
    """
    assert expand == ask(world, name, record_id, paths)


def test_superusers_see_what_is_locked(world):
    """
    View rules do not bind superusers.
    """
    root = world.superuser()

    assert {"shut": "locked000000000"} == ask(world, "posts", P[2], "shut", auth=root)
    assert {"one": T[2]} == ask(world, "posts", P[2], "one", auth=root)


def test_six_levels(world):
    """
    The seventh level is left out, without spoiling the others.
    """
    paths = "one.posts_via_one" * 1 + ".one.posts_via_one" * 2
    six = ask(world, "posts", P[1], paths)

    assert six == ask(world, "posts", P[1], paths + ".one")
    assert {
        "one": {
            T[0]: {
                "posts_via_one": [
                    {
                        P[1]: {
                            "one": {
                                T[0]: {
                                    "posts_via_one": [
                                        {P[1]: {"one": {T[0]: {"posts_via_one": [P[1]]}}}}
                                    ]
                                }
                            }
                        }
                    }
                ]
            }
        }
    } == six


def test_a_thousand_refer_back_at_most(world, monkeypatch):
    """
    One crowded record does not take the room of the others.
    """
    from pocketbase_server.core.records import walk

    monkeypatch.setattr(walk, "MAX_BACK", 3)
    for at in range(5):
        world.record("posts", id=f"more0000000000{at}", one=T[0])
    world.record("posts", id="late00000000000", one=T[1])
    app = world.app
    tags = app.collections.find("tags")
    request = world.request(expand="posts_via_one")
    rows = app.queries.by_ids(tags, T, request, "")
    found = {one["id"]: one["expand"] for one in print_rows(app, tags, rows, request)}

    assert 3 == len(found[T[0]]["posts_via_one"])
    assert ["late00000000000"] == [one["id"] for one in found[T[1]]["posts_via_one"]]


def test_expand_obeys_the_rules_of_the_caller(world):
    """
    View rules see the caller, and `expand` as the context.
    """
    world.change("tags", view_rule='@request.context = "expand" && @request.query.key = "yes"')
    app = world.app
    posts = app.collections.find("posts")
    row = app.queries.view(posts, P[1], world.request(), "")

    assert (
        "one" in print_rows(app, posts, [row], world.request(expand="one", key="yes"))[0]["expand"]
    )
    assert {} == print_rows(app, posts, [row], world.request(expand="one"))[0]["expand"]


def test_handlers_enrich_what_is_expanded(world):
    """
    Enrich handlers run for the record, around its expand, and for those inside.
    """
    log = []

    def handle(event):
        log.append(f"> {event.record.id} {event.request.context}")
        event.next()
        log.append(f"< {event.record.id}")
        event.record.hide("name")

    world.app.hooks.record_enrich.bind(handle)
    post = world.app.records.find("posts", P[1])
    enrich(world.app, [post], world.request(expand="one"))

    assert [f"> {P[1]} default", f"> {T[0]} expand", f"< {T[0]}", f"< {P[1]}"] == log
    assert "name" not in post.export()["expand"]["one"]


def test_emails_inside_an_expand(place):
    """
    Also inside an expand an email is shown only to its owner, managers and superusers.
    """
    people = place.collection(
        "people", text("name"), type="auth", manageRule='@request.auth.name = "boss"'
    )
    ann, boss = (
        place.record(people, name=n, email=f"{n}@b.co", password="12345678")
        for n in ("ann", "boss")
    )
    posts = place.collection("posts", relation("by", people))
    post = place.record(posts, by=ann.id)
    app = place.app

    def email(auth):
        request = place.request(auth, expand="by")
        row = app.queries.view(posts, post.id, request, "")
        return print_rows(app, posts, [row], request)[0]["expand"]["by"].get("email")

    assert [None, "ann@b.co", "ann@b.co", "ann@b.co"] == [
        email(who) for who in (None, ann, boss, place.superuser())
    ]


@pytest.mark.parametrize(
    ("expression", "names"),
    [("", ()), (",,", ()), (".", ()), ("b,a", ("a", "b")), ("a.b,a", ("a",)), ("a, a ,a", ("a",))],
)
def test_parse(expression, names):
    """
    Names come sorted and once; a path makes its own beginnings redundant.
    """
    assert names == tuple(node.name for node in parse_expand(expression))
