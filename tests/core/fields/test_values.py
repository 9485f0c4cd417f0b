"""
Which values each field type takes, and in which form.
"""

from __future__ import annotations

import pytest
from pocketbase_server.core.collections.model import Collection
from pocketbase_server.core.fields import load_field
from pocketbase_server.core.records.model import Record
from pocketbase_server.core.values import GeoPoint

GOOD = None
REL = {"collectionId": "col"}
JUDGED = [
    ("text", "", {"required": True}, "validation_required"),
    ("text", "ab", {"min": 3}, "validation_min_text_constraint"),
    ("text", "ä" * 3, {"min": 3, "max": 3}, GOOD),
    ("text", "abcd", {"max": 3}, "validation_max_text_constraint"),
    ("text", "x" * 5001, {}, "validation_max_text_constraint"),
    ("text", "x" * 5001, {"max": 6000}, GOOD),
    ("text", "A1", {"pattern": "^[a-z]+$"}, "validation_invalid_format"),
    ("text", "", {"min": 3, "pattern": "^[a-z]+$"}, GOOD),
    ("text", "a/b", {"primaryKey": True, "name": "id"}, "validation_forbidden_pk_character"),
    ("text", "con", {"primaryKey": True, "name": "id"}, "validation_reserved_pk"),
    ("text", "taken", {"primaryKey": True, "name": "id"}, "validation_pk_invalid"),
    ("text", "free", {"primaryKey": True, "name": "id"}, GOOD),
    ("number", 0, {"required": True}, "validation_required"),
    ("number", 0, {"min": 5}, GOOD),
    ("number", 4, {"min": 5}, "validation_min_number_constraint"),
    ("number", 6, {"max": 5}, "validation_max_number_constraint"),
    ("number", 1.5, {"onlyInt": True}, "validation_only_int_constraint"),
    ("number", "inf", {}, "validation_not_a_number"),
    ("number", "abc", {}, GOOD),
    ("bool", "maybe", {"required": True}, "validation_required"),
    ("bool", "1", {"required": True}, GOOD),
    ("email", "nope", {}, "validation_is_email"),
    ("email", "a@b.co", {"onlyDomains": ["c.co"]}, "validation_email_domain_not_allowed"),
    ("email", "a@b.co", {"exceptDomains": ["b.co"]}, "validation_email_domain_not_allowed"),
    ("email", "a@b.co", {"onlyDomains": ["b.co"]}, GOOD),
    ("url", "nope", {}, "validation_invalid_url"),
    ("url", "ht!tp://b.co", {}, "validation_invalid_url"),
    ("url", "http://[::g]/", {}, "validation_invalid_url"),
    ("url", "http://b.co/x", {"exceptDomains": ["b.co"]}, "validation_url_domain_not_allowed"),
    ("url", "http://b.co/x", {"onlyDomains": ["b.co"]}, GOOD),
    ("editor", "ääää", {"maxSize": 7}, "validation_content_size_limit"),
    ("editor", "ääää", {"maxSize": 8}, GOOD),
    ("date", "nonsense", {"required": True}, "validation_required"),
    ("date", "2019-12-31", {"min": "2020-01-01"}, "validation_min_greater_equal_than_required"),
    ("date", "2020-01-02", {"max": "2020-01-01"}, "validation_max_less_equal_than_required"),
    ("date", "2020-01-01", {"min": "2020-01-01", "max": "2020-01-01"}, GOOD),
    ("select", "c", {"values": ["a", "b"]}, "validation_invalid_value"),
    ("select", ["a", "b"], {"values": ["a", "b"]}, GOOD),
    ("select", ["a", "b", "c"], {"values": ["a", "b", "c"], "maxSelect": 2}, "validation_too_many_values"),
    ("relation", "nope", REL, "validation_missing_rel_records"),
    ("relation", "r1", {"collectionId": "gone"}, "validation_missing_rel_collection"),
    ("relation", ["r1"], {**REL, "minSelect": 2, "maxSelect": 3}, "validation_not_enough_values"),
    ("relation", [], {**REL, "minSelect": 2, "maxSelect": 3}, GOOD),
    ("relation", ["r1", "r2", "r3"], {**REL, "maxSelect": 2}, "validation_too_many_values"),
    ("relation", ["r1", "r1", "r2"], {**REL, "maxSelect": 2}, GOOD),
    ("json", "x" * 9, {"maxSize": 8}, "validation_json_size_limit"),
    ("json", {}, {"required": True}, "validation_required"),
    ("json", 0, {"required": True}, GOOD),
    ("geoPoint", {"lon": 181, "lat": 0}, {}, "validation_invalid_longitude"),
    ("geoPoint", {"lon": 0, "lat": -91}, {}, "validation_invalid_latitude"),
    ("geoPoint", {"lon": "x", "lat": 1}, {"required": True}, "validation_required"),
    ("password", "short", {"min": 8}, "validation_min_text_constraint"),
    ("password", "x" * 72, {}, "validation_max_text_constraint"),
    ("password", "ä" * 40, {}, "validation_invalid_value"),
    ("password", "abc", {"pattern": "^[0-9]+$"}, "validation_invalid_format"),
    ("password", "", {"required": True}, "validation_required"),
    ("autodate", "2020-01-01", {}, GOOD),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "options", "code"), JUDGED, ids=str)
