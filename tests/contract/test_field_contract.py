"""
What every field type promises, asked of each in the table, with a real SQLite underneath.
"""

from __future__ import annotations

import math

import orjson
import pytest
from pocketbase_server.core.collections.model import Collection
from pocketbase_server.core.errors import BadRequestError, Issue
from pocketbase_server.core.fields import FIELD_TYPES, Intercepts, load_field
from pocketbase_server.core.options import options_of
from pocketbase_server.core.records.model import Record
from pocketbase_server.storage.sql.editor import SchemaEditor
from pocketbase_server.storage.sql.engine import Engine
from pocketbase_server.storage.sql.schema import TableSpec

NEEDED = {
    "select": {"values": ["a", "b"], "maxSelect": 1},
    "relation": {"collectionId": "somewhere", "maxSelect": 1},
    "autodate": {"onCreate": True},
}
MULTIPLE = [
    (kind, {**NEEDED.get(kind, {}), "maxSelect": 3}) for kind in ("select", "relation", "file")
]
FIELDS = [*((kind, NEEDED.get(kind, {})) for kind in FIELD_TYPES), *MULTIPLE]
ODD = [
    None, True, False, 0, 1, -1.5, 1e308, 10**30, math.inf, math.nan, "", " ", "a", "[", "[]", '["a","b"]', '{"a":1}', "null", "true",
    "2020-01-01", "\0", "ä" * 50, [], ["a", None, 5, ["x"], {"y": 1}], {}, {"lon": "x", "lat": []}, {"lon": 500, "lat": 500},
]  # fmt: skip
WRONG: dict[str, list] = {
    "bool": [1, "true", [], {}],
    "str": [1, True, [], {}],
    "int": ["1", True, 1.5, [], 1 << 64],
    "float | None": ["1", True, []],
    "list[str]": ["a", [1], {}],
    "Moment": [1, []],
}


class Everything:
    """A context in which every collection and record exists."""

    def existing_ids(self, collection_id, ids):
        return set(ids)

    def find_collection(self, name_or_id):
        return Collection(id=name_or_id, name=name_or_id)

    def is_id_taken(self, record):
        return False


def made(kind, options=None, **more):
    return load_field({"type": kind, "id": "fid", "name": "v", **(options or {}), **more})


def place(field):
    """Return a collection with just that field."""
    return Collection(id="c", name="c", fields=[field])


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    made = Engine(tmp_path_factory.mktemp("fields") / "data.db")
    made.open()
    yield made
    made.close()


def printed(field, value):
    return orjson.loads(orjson.dumps(field.export_value(value)))


@pytest.mark.parametrize(("kind", "options"), FIELDS, ids=str)
def test_options_go_in_and_out(kind, options):
    """What is loaded is exported, keys sorted, and loads again; a clone shares nothing."""
    field = made(kind, options)
    body = field.export()
    copy = field.clone()

    assert list(body) == sorted(body)
    assert body["type"] == kind
    assert {"id", "name", "system", "hidden", "presentable"} <= set(body)
    assert options.items() <= body.items()
    assert load_field(body).export() == body
    assert copy == field
    assert copy is not field
    for name in field.option_names():
        if isinstance(getattr(field, name), list):
            assert getattr(copy, name) is not getattr(field, name)


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_options_of_the_wrong_type_are_refused(kind):
    """Every option has one JSON type; null means its default, unknown keys mean nothing."""
    for option in options_of(FIELD_TYPES[kind]):
        assert made(kind, {option.wire: None}) == made(
            kind, {} if option.wire != "name" else {"name": ""}
        ) or option.wire in {"id", "name"}
        for wrong in WRONG[option.kind]:
            with pytest.raises(BadRequestError):
                made(kind, {option.wire: wrong})

    nulls = {option.wire: None for option in options_of(FIELD_TYPES[kind])}
    assert load_field({**nulls, "type": kind, "unknown": 1}) == load_field({"type": kind})


