"""
What SQLite refuses, in the words and with the codes that the API shows.
"""

from __future__ import annotations

import pytest
from pocketbase_server.storage.sql.editor import SchemaEditor
from pocketbase_server.storage.sql.engine import Engine
from pocketbase_server.storage.sql.errors import ColumnChangeError, DatabaseError
from pocketbase_server.storage.sql.schema import ColumnKind, ColumnSpec, TableChange, TableSpec
from pocketbase_server.storage.sql.view_trial import raw_error, sample_query, view_columns

TABLE = TableSpec(
    "t",
    tuple(
        ColumnSpec(name, kind)
        for name, kind in (("id", ColumnKind.PRIMARY_TEXT), ("a", ColumnKind.TEXT), ("b", ColumnKind.TEXT))
    ),
)  # fmt: skip


@pytest.fixture
def engine(tmp_path):
    made = Engine(tmp_path / "data.db")
    made.open()
    editor = SchemaEditor(made)
    editor.create_table(TABLE)
    editor.create_index("CREATE UNIQUE INDEX i ON t (a)")
    editor.create_view("v", "SELECT id, b FROM t")
    made.run("INSERT INTO t (id, a) VALUES ('r1', 'x')")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("INSERT INTO t (id) VALUES ('r1')", "constraint failed: UNIQUE constraint failed: t.id (1555)"),
        ("INSERT INTO t (id, a) VALUES ('r2', 'x')", "constraint failed: UNIQUE constraint failed: t.a (2067)"),
        ("INSERT INTO t (a) VALUES (NULL)", "constraint failed: NOT NULL constraint failed: t.a (1299)"),
        ("SELECT nope FROM t", "SQL logic error: no such column: nope (1)"),
        ("CREATE INDEX j ON t (a COLLATE odd)", "SQL logic error: no such collation sequence: odd (257)"),
    ],
)  # fmt: skip
def test_raw_errors(engine, statement, expected):
    """Kind, message and extended code."""
    with pytest.raises(DatabaseError) as caught:
        engine.run(statement)

    assert raw_error(caught.value) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (TableChange("t", "t", dropped=["b"]), "failed to drop column b - SQL logic error: "),
        (TableChange("t", "t", renamed={"b": "c"}), None),
    ],
)
def test_columns_that_a_view_reads(engine, change, expected):
    """They cannot go; SQLite renames them in the view itself when it can."""
    editor = SchemaEditor(engine)
    if expected is None:
        editor.alter(change)
        assert [column.name for column in editor.columns("v")] == ["id", "c"]
        return
    with pytest.raises(ColumnChangeError) as caught:
        editor.alter(change)

    assert raw_error(caught.value).startswith(expected)
    assert [column.name for column in editor.columns("t")] == ["a", "b", "id"]


def test_a_trial_leaves_nothing(engine):
    """The columns of a query are found without a view that stays."""
    columns = view_columns(engine, "trial", "SELECT id, 1 AS one FROM t")

    assert [column.name for column in columns] == ["id", "one"]
    assert list(SchemaEditor(engine).views()) == ["v"]
    with pytest.raises(DatabaseError):
        engine.all(sample_query(engine, "trial", "SELECT 1) --", 5))
