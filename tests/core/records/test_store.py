"""
RecordStore: what is saved, in which order whose code runs, and what happens when it goes wrong.
"""

from __future__ import annotations

import threading
import time

import pytest
from pocketbase_server.core.errors import AppError, BadRequestError, NotFoundError, ValidationErrors
from pocketbase_server.core.records import cascade
from pocketbase_server.core.records.cascade import RequiredReferenceError

from tests.core.records.conftest import number, relation, text

AUTODATES = (
    {"name": "created", "type": "autodate", "onCreate": True},
    {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
)
UNIQUE = ["CREATE UNIQUE INDEX `idx_title` ON `posts` (`title`) WHERE `title` != ''"]


def codes(caught):
    """Return the codes of the issues by field."""
    return {name: issue.code for name, issue in caught.value.issues.items()}


# -- finding


def test_find(place):
    """
    Records are found by id, by any field, by filter; what is not there is None or an error.
    """
    posts = place.collection("posts", text("title"), number("n"))
    one = place.record(posts, title="One", n=1)
    place.record(posts, title="two", n=2)
    records = place.app.records

    assert one.values == records.find("posts", one.id).values
    assert one.id == records.first_by(posts, "title", "one", nocase=True).id
    assert records.first_by(posts, "title", "one") is None
    assert records.get(posts, "nope") is None
    assert ["two"] == [r.get("title") for r in records.find_by_filter("posts", "n > 1")]
    assert [one.id] == [r.id for r in records.find_by_ids(posts, ["nope", one.id, one.id])]
    assert (2, 1) == (records.count(posts), records.count(posts, "n = 1"))
    with pytest.raises(NotFoundError):
        records.find(posts, "nope")


# -- saving


def test_create_makes_an_id_and_moments(place):
    """
    A new record gets an id of fifteen characters and the moments of its autodate fields.
    """
    posts = place.collection("posts", text("title"), *AUTODATES)
    record = place.record(posts, title="x")
    stored = place.read(record)

    assert 15 == len(record.id)
    assert "" < stored.get("created") <= stored.get("updated")
    assert not record.is_new
    assert record.values == stored.values


def test_update_writes_only_what_changed(place):
    """
    Two who change different fields of one record do not undo each other.
    """
    posts = place.collection("posts", text("a"), text("b"))
    record = place.record(posts, a="1", b="1")
    mine, theirs = place.read(record), place.read(record)
    mine.set("a", "2")
    theirs.set("b", "3")
    place.app.records.update(mine)
    place.app.records.update(theirs)

    assert ("2", "3") == (place.read(record).get("a"), place.read(record).get("b"))


def test_refusals_are_told_by_field(place):
    """
    All fields are checked before anything is written.
    """
    posts = place.collection("posts", text("title", required=True), number("n", max=5))

    with pytest.raises(ValidationErrors) as caught:
        place.record(posts, n=6)
    assert {"title": "validation_required", "n": "validation_max_number_constraint"} == codes(
        caught
    )
    assert 0 == place.app.records.count(posts)


def test_unique_violations_name_the_fields(place):
    """
    Whatever index is violated, its fields are told; so is a taken id.
    """
    pair = "CREATE UNIQUE INDEX `idx_pair` ON `posts` (`a`, `b`) WHERE `a` != ''"
    posts = place.collection("posts", text("title"), text("a"), text("b"), indexes=[*UNIQUE, pair])
    first = place.record(posts, title="x", a="1", b="1")

    for values, fields in (
        ({"title": "x"}, {"title"}),
        ({"a": "1", "b": "1"}, {"a", "b"}),
        ({"id": first.id}, {"id"}),
    ):
        with pytest.raises(ValidationErrors) as caught:
            place.record(posts, **values)
        assert dict.fromkeys(fields, "validation_not_unique") == codes(caught)
    second = place.record(posts, title="y")
    second.set("title", "x")
    with pytest.raises(ValidationErrors) as caught:
        place.app.records.update(second)
    assert {"title": "validation_not_unique"} == codes(caught)


def test_auth_ids_are_unique_across_collections(place):
    """
    An id of one auth collection is refused in another.
    """
    people = place.collection("people", type="auth")
    staff = place.collection("staff", type="auth")
    one = place.record(people, email="a@b.co", password="12345678")

    with pytest.raises(ValidationErrors) as caught:
        place.record(staff, id=one.id, email="a@b.co", password="12345678")
    assert {"id": "validation_invalid_auth_id"} == codes(caught)


def test_view_records_cannot_be_written(place):
    """
    What comes from a query is read-only, also for code.
    """
    place.collection("posts", text("title"))
    view = place.collection("seen", type="view", viewQuery="SELECT id, title FROM posts")

    with pytest.raises(AppError):
        place.app.records.create(place.app.records.new(view))


def test_rollback_makes_the_record_new_again(place):
    """
    What a failed transaction has not kept, the record does not believe to be kept.
    """
    posts = place.collection("posts", text("title"))
    record = place.app.records.new(posts)
    record.set("title", "x")

    with pytest.raises(RuntimeError), place.app.data.transaction():
        place.app.records.create(record)
        raise RuntimeError
    assert record.is_new
    place.app.records.save(record)
    assert "x" == place.read(record).get("title")


# -- hooks


STEPS = ("create", "validate", "create_execute", "after_create_success", "after_create_error")


def listen(app, log, verbs):
    """Write to *log* when handlers of a record's life begin and end."""

    def handler(name):
        def handle(event):
            log.append(f"> {name}")
            event.next()
            log.append(f"< {name}")

        return handle

    for verb in verbs:
        for kind in ("record", "model"):
            name = f"{kind}_{verb}"
            getattr(app.hooks, name).bind(handler(name), "posts", "tags")


def nested(*names):
    """Return the log of handlers of which each runs inside the one before."""
    return [*(f"> {n}" for n in names), *(f"< {n}" for n in reversed(names))]


def both(verb):
    """Return the record hook of a verb, then the model hook."""
    return (f"record_{verb}", f"model_{verb}")


def test_order_of_a_create(place):
    """
    Handlers run as in the reference: record before model, validation and writing inside, success after.
    """
    posts = place.collection("posts", text("title"), *AUTODATES)
    log = []
    listen(place.app, log, STEPS)
    place.record(posts, title="x")

    assert [
        *(f"> {n}" for n in both("create")),
        *nested(*both("validate")),
        *nested(*both("create_execute")),
        *(f"< {n}" for n in reversed(both("create"))),
        *nested(*both("after_create_success")),
    ] == log


def test_order_of_a_refused_create(place):
    """
    A refused record reaches no model validation and no writing, only those who wait for errors.
    """
    posts = place.collection("posts", text("title", required=True))
    log = []
    listen(place.app, log, STEPS)

    with pytest.raises(ValidationErrors):
        place.record(posts)
    assert [
        *(f"> {n}" for n in both("create")),
        "> record_validate",
        *nested(*both("after_create_error")),
    ] == log


def test_handlers_see_what_is_there_at_their_time(place):
    """
    The id is there from the start, moments of autodate fields only when the row is written.
    """
    posts = place.collection("posts", text("title"), *AUTODATES)
    seen = {}

    def look(name):
        def handle(event):
            seen[name] = (bool(event.record.id), bool(event.record.get("created")))
            event.next()

        return handle

    place.app.hooks.record_create.bind(look("create"))
    place.app.hooks.record_create_execute.bind(look("record execute"))
    place.app.hooks.model_create_execute.bind(look("model execute"), "posts")
    place.record(posts)

    assert {
        "create": (True, False),
        "record execute": (True, False),
        "model execute": (True, True),
    } == seen


def test_success_is_told_after_the_commit(place):
    """
    Inside a transaction success waits for the commit, and a rollback turns it into failure.
    """
    posts = place.collection("posts", text("title"))
    told = []
    place.app.hooks.record_after_create_success.bind(lambda e: told.append("done"))
    place.app.hooks.record_after_create_error.bind(lambda e: told.append("failed"))
    with place.app.data.transaction():
        place.record(posts)

        assert [] == told
    assert ["done"] == told
    with pytest.raises(RuntimeError), place.app.data.transaction():
        place.record(posts)
        raise RuntimeError
    assert ["done", "failed"] == told


def test_a_handler_can_stop_the_write(place):
    """
    A handler that raises, or does not go on, leaves nothing behind.
    """
    posts = place.collection("posts", text("title"))

    @place.app.hooks.record_create("posts", id="stop")
    def refuse(event):
        raise BadRequestError("no")

    with pytest.raises(BadRequestError, match="no"):
        place.record(posts)
    place.app.hooks.record_create.unbind("stop")
    place.app.hooks.record_create_execute.bind(lambda event: None)
    place.record(posts)
    assert 0 == place.app.records.count(posts)


# -- modifiers of many at once


def together(count, act):
    """Run *act* in as many threads at once and return what went wrong."""
    failures = []

    def run():
        try:
            act()
        except Exception as ex:
            failures.append(ex)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_increments_at_the_same_time_all_count(place):
    """
    Forty who add one to what they have read earlier make it forty more.
    """
    posts = place.collection(
        "posts", number("n"), relation("r", place.collection("x"), maxSelect=99)
    )
    record = place.record(posts, n=2)

    def add():
        mine = place.read(record)
        time.sleep(0.01)
        mine.load({"n+": 1})
        place.app.records.update(mine)

    assert [] == together(40, add)
    assert 42 == place.read(record).get("n")


def test_modifiers_are_checked_again(place):
    """
    A sum that only the meantime has made too large is refused.
    """
    posts = place.collection("posts", number("n", max=5))
    record = place.record(posts, n=4)
    late = place.read(record)
    late.load({"n+": 1})
    early = place.read(record)
    early.load({"n+": 1})
    place.app.records.update(early)

    with pytest.raises(ValidationErrors):
        place.app.records.update(late)


def test_a_value_set_by_a_handler_is_kept(place):
    """
    Where code has chosen a value after the body, no modifier is applied again.
    """
    posts = place.collection("posts", number("n"))
    record = place.record(posts, n=1)
    late = place.read(record)
    late.load({"n+": 1})
    late.values["n"] = 100
    early = place.read(record)
    early.load({"n+": 1})
    place.app.records.update(early)
    place.app.records.update(late)

    assert 100 == place.read(record).get("n")


# -- deleting


@pytest.fixture
def world(place):
    """Return a collection and one whose relations point to it in every way."""
    tags = place.collection("tags", text("name"))
    posts = place.collection(
        "posts",
        relation("one", tags),
        relation("many", tags, maxSelect=5),
        relation("must", tags, required=True),
        relation("falls", tags, cascadeDelete=True),
        relation("fall_last", tags, maxSelect=5, cascadeDelete=True),
    )
    place.tags = [place.record(tags, name=str(i)).id for i in range(5)]
    place.posts = posts
    return place


def delete_tag(world, at):
    """Delete one of the tags."""
    world.app.records.delete(world.app.records.find("tags", world.tags[at]))


def test_delete_empties_relations(world):
    """
    Relations to the deleted record lose it, and keep the others.
    """
    post = world.record("posts", one=world.tags[0], many=world.tags[:3], must=world.tags[4])
    delete_tag(world, 0)

    assert ("", world.tags[1:3]) == (world.read(post).get("one"), world.read(post).get("many"))


def test_delete_is_refused_by_required_relations(world):
    """
    Nothing is deleted and nothing emptied while a required relation points there.
    """
    post = world.record("posts", one=world.tags[0], must=world.tags[0])

    with pytest.raises(RequiredReferenceError):
        delete_tag(world, 0)
    assert world.tags[0] == world.read(post).get("one")
    assert 5 == world.app.records.count("tags")


def test_delete_cascades(world):
    """
    A cascading relation takes its record along, a list only with its last item.
    """
    tags = world.tags
    falls = world.record("posts", falls=tags[0], must=tags[4])
    first = world.record("posts", fall_last=[tags[0], tags[1]], must=tags[4])
    delete_tag(world, 0)

    assert world.read(falls) is None
    assert [tags[1]] == world.read(first).get("fall_last")
    delete_tag(world, 1)
    assert world.read(first) is None


def test_delete_works_in_batches(world, monkeypatch):
    """
    More referring records than fit in memory at once are all released.
    """
    monkeypatch.setattr(cascade, "BATCH", 3)
    for _ in range(8):
        world.record("posts", one=world.tags[0], must=world.tags[4])
    delete_tag(world, 0)

    assert 8 == world.app.records.count("posts", "one = ''")


def test_a_long_chain_falls_as_a_whole(place):
    """
    Cascades reach deeper than Python's stack.
    """
    parts = place.collection("parts", text("name"))
    changed = parts.clone()
    place.change("parts", fields=[*changed.fields, *_parent(parts)])
    last = ""
    ids = []
    for at in range(150):
        last = place.record("parts", name=str(at), parent=last).id
        ids.append(last)
    place.app.records.delete(place.app.records.find("parts", ids[0]))

    assert 0 == place.app.records.count("parts")


def _parent(parts):
    from pocketbase_server.core.fields import load_field

    return [load_field(relation("parent", parts, cascadeDelete=True) | {"id": "parent1"})]
