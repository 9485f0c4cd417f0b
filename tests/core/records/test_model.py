"""
Record: bodies in, values, answers out; what counts as changed.
"""

from __future__ import annotations

import orjson
import pytest
from pocketbase_server.core.collections.model import Collection
from pocketbase_server.core.fields import load_field
from pocketbase_server.core.records.encoder import encoder
from pocketbase_server.core.records.model import Record
from pocketbase_server.core.records.shape import number, shape

FIELDS = [
    {"name": "title", "type": "text"},
    {"name": "n", "type": "number"},
    {"name": "ok", "type": "bool"},
    {"name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3},
    {"name": "j", "type": "json"},
    {"name": "at", "type": "geoPoint"},
    {"name": "when", "type": "date"},
    {"name": "secret", "type": "text", "hidden": True},
    {"name": "pin", "type": "password"},
    {"name": "Zed", "type": "text"},
    {"name": "_low", "type": "text"},
]


def collection(id, name, type, fields):
    """Return a collection as the store would hold it."""
    key = {"name": "id", "type": "text", "primaryKey": True}
    return Collection(id=id, name=name, type=type, fields=[load_field(f) for f in (key, *fields)])


@pytest.fixture
def posts():
    return collection("pbc_1", "posts", "base", FIELDS)


@pytest.fixture
def people():
    fields = [{"name": "name", "type": "text"}, {"name": "email", "type": "email"}]
    fields += [{"name": n, "type": "bool"} for n in ("emailVisibility", "verified")]
    fields += [{"name": "tokenKey", "type": "text", "hidden": True}]
    fields += [{"name": "password", "type": "password", "hidden": True}]
    return collection("pbc_2", "people", "auth", fields)


def row_of(collection, **values):
    """Return a row as the database would give it."""
    record = Record(collection)
    record.load(values)
    stored = record.db_export()
    return tuple(stored[name] for name in shape(collection).names)


def printed(value):
    return orjson.dumps(value).decode()


BODIES = [
    ({"n": 5, "n+": 1}, {"n": 6}),
    ({"n+": 1, "n": 5}, {"n": 6}),
    ({"n+": 1, "n-": 4}, {"n": -3}),
    ({"tags": ["a"], "tags+": "b"}, {"tags": ["a", "b"]}),
    ({"+tags": "c", "tags": ["a"]}, {"tags": ["c", "a"]}),
    ({"tags": ["a", "b"], "tags-": "a"}, {"tags": ["b"]}),
    ({"title": 1.5, "unknown": 1, "Title": "x", "collectionId": "x"}, {"title": "1.5"}),
]


@pytest.mark.parametrize(("body", "values"), BODIES)
def test_load(posts, body, values):
    """
    Modifiers come after plain values, whatever the order in the body; unknown keys are ignored.
    """
    record = Record(posts)
    record.load(body)

    assert values == record.values


def test_resolved(posts):
    """
    For rules, keys with modifiers become the values they lead to; unknown keys stay.
    """
    record = Record(posts)
    body = {"n+": 2, "tags+": ["a", "b"], "zzz": 1, "title": 5}
    record.load(body)

    assert {"n": 2, "tags": ["a", "b"], "zzz": 1, "title": "5"} == record.resolved(body)


def test_set_of_an_unknown_name_is_a_custom_value(posts):
    """
    Custom values are printed only when asked for, and never in place of a field.
    """
    record = Record(posts)
    record.set("extra", {"a": 1})
    record.set("title", "x")

    assert "extra" not in record.export()
    record.with_custom = True
    assert {"a": 1} == record.export()["extra"]
    assert list(record.export()) == sorted(record.export())


def test_export_is_sorted_and_hides(posts):
    """
    Keys come sorted by their bytes; hidden fields are left out, a password is never told.
    """
    record = Record(posts)
    record.load({"title": "t", "secret": "s", "pin": "12345678", "j": {"b": 1}, "n": 1e21})

    assert (
        '{"Zed":"","_low":"","at":{"lon":0,"lat":0},"collectionId":"pbc_1","collectionName":"posts",'
        '"id":"","j":{"b":1},"n":1e+21,"ok":false,"pin":"","tags":[],"title":"t","when":""}'
        == printed(record.export())
    )


def test_hide_and_unhide(posts):
    """
    Handlers can hide fields and show hidden ones, for one record.
    """
    record = Record(posts).hide("title", "collectionId").unhide("secret")

    assert {"title", "collectionId"}.isdisjoint(record.export())
    assert "secret" in record.export()
    assert "secret" not in Record(posts).export()


def test_email_is_shown_to_those_it_concerns(people):
    """
    The email is told when it is public, or when the caller may see it anyway.
    """
    record = Record(people)
    record.load({"email": "a@b.co", "password": "12345678"})

    assert "email" not in record.export()
    record.set("emailVisibility", True)
    assert "a@b.co" == record.export()["email"]
    record.set("emailVisibility", False)
    assert "a@b.co" == record.unhide_all().export()["email"]


def test_nobody_is_told_token_key_and_password(people):
    """
    Not even superusers see what tokens are signed with.
    """
    record = Record(people, {"tokenKey": "k" * 40}).unhide_all()

    assert {"tokenKey", "password"}.isdisjoint(record.export())


def test_changed(posts):
    """
    Changed is what differs from the database, not what was set.
    """
    record = Record.from_row(posts, row_of(posts, id="r1", title="a", tags=["a"]))
    record.load({"title": "a", "tags+": "b", "n": 0})

    assert ["tags"] == record.changed()
    assert {"title": "a", "tags": ["a"]}.items() <= record.original.items()
    record.mark_saved()
    assert [] == record.changed()


def test_clone_shares_nothing(posts):
    """
    Changing a clone leaves the record as it is.
    """
    record = Record.from_row(posts, row_of(posts, id="r1", tags=["a"]))
    clone = record.clone()
    clone.values["tags"].append("b")
    clone.set("title", "x")

    assert ["a"] == record.get("tags")
    assert "" == record.get("title")
    assert ["tags", "title"] == clone.changed()


NUMBERS = [
    (0, "0"), (1.0, "1"), (-0.5, "-0.5"), (1e15, "1000000000000000"), (1e20, "100000000000000000000"),
    (1e21, "1e+21"), (1e-6, "0.000001"), (1e-7, "1e-7"), (0.00001234, "0.00001234"), (2**53 + 1, "9007199254740992"),
    (12345678901234567890, "12345678901234567000"), (5e-324, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), NUMBERS)
def test_number(value, text):
    """
    Numbers are printed as the reference prints them.
    """
    assert text == printed(number(value))


VALUES = [
    {}, {"n": 1.5, "ok": True}, {"n": 1e-7}, {"n": 12345678901234567890}, {"tags": ["b", "a"]},
    {"j": None}, {"j": {"b": [1, {"a": None}]}}, {"j": "text"}, {"j": "[1,2]"}, {"j": 1e300}, {"j": 5},
    {"at": {"lon": 1.5, "lat": -2}}, {"when": "2024-01-02"}, {"title": 'quo"te\\ \u2028 <b> 😀'}, {"pin": ""},
]  # fmt: skip


@pytest.mark.parametrize("values", VALUES, ids=str)
@pytest.mark.parametrize("everything", [False, True])
def test_encoder_agrees_with_the_record(posts, values, everything):
    """
    The short way from row to JSON prints what the long way through a record prints.
    """
    row = row_of(posts, id="r1", **values)
    record = Record.from_row(posts, row)

    assert [printed(record.unhide_all().export() if everything else record.export())] == [
        printed(one) for one in encoder(posts).encode([row], everything=everything)
    ]


ODD = [
    ("tags", '["a","a",""]', ["a"]), ("tags", "a", ["a"]), ("tags", "[bad", ["[bad"]), ("tags", "", []),
    ("j", "not json", "not json"), ("j", '{"a":', '{"a":'), ("j", 12, 12), ("j", 1.5, 1.5), ("at", '{"lon":1', {"lon": 1, "lat": 0}),
    ("at", '{"lon":1,"lat":2,"x":"y"}', {"lon": 1, "lat": 2}), ("at", '{"lon":1}', {"lon": 1, "lat": 0}), ("at", '{"lon":1,"lat":2}', {"lon": 1, "lat": 2}),
    ("when", "2024-01-02T03:04:05.678Z", "2024-01-02 03:04:05.678Z"), ("at", "", {"lon": 0, "lat": 0}), ("n", "abc", 0), ("n", None, 0), ("ok", 2, False), ("ok", "true", True), ("title", b"AB", "AB"), ("title", None, ""), ("title", 5, "5"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "stored", "shown"), ODD)
def test_odd_values_in_the_table_do_no_harm(posts, name, stored, shown):
    """
    Whatever SQL written by hand has left in a column, an answer stays good JSON.
    """
    values = dict(zip(shape(posts).names, row_of(posts, id="r1"), strict=True)) | {name: stored}
    row = tuple(values.values())

    assert shown == orjson.loads(orjson.dumps(encoder(posts).encode([row])))[0][name]
    assert shown == orjson.loads(orjson.dumps(Record.from_row(posts, row).export()))[name]


def test_encoder_hides_emails(people):
    """
    Emails that are not public are left out, but for those the caller may see.
    """
    rows = [
        row_of(people, id="a", email="a@b.co", emailVisibility=True),
        row_of(people, id="b", email="b@b.co"),
        row_of(people, id="c", email="c@b.co"),
    ]
    shown = encoder(people).encode(rows, emails_of={"c"})

    assert ["a@b.co", None, "c@b.co"] == [one.get("email") for one in shown]
    assert {"tokenKey", "password"}.isdisjoint(shown[0])


def test_encoder_leaves_room_for_expand(posts):
    """
    An expand stands at its place among the keys.
    """
    (shown,) = encoder(posts).encode([row_of(posts, id="r1")], with_expand=True)

    assert sorted(shown) == list(shown)
    assert {} == shown["expand"]
