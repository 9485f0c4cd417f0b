"""Text that is no UTF-8, as other programs may have left it in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pocketbase_server.storage.sql.engine import DatabaseError, Engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path / "data.db")
    made.open()
    made.execute("CREATE TABLE t (n INTEGER, a TEXT, b TEXT)")
    for n, text in enumerate(("61ff62", "e282", "c3a4"), 1):
        made.run(f"INSERT INTO t VALUES (?, CAST(x'{text}' AS TEXT), x'ff')", (n,))
    yield made
    made.close()


def test_each_bad_byte_comes_as_the_sign_for_it(engine: Engine) -> None:
    """Rows keep their order, blobs and numbers stay what they are."""
    rows = engine.all("SELECT n, a, b FROM t WHERE n > ? ORDER BY n DESC", (0,))

    assert rows == [(3, "ä", b"\xff"), (2, "\ufffd\ufffd", b"\xff"), (1, "a\ufffdb", b"\xff")]


def test_one_row(engine: Engine) -> None:
    """The first row is enough, and there may be none."""
    assert engine.one("SELECT a, NULL, 1.5 FROM t ORDER BY n LIMIT 1") == ("a\ufffdb", None, 1.5)
    assert engine.one("SELECT a FROM t WHERE n = 9") is None


def test_inside_a_transaction(engine: Engine) -> None:
    """What is not committed yet is read in the same way."""
    with engine.transaction():
        engine.run("UPDATE t SET n = n + 10")

        assert engine.all("SELECT n, a FROM t ORDER BY n LIMIT 1") == [(11, "a\ufffdb")]


def test_a_failure_is_told_as_ever(engine: Engine) -> None:
    """A statement that fails on its second reading raises what any other does."""
    with pytest.raises(DatabaseError):
        engine.all("SELECT a FROM t UNION ALL SELECT abs(-9223372036854775807 - 1)")
