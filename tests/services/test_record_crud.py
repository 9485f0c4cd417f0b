"""
Records as a caller may list, view, create, update and delete them.
"""

from __future__ import annotations

import threading

import pytest
from pocketbase_server.core.errors import (
    AppError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    OffloadError,
)
from pocketbase_server.services import enumeration
from pocketbase_server.services.enumeration import EmptyListWatch
from pocketbase_server.services.page import Page
from pocketbase_server.services.record_crud import (
    create_record,
    delete_record,
    find_collection,
    list_records,
    update_record,
    view_record,
)
from pocketbase_server.storage.sql.errors import WouldBlock
from pocketbase_server.storage.sql.inline import Speeds, inline_mode

from scripts.servers import LIMIT
from tests.core.records.conftest import app, number, place, relation, text  # noqa: F401

ID = "post00000000001"
NEW = {"password": "12345678", "passwordConfirm": "12345678"}


@pytest.fixture
def posts(place):  # noqa: F811
    """Return a collection with one record in it."""
    found = place.collection(
        "posts", text("title"), number("n"), text("secret", hidden=True),
        {"name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3},
    )  # fmt: skip
    place.record(found, id=ID, title="one", n=1, secret="s")
    return found


@pytest.fixture
def people(place):  # noqa: F811
    """Return an auth collection of ann, and of boss who manages everyone."""
    found = place.collection(
        "people", text("name"), text("note", hidden=True),
        type="auth", manageRule='@request.auth.name = "boss"',
    )  # fmt: skip
    place.ann, place.boss = (
        place.record(found, name=n, email=f"{n}@b.co", password="12345678") for n in ("ann", "boss")
    )
    return found


def refusal(act):
    """Return the message of what an act is refused with, and the codes by field."""
    with pytest.raises(AppError) as caught:
        act()
    data = caught.value.export_data()
    return caught.value.message, {name: issue["code"] for name, issue in data.items()}


# -- rules


def test_locked_collections_are_for_superusers(place, posts):  # noqa: F811
    """
    A rule of None refuses everyone but superusers, before anything else is looked at.
    """
    rules = dict.fromkeys(f"{v}_rule" for v in ("list", "view", "create", "update", "delete"))
    shut = place.change("posts", **rules)
    guest, root = place.request(), place.request(place.superuser())
    acts = [
        lambda r: list_records(place.app, shut, r),
        lambda r: view_record(place.app, shut, ID, r),
        lambda r: create_record(place.app, shut, r),
        lambda r: update_record(place.app, shut, ID, r),
        lambda r: delete_record(place.app, shut, ID, r),
    ]

    for act in acts:
        with pytest.raises(ForbiddenError, match="Only superusers can perform this action"):
            act(guest)
        act(root)


def test_rules_that_do_not_hold(place, posts):  # noqa: F811
    """
    An empty list, nothing to be found, or a refused body: never a word about the rule.
    """
    rules = dict.fromkeys(
        (f"{v}_rule" for v in ("list", "view", "create", "update", "delete")), 'title = "two"'
    )
    shut = place.change("posts", **rules)
    guest = place.request(body={"title": "one"})

    assert [] == list_records(place.app, shut, guest)["items"]
    for act in (view_record, update_record, delete_record):
        with pytest.raises(NotFoundError):
            act(place.app, shut, ID, guest)
    assert ("Failed to create record.", {}) == refusal(
        lambda: create_record(place.app, shut, guest)
    )
    assert "two" == create_record(place.app, shut, place.request(body={"title": "two"}))["title"]


def test_views_are_read_only(place, posts):  # noqa: F811
    """
    Records of a view can be seen, not written, by anyone.
    """
    view = place.collection("seen", type="view", viewQuery="SELECT id, title FROM posts")
    root = place.request(place.superuser())

    assert "one" == view_record(place.app, view, ID, place.request())["title"]
    for act in (
        lambda: create_record(place.app, view, root),
        lambda: update_record(place.app, view, ID, root),
        lambda: delete_record(place.app, view, ID, root),
    ):
        assert ("Unsupported collection type.", {}) == refusal(act)


def test_unknown_collection(place):  # noqa: F811
    """
    Without a collection there is nothing to speak of.
    """
    with pytest.raises(NotFoundError, match="Missing collection context"):
        find_collection(place.app, "nope")


@pytest.mark.parametrize("name", ["@request.auth.id", "@collection.posts.id"])
@pytest.mark.parametrize("where", ["filter", "sort"])
def test_reserved_words_are_for_superusers(place, posts, name, where):  # noqa: F811
    """
    Callers cannot ask about themselves or other collections through a filter.
    """
    asked = {where: f'{name} != ""' if where == "filter" else name}

    with pytest.raises(ForbiddenError, match="Only superusers can filter by @"):
        list_records(place.app, posts, place.request(**asked))


# -- pages


PAGES = [
    ({}, (1, 30, 7, 1), 7),
    ({"perPage": "3"}, (1, 3, 7, 3), 3),
    ({"perPage": "3", "page": "3"}, (3, 3, 7, 3), 1),
    ({"perPage": "3", "page": "9"}, (9, 3, 7, 3), 0),
    ({"perPage": "7"}, (1, 7, 7, 1), 7),
    ({"perPage": "0", "page": "-1"}, (1, 30, 7, 1), 7),
    ({"perPage": "-5"}, (1, 30, 7, 1), 7),
    ({"perPage": "9999"}, (1, 1000, 7, 1), 7),
    ({"perPage": "+2", "page": ""}, (1, 2, 7, 4), 2),
    ({"perPage": "3", "skipTotal": "1"}, (1, 3, -1, -1), 3),
    ({"perPage": "3", "skipTotal": "T"}, (1, 3, -1, -1), 3),
    ({"perPage": "3", "skipTotal": "0"}, (1, 3, 7, 3), 3),
    ({"page": str(2**63 - 1)}, (2**63 - 1, 30, 7, 1), 0),
]


@pytest.mark.parametrize(("query", "numbers", "count"), PAGES)
def test_pages(place, query, numbers, count):  # noqa: F811
    """
    Page and size are made to fit; totals are told unless they are not wanted.
    """
    posts = place.collection("posts", number("n"))
    for n in range(7):
        place.record(posts, n=n)
    page = list_records(place.app, posts, place.request(**query))

    assert numbers == tuple(page[k] for k in ("page", "perPage", "totalItems", "totalPages"))
    assert count == len(page["items"])


@pytest.mark.parametrize(
    "query",
    [{"page": "x"}, {"perPage": "1.5"}, {"page": " 1"}, {"page": "9" * 20}, {"skipTotal": "yes"}],
)
def test_odd_pages(query):
    """
    What is no number is refused.
    """
    with pytest.raises(BadRequestError):
        Page.asked(query)


@pytest.mark.parametrize("query", [{"filter": "("}, {"filter": "nope = 1"}, {"sort": "nope"}])
def test_odd_filters(place, posts, query):  # noqa: F811
    """
    What cannot be understood is refused without telling why.
    """
    with pytest.raises(BadRequestError) as caught:
        list_records(place.app, posts, place.request(**query))
    assert BadRequestError().message == caught.value.message


def test_the_total_is_not_counted_when_it_is_known():
    """
    A page that is not full says how much there is.
    """
    for page, found, known in (
        (1, 0, True),
        (1, 3, True),
        (2, 3, True),
        (2, 0, False),
        (1, 30, False),
    ):
        asked = Page(page=page)

        assert known == asked.is_known(found)
        assert (asked.offset + found if known else -1) == asked.total_items


# -- what callers may set


def test_hidden_fields_are_for_superusers(place, posts):  # noqa: F811
    """
    Others neither see nor set them, and nobody tells them so.
    """
    guest = place.request(body={"secret": "x", "secret+": "y"})
    root = place.request(place.superuser(), body={"secret": "x"})

    assert "secret" not in update_record(place.app, posts, ID, guest)
    assert "s" == place.app.records.find(posts, ID).get("secret")
    assert "x" == update_record(place.app, posts, ID, root)["secret"]


BODY_RULES = [
    ("@request.body.n = 3", {"n+": 2}),
    ("@request.body.n:isset = true", {"n+": 2}),
    ("@request.body.tags:length = 1", {"tags+": "b"}),
    ("@request.body.secret:isset = false", {"secret": "x"}),
    ("@request.body.zzz = 5", {"zzz": 5}),
    ("n = 1 && @request.body.n = 3", {"n": 3}),
]


@pytest.mark.parametrize(("rule", "body"), BODY_RULES)
def test_update_rules_see_the_body_as_the_record_does(place, posts, rule, body):  # noqa: F811
    """
    Modifiers have become values, hidden fields are gone; the record is still as it was.
    """
    changed = place.change("posts", update_rule=rule)

    update_record(place.app, changed, ID, place.request(body=body))


WOULD_BE = [
    ('id != "" && title = "x"', True),
    ("n = 4 && tags:length = 1", True),
    ('secret = "s"', False),
    ("@request.body.n = 4", True),
    ("@collection.posts.title ?= title", False),
]


@pytest.mark.parametrize(("rule", "holds"), WOULD_BE)
def test_create_rules_see_the_row_as_it_would_be(place, posts, rule, holds):  # noqa: F811
    """
    The new record is judged as if it were there, though it is not.
    """
    changed = place.change("posts", create_rule=rule)
    body = {"title": "x", "n+": 4, "tags+": "a", "secret": "s"}

    def create():
        return create_record(place.app, changed, place.request(body=body))

    if holds:
        assert 4 == create()["n"]
    else:
        assert ("Failed to create record.", {}) == refusal(create)


def test_create_shows_what_the_view_rule_hides(place, posts):  # noqa: F811
    """
    Whoever creates a record is shown it.
    """
    changed = place.change("posts", view_rule="n > 99")

    assert 1 == create_record(place.app, changed, place.request(body={"n": 1}))["n"]


REQ, MIS = "validation_required", "validation_values_mismatch"
CREATES = [
    ({}, {"password": REQ, "passwordConfirm": REQ}),
    ({"email": "a@x.co", "password": "12345678"}, {"passwordConfirm": REQ}),
    ({"email": "a@x.co", "passwordConfirm": "12345678"}, {"password": REQ, "passwordConfirm": MIS}),
    ({"password": "12345678", "passwordConfirm": "x"}, {"passwordConfirm": MIS}),
    ({"password": ["a"], "passwordConfirm": ["a"]}, {"password": REQ, "passwordConfirm": REQ}),
    ({**NEW}, {"email": REQ}),
    ({**NEW, "email": "ann@b.co"}, {"email": "validation_not_unique"}),
    ({**NEW, "email": "v@x.co", "verified": True}, {"verified": MIS}),
    ({"verified": True, "password": "1"}, {"verified": MIS, "passwordConfirm": REQ}),
]


@pytest.mark.parametrize(("body", "issues"), CREATES)
def test_refused_accounts(place, people, body, issues):  # noqa: F811
    """
    A new account needs its password twice, and cannot verify itself.
    """
    request = place.request(body=body)

    assert ("Failed to create record.", issues) == refusal(
        lambda: create_record(place.app, people, request)
    )


def test_managers_and_superusers_may_verify(place, people):  # noqa: F811
    """
    Managers set what the owner cannot; superusers hidden fields too.
    """
    for who, note in ((place.boss, ""), (place.superuser(), "n")):
        body = {**NEW, "email": f"{len(note)}@x.co", "verified": True, "note": "n"}
        made = create_record(place.app, people, place.request(who, body))

        assert made["verified"]
        assert note == place.app.records.find(people, made["id"]).get("note")


UPDATES = [
    ({"email": "other@b.co"}, {"email": MIS}),
    ({"email": ""}, {"email": MIS}),
    ({"verified": True}, {"verified": MIS}),
    ({"password": ""}, {"password": REQ}),
    (NEW, {"oldPassword": REQ}),
    ({**NEW, "oldPassword": "bad"}, {"oldPassword": "validation_invalid_old_password"}),
    ({"passwordConfirm": "x"}, {"password": REQ, "passwordConfirm": MIS, "oldPassword": REQ}),
    ({"oldPassword": "12345678"}, {"password": REQ, "passwordConfirm": REQ}),
    (
        {"email": "o@b.co", "password": "x"},
        {"email": MIS, "oldPassword": REQ, "passwordConfirm": REQ},
    ),
    ({"id": "zzz"}, {"id": "validation_pk_change"}),
]


@pytest.mark.parametrize(("body", "issues"), UPDATES)
def test_refused_changes_of_an_account(place, people, body, issues):  # noqa: F811
    """
    The owner cannot change the email, nor the password without the old one.
    """
    request = place.request(place.ann, body)

    assert ("Failed to update record.", issues) == refusal(
        lambda: update_record(place.app, people, place.ann.id, request)
    )


def test_a_new_password_ends_all_sessions(place, people):  # noqa: F811
    """
    The owner with the old password, and managers without, give a new one; the token key changes.
    """
    password = {"password": "87654321", "passwordConfirm": "87654321"}
    for who, body in ((place.ann, {**password, "oldPassword": "12345678"}), (place.boss, password)):
        before = place.read(place.ann)
        update_record(place.app, people, place.ann.id, place.request(who, body))
        after = place.read(place.ann)

        assert before.get("tokenKey") != after.get("tokenKey")
        assert place.app.passwords.verify("87654321", after.get("password"))


def test_what_changes_nothing_is_allowed(place, people):  # noqa: F811
    """
    Saying again what is so already is no change.
    """
    body = {"email": "ann@b.co", "verified": False, "name": "Ann"}

    assert (
        "Ann"
        == update_record(place.app, people, place.ann.id, place.request(place.ann, body))["name"]
    )


def test_deleting_what_is_required_elsewhere(place, posts):  # noqa: F811
    """
    The refusal says what may be the reason.
    """
    place.collection("notes", relation("post", posts, required=True))
    place.record("notes", post=ID)
    message, issues = refusal(lambda: delete_record(place.app, posts, ID, place.request()))

    assert message.startswith("Failed to delete record. Make sure that the record is not part of")
    assert {} == issues


# -- handlers


def test_request_handlers(place, posts):  # noqa: F811
    """
    Handlers may change what is listed, shown and saved, and the answer.
    """
    hooks = place.app.hooks

    @hooks.records_list_request("posts")
    def none(event):
        event.records = []
        event.next()

    @hooks.record_create_request("posts")
    def titled(event):
        event.record.set("title", event.request.body.get("name"))
        event.next()
        event.answer["more"] = 1

    @hooks.record_enrich("posts")
    def enriched(event):
        event.record.with_custom = True
        event.record.set("extra", 5)
        event.next()

    guest = place.request(body={"name": "given"})

    assert [] == list_records(place.app, posts, guest)["items"]
    assert {"title": "given", "more": 1, "extra": 5}.items() <= create_record(
        place.app, posts, guest
    ).items()
    assert 5 == view_record(place.app, posts, ID, guest)["extra"]


def test_errors_of_handlers(place, posts):  # noqa: F811
    """
    An error with words of its own is told; others only as the failure of the request.
    """
    place.app.hooks.record_update.bind(_raise(ForbiddenError("not you")), id="x")

    with pytest.raises(ForbiddenError, match="not you"):
        update_record(place.app, posts, ID, place.request(body={"n": 1}))
    place.app.hooks.record_update.bind(_raise(AppError("internal")), id="x")
    with pytest.raises(BadRequestError, match="Failed to update record"):
        update_record(place.app, posts, ID, place.request(body={"n": 1}))


def _raise(error):
    def handle(event):
        raise error

    return handle


# -- where it may run


def test_inline_only_without_other_peoples_code(place, posts, people):  # noqa: F811
    """
    On a thread that must not wait, nothing runs whose time nobody knows.
    """
    place.app.data._speeds = Speeds(limit=LIMIT)  # however slow this machine is
    guest = place.request(body={"n": 1})
    account = place.request(body={**NEW, "email": "i@x.co"})
    with inline_mode():
        view_record(place.app, posts, ID, guest)
        update_record(place.app, posts, ID, guest)
        with pytest.raises((OffloadError, WouldBlock)):
            create_record(place.app, people, account)
    place.app.hooks.record_enrich.bind(lambda event: event.next())
    with inline_mode():
        for act in (
            lambda: view_record(place.app, posts, ID, guest),
            lambda: list_records(place.app, posts, guest),
            lambda: create_record(place.app, posts, guest),
        ):
            with pytest.raises(OffloadError):
                act()


def test_a_busy_writer_is_not_waited_for_inline(place, posts):  # noqa: F811
    """
    The request is refused with nothing done, to be run again elsewhere.
    """
    inside, done = threading.Event(), threading.Event()

    def hold():
        with place.app.data.transaction():
            inside.set()
            done.wait(LIMIT)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(LIMIT)
    told = []
    place.app.hooks.record_after_create_error.bind(told.append, id="__pbTest__")
    try:
        with inline_mode(), pytest.raises(WouldBlock):
            create_record(place.app, posts, place.request(body={"n": 7}))
    finally:
        done.set()
        thread.join()
    assert [] == told
    assert 1 == place.app.records.count(posts)


def test_increments_by_many_callers(place, posts):  # noqa: F811
    """
    Sixty requests that add one make it sixty more, and a rule on the sum is never broken.
    """
    changed = place.change("posts", update_rule="@request.body.n <= 31")
    refused = []

    def add():
        try:
            update_record(place.app, changed, ID, place.request(body={"n+": 1}))
        except NotFoundError as ex:
            refused.append(ex)

    threads = [threading.Thread(target=add) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 31 == place.app.records.find(posts, ID).get("n")
    assert 30 == len(refused)


# -- guessing


def test_guessing_is_answered_late(place, posts, monkeypatch):  # noqa: F811
    """
    The fourth empty answer to a filter within three seconds waits; other lists do not.
    """
    assert enumeration.WINDOW == 3
    monkeypatch.setattr(enumeration, "WINDOW", LIMIT)
    watch, empty, full = EmptyListWatch(), {"items": []}, {"items": [1]}
    ruled = place.change("posts", list_rule='title != "x"')
    guess = place.request(filter='secret = "a"')

    assert [0.0] * 3 == [watch.pause(ruled, guess, empty) for _ in range(3)]
    assert any(0 < watch.pause(ruled, guess, empty) <= 0.5 for _ in range(5))
    assert 0.0 == watch.pause(ruled, guess, full)
    assert 0.0 == watch.pause(ruled, place.request(), empty)
    assert 0.0 == watch.pause(posts, guess, empty)
    assert 0.0 == watch.pause(ruled, place.request(place.superuser(), filter="n = 5"), empty)