@pytest.mark.parametrize(("kind", "options"), FIELDS, ids=str)
@pytest.mark.parametrize("raw", ODD, ids=lambda raw: repr(raw)[:20])
def test_no_value_does_harm(kind, options, raw):
    """Whatever is sent becomes a value that stays itself, is judged and can be printed."""
    field = made(kind, options)
    value = field.normalise(raw)
    record = Record(place(field), {"v": value})
    issue = field.validate_value(record, Everything())

    assert issue is None or isinstance(issue, Issue | dict)
    assert field.is_blank(value) in {True, False}
    if issue is None:
        printed(field, value)
        assert printed(field, field.normalise(value)) == printed(field, value)


@pytest.mark.parametrize(("kind", "options"), FIELDS, ids=str)
def test_blank_values(kind, options):
    """The blank value is blank; it is refused exactly when a value is required."""
    field = made(kind, options)
    record = Record(place(field))

    assert field.is_blank(field.zero())
    assert field.normalise(None) == field.zero()
    assert field.validate_value(record, Everything()) is None
    if "required" not in field.ABSENT:
        field.required = True
        assert field.validate_value(record, Everything()).code == "validation_required"


@pytest.mark.parametrize(("kind", "options"), FIELDS, ids=str)
def test_a_new_column_holds_the_blank_value(engine, kind, options):
    """What SQLite puts into a column by itself reads as the blank value, and so does ours."""
    field = made(kind, options)
    editor = SchemaEditor(engine)
    with engine.transaction():
        editor.create_table(TableSpec("t", (field.column(), made("text", name="other").column())))
        engine.run("INSERT INTO t (other) VALUES ('x')")
        engine.run("INSERT INTO t (v) VALUES (?)", (field.to_db(field.zero()),))
        rows = engine.all("SELECT v FROM t ORDER BY rowid")
        editor.drop_table("t")

    assert [field.zero()] * 2 == [field.from_db(stored) for (stored,) in rows]


SAMPLES = {
    "text": "ä\n", "editor": "<p>", "number": 2.5, "bool": True, "email": "a@example.com", "url": "http://a.b",
    "date": "2020-01-02 03:04:05.678Z", "autodate": "2020-01-02 03:04:05.678Z", "select": "a", "file": "a.png",
    "relation": "r1", "json": {"a": [1, None]}, "geoPoint": {"lon": 1.5, "lat": -2}, "password": "1234567890",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "options"), FIELDS, ids=str)
def test_values_survive_the_database(engine, kind, options):
    """What is stored is read again and prints the same."""
    field = made(kind, options)
    value = field.normalise(SAMPLES[kind])
    with engine.transaction():
        SchemaEditor(engine).create_table(TableSpec("t", (field.column(),)))
        engine.run("INSERT INTO t (v) VALUES (?)", (field.to_db(value),))
        ((stored,),) = engine.all("SELECT v FROM t")
        SchemaEditor(engine).drop_table("t")

    assert printed(field, value) == printed(field, field.from_db(stored))


@pytest.mark.parametrize(("kind", "options"), FIELDS, ids=str)
def test_keys_of_bodies(kind, options):
    """Modifiers carry the field's name, and each sets a value of the field's own kind."""
    field = made(kind, options)
    collection = place(field)

    for key, apply in field.setters().items():
        record = Record(collection)
        apply(record, SAMPLES[kind])
        assert "v" in key
        assert key != "v"
        assert type(record.get("v")) in {type(field.zero()), int, float}


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_interception_is_announced(kind):
    """A type that acts with its record names the actions it wants, and lets the act happen."""
    field = made(kind, NEEDED.get(kind))
    if not isinstance(field, Intercepts):
        return
    for action in field.actions:
        done = []
        field.intercept(Record(place(field)), action, lambda done=done: done.append(1))

        assert done == [1]


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_definitions_are_judged(kind):
    """A well-made field has no issues; a bad name and a bad id have theirs."""
    field = made(kind, NEEDED.get(kind))
    bad = made(kind, NEEDED.get(kind), id="", name="bad name")

    assert field.validate_options(Everything(), place(field)) == {}
    assert {"id", "name"} <= set(bad.validate_options(Everything(), place(bad)))


@pytest.mark.parametrize("kind", ["", "TEXT", "odd", None, 5])
def test_unknown_types_are_refused(kind):
    """There are no other types than those of the table."""
    with pytest.raises(BadRequestError):
        load_field({"type": kind, "name": "v"})
