"""
The lock that readers share: kept while they are many and nobody writes, in nobody's way else.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from pocketbase_server.storage.sql.engine import Engine

from scripts.servers import LIMIT

MANY = 200


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path / "data.db")
    made.open()
    made.run("CREATE TABLE t (n INTEGER)")
    made.run("INSERT INTO t VALUES (0)")
    yield made
    made.close()


def read(engine: Engine) -> int:
    row = engine.one("SELECT max(n) FROM t")
    assert row is not None
    number: int = row[0]
    return number


def is_free(engine: Engine) -> bool:
    return not engine._read_lock._is_held


def wait(done: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
    until = time.monotonic() + LIMIT
    while not done():
        assert time.monotonic() < until
        meanwhile()


def many(engine: Engine) -> None:
    for _ in range(MANY):
        read(engine)


def write_elsewhere(path: Path, number: int) -> None:
    code = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('INSERT INTO t VALUES ({number})'); c.commit()"
    subprocess.run([sys.executable, "-c", code], check=True)


def hold(engine: Engine) -> None:
    """Read until the lock is kept."""
    wait(lambda: not is_free(engine), lambda: many(engine))


def test_it_is_kept_while_many_read(engine: Engine) -> None:
    """
    Many reads keep the lock; once they end, it is given back.
    """
    assert is_free(engine)
    hold(engine)
    wait(lambda: is_free(engine), lambda: time.sleep(0.01))


def test_few_reads_keep_nothing(engine: Engine) -> None:
    """
    A few reads are not worth a thread.
    """
    for _ in range(10):
        read(engine)

    assert is_free(engine)
    assert engine._read_lock._thread is None


def test_nobody_reads_anything_older(engine: Engine) -> None:
    """
    What this process or another has written is read at once, also while the lock is kept.
    """
    for number in range(1, 6):
        hold(engine)
        if number % 2:
            engine.run("INSERT INTO t VALUES (?)", (number,))
        else:
            write_elsewhere(engine.path, number)
        assert read(engine) == number


def test_a_commit_ends_it(engine: Engine) -> None:
    """
    With a commit the lock is free at once, and it stays so while others write, in whichever process.
    """
    hold(engine)
    engine.run("INSERT INTO t VALUES (1)")
    assert is_free(engine)

    hold(engine)
    write_elsewhere(engine.path, 2)
    wait(lambda: is_free(engine), lambda: many(engine))


def test_the_log_does_not_grow_for_ever(engine: Engine) -> None:
    """
    Under reads and writes at once, the log begins anew as often as it must.
    """
    log = engine.path.with_name("data.db-wal")
    engine.run("CREATE TABLE large (t TEXT)")
    written = 0

    def go_on() -> None:
        nonlocal written
        engine.run("INSERT INTO large VALUES (?)", ("x" * 100_000,))
        written += 100_000
        many(engine)

    wait(lambda: written > 2 * log.stat().st_size + 1_000_000, go_on)


def test_cleaning_up_waits_for_nobody(engine: Engine) -> None:
    """
    What needs the database for itself has it, while others read.
    """
    hold(engine)
    engine.write_back()

    assert engine.path.with_name("data.db-wal").stat().st_size == 0
    engine.execute("VACUUM")
    assert read(engine) == 0


def test_closing_ends_it(engine: Engine) -> None:
    """
    Closing leaves no thread and no log behind, and the engine may be opened again.
    """
    for _ in range(2):
        hold(engine)
        engine.close()
        assert not engine.path.with_name("data.db-wal").exists()
        engine.open()


def test_closing_at_any_moment(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Closing ends, whatever the lock's thread is just about to do.
    """
    monkeypatch.setattr("pocketbase_server.storage.sql.read_lock._TICK", 0.0005)
    for number in range(150):
        many(engine)
        time.sleep(number % 10 / 5000)
        engine.close()
        engine.open()


def test_it_is_only_a_help(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where the lock cannot be kept, everybody reads all the same.
    """

    def refuse(_: Path) -> None:
        raise apsw.CantOpenError

    monkeypatch.setattr("pocketbase_server.storage.sql.read_lock.open_reader", refuse)
    many(engine)

    assert read(engine) == 0
