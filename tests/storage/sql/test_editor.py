"""
Tables come, change and go in the words that the reference leaves in `sqlite_master`.
"""

from __future__ import annotations

import pytest
from pocketbase_server.storage.sql.editor import SchemaEditor
from pocketbase_server.storage.sql.engine import DatabaseError, Engine
from pocketbase_server.storage.sql.models import model_of
from pocketbase_server.storage.sql.schema import ColumnKind as K
from pocketbase_server.storage.sql.schema import ColumnSpec, TableChange, TableSpec

ID = "`id` TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL"
TEXT = "TEXT DEFAULT '' NOT NULL"
LIST = "JSON DEFAULT '[]' NOT NULL"
NUMBER = "NUMERIC DEFAULT 0 NOT NULL"


def spec(name, **columns):
    return TableSpec(
        name,
        (
            ColumnSpec("id", K.PRIMARY_TEXT),
            *[ColumnSpec(column, kind) for column, kind in columns.items()],
        ),
    )


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "data.db")
    engine.open()
    yield engine
    engine.close()


@pytest.fixture
def editor(engine):
    editor = SchemaEditor(engine)
    editor.create_table(spec("t", title=K.TEXT, n=K.NUMBER, one=K.TEXT, many=K.JSON_LIST))
    engine.run_many(
        "INSERT INTO t (id, title, one, many) VALUES (?, ?, ?, ?)",
        [
            ("a", "A", "x", '["x","y"]'),
            ("b", "B", "", "[]"),
            ("c", "C", '["z"]', "plain"),
            ("d", "D", "[]", '[""]'),
        ],
    )
    return editor


def text_of(engine, name="t"):
    return engine.one("SELECT sql FROM sqlite_master WHERE name = ?", (name,))[0]


def test_create(engine):
    """Columns are in order of their names, with the reference's types and defaults."""
    kinds = {
        "z": K.TEXT,
        "B": K.BOOL,
        "geo": K.GEO_POINT,
        "n": K.NUMBER,
        "any": K.JSON,
        "list": K.JSON_LIST,
    }
    SchemaEditor(engine).create_table(spec("t", **kinds))

    assert text_of(engine) == (
        "CREATE TABLE `t` (`B` BOOLEAN DEFAULT FALSE NOT NULL, `any` JSON DEFAULT NULL,"
        """ `geo` JSON DEFAULT '{"lon":0,"lat":0}' NOT NULL, """
        f"{ID}, `list` {LIST}, `n` {NUMBER}, `z` {TEXT})"
    )
    engine.run("INSERT INTO t DEFAULT VALUES")
    row = engine.one("SELECT * FROM t")
    assert row[:3] + row[4:] == (0, None, '{"lon":0,"lat":0}', "[]", 0, "")
    assert len(row[3]) == 15