def test_judged(judge, kind, value, options, code):
    """A value is taken, or refused under its code."""
    assert judge(kind, value, **options) == code


def test_primary_keys_stay(judge):
    """The id of a stored record does not change."""
    assert judge("text", "b", "a", primaryKey=True, name="id") == "validation_pk_change"
    assert judge("text", "a", "a", primaryKey=True, name="id") is None


ONE, MANY = {"values": ["a", "b", "c"], "maxSelect": 1}, {"values": ["a", "b", "c"], "maxSelect": 3}
READ = [
    ("text", {}, 12.0, "12"),
    ("text", {}, True, "true"),
    ("text", {}, ["a"], ""),
    ("number", {}, "1e3", 1000),
    ("number", {}, "1_000", 1000),
    ("number", {}, "0x10", 0),
    ("number", {}, "0x1.8p1", 3),
    ("number", {}, "-nan", 0),
    ("number", {}, True, 1),
    ("bool", {}, "T", True),
    ("bool", {}, 2, True),
    ("bool", {}, "yes", False),
    ("date", {}, "2020-01-02T03:04:05+01:00", "2020-01-02 02:04:05.000Z"),
    ("date", {}, "2020-01-02   03:04:05", "2020-01-02 03:04:05.000Z"),
    ("geoPoint", {}, {"lon": 1, "lat": "x"}, GeoPoint(1, 0)),
    ("geoPoint", {}, {"lat": "x", "lon": 1}, GeoPoint(0, 0)),
    ("select", ONE, ["a", "b"], "b"),
    ("select", MANY, "a", ["a"]),
    ("select", MANY, '["a","b","a"]', ["a", "b"]),
    ("select", MANY, None, []),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "raw", "value"), READ, ids=str)
def test_read(kind, options, raw, value):
    """What is sent takes the form of its field."""
    assert load_field({"type": kind, "name": "v", **options}).normalise(raw) == value


CHANGED = [
    (MANY, "v+", ["a"], ["b", "a"], ["a", "b"]),
    (MANY, "+v", ["a"], ["b"], ["b", "a"]),
    (MANY, "v-", ["a", "b"], "a", ["b"]),
    (MANY, "v-", ["a", "b"], ["x"], ["a", "b"]),
    (ONE, "v+", "a", "b", "b"),
    (ONE, "v-", "a", "a", ""),
]


@pytest.mark.parametrize(("options", "key", "before", "raw", "after"), CHANGED, ids=str)
def test_modifiers_of_lists(options, key, before, raw, after):
    """Items are added behind, added before and taken away."""
    field = load_field({"type": "select", "name": "v", **options})
    record = Record(Collection(name="c", fields=[field]), {"v": before})
    field.setters()[key](record, raw)

    assert record.get("v") == after


@pytest.mark.parametrize(
    ("key", "before", "raw", "after"),
    [("v+", 1, 2, 3), ("v-", 1, 2.5, -1.5), ("v+", 0.5, "0.5", 1), ("v+", 1, "x", 1)],
)
def test_modifiers_of_numbers(key, before, raw, after):
    """Numbers are added and taken away; what is no number is 0."""
    field = load_field({"type": "number", "name": "v"})
    record = Record(Collection(name="c", fields=[field]), {"v": before})
    field.setters()[key](record, raw)

    assert record.get("v") == after


def test_null_of_json():
    """A null that nobody wrote is SQL's; one that was written is text; both print as null."""
    field = load_field({"type": "json", "name": "v"})
    blank, written = field.normalise(None), field.normalise("null")

    assert (field.to_db(blank), field.to_db(written)) == (None, "null")
    assert field.to_db(field.from_db(None)) is None
    assert blank == written


@pytest.mark.parametrize(("stored", "value"), [(1, True), (0, False), (2, False), ("true", True)])
def test_booleans_in_the_database(stored, value):
    """Of all numbers only 1 is true."""
    assert load_field({"type": "bool", "name": "v"}).from_db(stored) is value


WRITTEN = [
    ("date", "2024-01-02 03:04:05.678Z", "2024-01-02 03:04:05.678Z"),
    ("date", "2024-01-02T03:04:05+02:00", "2024-01-02 01:04:05.000Z"),
    ("autodate", "2024-01-02 03:04:05", "2024-01-02 03:04:05.000Z"),
    ("autodate", "never", ""),
    ("date", b"2024-01-02", "2024-01-02 00:00:00.000Z"),
    ("date", None, ""),
    ("date", 5, ""),
    ("bool", b"1", True),
    ("number", b"1.5", 1.5),
    ("select", b"a", "a"),
    ("select", b'["a"]', "a"),
    ("relation", None, ""),
    ("file", 5, "5"),
]


@pytest.mark.parametrize(("kind", "stored", "value"), WRITTEN)
def test_what_other_programs_have_written(kind, stored, value):
    """Moments in other forms and bytes are read as what they say."""
    assert load_field({"type": kind, "name": "v"}).from_db(stored) == value


def test_passwords_become_hashes():
    """A password is kept as a hash of it and never printed."""
    field = load_field({"type": "password", "name": "v", "cost": 4})
    value = field.normalise("secret123")

    assert "secret" not in repr(value)
    assert field.export_value(value) == ""
    assert field.to_db(value).startswith("$2")
    assert field.to_db(value) == field.to_db(value)