CHANGES = {
    "added": (
        TableChange(
            "t",
            "t",
            added=[ColumnSpec("list", K.JSON_LIST), ColumnSpec("new", K.TEXT)],
            order=("new", "list"),
        ),
        f'CREATE TABLE `t` ({ID}, `many` {LIST}, `n` {NUMBER}, `one` {TEXT}, `title` {TEXT}, "new" {TEXT}, `list` {LIST})',
    ),
    "dropped": (
        TableChange("t", "t", dropped=["n", "one"]),
        f"CREATE TABLE `t` ({ID}, `many` {LIST}, `title` {TEXT})",
    ),
    "renamed": (
        TableChange("t", "t", renamed={"title": "name"}),
        f'CREATE TABLE `t` ({ID}, `many` {LIST}, `n` {NUMBER}, `one` {TEXT}, "name" {TEXT})',
    ),
    "traded names": (
        TableChange("t", "t", renamed={"title": "n", "n": "title"}),
        f'CREATE TABLE `t` ({ID}, `many` {LIST}, "title" {NUMBER}, `one` {TEXT}, "n" {TEXT})',
    ),
    "dropped and added again": (
        TableChange("t", "t", dropped=["n"], added=[ColumnSpec("n", K.TEXT)]),
        f'CREATE TABLE `t` ({ID}, `many` {LIST}, `one` {TEXT}, `title` {TEXT}, "n" {TEXT})',
    ),
    "table renamed": (
        TableChange("t", "other"),
        f'CREATE TABLE "other" ({ID}, `many` {LIST}, `n` {NUMBER}, `one` {TEXT}, `title` {TEXT})',
    ),
    "table renamed in case only": (
        TableChange("t", "T", dropped=["n", "one", "title"]),
        f"CREATE TABLE `t` ({ID}, `many` {LIST})",
    ),
    "converted": (
        TableChange(
            "t",
            "t",
            renamed={"one": "ones"},
            converted={
                "many": (ColumnSpec("many", K.JSON_LIST), ColumnSpec("many", K.TEXT)),
                "ones": (ColumnSpec("one", K.TEXT), ColumnSpec("ones", K.JSON_LIST)),
            },
            order=("id", "ones", "many"),
        ),
        f"CREATE TABLE `t` ({ID}, `n` {NUMBER}, `title` {TEXT}, `ones` {LIST}, `many` {TEXT})",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_change(name, engine, editor):
    """A changed table reads as the reference's does after the same change, and keeps its rows."""
    change, expected = CHANGES[name]
    editor.alter(change)

    assert expected == engine.one("SELECT sql FROM sqlite_master WHERE type = 'table'")[0]
    assert engine.one(f"SELECT count(*) FROM `{change.new_name}`") == (4,)


def test_converted_values(engine, editor):
    """A single value becomes a list of it, of a list the last item stays."""
    editor.alter(CHANGES["converted"][0])

    assert engine.all("SELECT ones, many FROM t ORDER BY id") == [
        ('["x"]', "y"),
        ("[]", ""),
        ('["z"]', "plain"),
        ("[]", ""),
    ]


def test_change_fails_whole(engine, editor):
    """A change that cannot be carried out to its end is not carried out at all."""
    before = text_of(engine)
    with pytest.raises(DatabaseError):
        editor.alter(TableChange("t", "t", dropped=["n", "nothing"]))

    assert before == text_of(engine)


def test_views(engine, editor):
    """A view follows renames, survives conversions, and can be replaced."""
    editor.create_view("v", "select id, title as a, n from t")
    editor.alter(TableChange("t", "t", renamed={"n": "m"}))
    editor.alter(CHANGES["converted"][0])

    assert editor.views() == {
        "v": 'CREATE VIEW `v` AS SELECT * FROM (select id, title as a, "m" from t)'
    }
    assert [column.name for column in editor.columns("v")] == ["id", "a", "m"]
    editor.create_view("v", "select id from t")
    assert [column.name for column in editor.columns("v")] == ["id"]
    editor.drop_view("v")
    editor.drop_view("v")
    assert editor.views() == {}


def test_questions(editor):
    """What there is can be asked for."""
    editor.create_index("CREATE INDEX `idx_a` ON `t` (`title`)")

    assert editor.tables() == ["t"]
    assert editor.has_table("T")
    assert not editor.has_table("u")
    assert editor.indexes("T") == {"idx_a": "CREATE INDEX `idx_a` ON `t` (`title`)"}
    assert editor.index_owner("IDX_A") == "t"
    assert editor.index_owner("idx_b") is None
    assert editor.columns("nothing") == []
    (key,) = [column for column in editor.columns("t") if column.primary_key]
    assert (key.name, key.type, key.is_required) == ("id", "TEXT", True)
    editor.drop_index("idx_a")
    assert editor.indexes("t") == {}
    editor.empty_table("t")
    editor.drop_table("t")
    editor.drop_table("t")
    assert editor.tables() == []


def test_quotes(engine):
    """A name with a back-tick stays one name."""
    editor = SchemaEditor(engine)
    editor.create_table(spec("odd`name", **{"co`l": K.TEXT}))

    assert editor.tables() == ["odd`name"]
    assert [column.name for column in editor.columns("odd`name")] == ["co`l", "id"]


def test_models():
    """Equal tables share one model, whatever their columns are called."""
    model = model_of(spec("t", select=K.TEXT, save=K.NUMBER))

    assert model is model_of(spec("t", select=K.TEXT, save=K.NUMBER))
    query, values = model.select(model._meta.columns["save"]).sql()
    assert query == 'SELECT "t1"."save" FROM "t" AS "t1"'
    assert values == []
