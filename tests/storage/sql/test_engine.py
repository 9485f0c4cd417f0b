"""
One engine: reads from every thread, one writer, transactions that hold or leave no trace.
"""

from __future__ import annotations

import gc
import threading
import time

import pytest
from pocketbase_server.storage.sql.connection import BUSY_TIMEOUT_MS
from pocketbase_server.storage.sql.engine import (
    DatabaseError,
    Engine,
    QueryTimeout,
    UniqueViolation,
    WouldBlock,
    inline_mode,
)
from pocketbase_server.storage.sql.inline import Speeds

from scripts.servers import LIMIT

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "data.db", query_timeout=LIMIT)
    engine.open()
    engine.run("CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, a INTEGER, b TEXT)")
    engine.run("CREATE UNIQUE INDEX two ON t (a, b)")
    engine.run("CREATE UNIQUE INDEX lowered ON t (lower(b)) WHERE id >= 'e'")
    yield engine
    engine.close()


def ids(engine):
    return [row[0] for row in engine.all("SELECT id FROM t ORDER BY id")]


def on_thread(act):
    result = []
    thread = threading.Thread(target=lambda: result.append(act()))
    thread.start()
    thread.join(LIMIT)
    return result[0]


def test_rows(engine):
    """Rows are tuples, changes are counted, nothing is None or an empty list."""
    assert engine.run("INSERT INTO t VALUES ('x', 1, 'y'), ('z', 2.5, NULL)") == 2
    assert engine.run("UPDATE t SET a = 5 WHERE id = 'nobody'") == 0
    assert engine.all("SELECT * FROM t ORDER BY id") == [("x", 1, "y"), ("z", 2.5, None)]
    assert engine.one("SELECT a FROM t WHERE id = ?", ("x",)) == (1,)
    assert engine.one("SELECT a FROM t WHERE id = ?", ("nobody",)) is None
    assert engine.all("SELECT a FROM t WHERE id = 'nobody'") == []


def test_many(engine):
    """Many rows go in together or not at all."""
    engine.run_many("INSERT INTO t (id) VALUES (?)", [("a",), ("b",)])
    with pytest.raises(UniqueViolation):
        engine.run_many("INSERT INTO t (id) VALUES (?)", [("c",), ("a",)])

    assert ids(engine) == ["a", "b"]


def test_settings(engine):
    """Both kinds of connections are set up as the reference's are."""
    wanted = {
        "journal_mode": "wal",
        "busy_timeout": 10_000,
        "journal_size_limit": 200_000_000,
        "synchronous": 1,
        "foreign_keys": 1,
        "temp_store": 2,
        "cache_size": -32_000,
        "page_size": 4096,
    }
    reader = {name: engine.one(f"PRAGMA {name}")[0] for name in wanted}
    with engine.transaction():
        writer = {name: engine.one(f"PRAGMA {name}")[0] for name in wanted}

    assert wanted == reader
    assert wanted == writer


def test_functions(engine):
    """The functions that rules need are there."""
    assert engine.one("SELECT round(acos(0.5) + radians(180) + sin(0), 3), json('[1]')") == (
        4.189,
        "[1]",
    )


UNIQUE = [
    ("INSERT INTO t VALUES ('a', 9, 'z')", "t", ["id"], ""),
    ("INSERT INTO t VALUES ('b', 1, 'b')", "t", ["a", "b"], ""),
    ("INSERT INTO t VALUES ('e', 9, 'q'), ('f', 8, 'Q')", "", [], "lowered"),
]


@pytest.mark.parametrize(("sql", "table", "columns", "index"), UNIQUE)
def test_unique(engine, sql, table, columns, index):
    """A repeated value names the table and the columns, or the index."""
    engine.run("INSERT INTO t VALUES ('a', 1, 'b')")
    with pytest.raises(UniqueViolation) as caught:
        engine.run(sql)

    found = caught.value

    assert (table, columns, index) == (found.table, found.columns, found.index)


ERRORS = ["SELECT", "SELECT nothing FROM nowhere", "INSERT INTO t (id) VALUES (NULL)", "SELECT ?"]


@pytest.mark.parametrize("sql", ERRORS)
def test_errors(engine, sql):
    """Whatever the driver says comes as one of ours."""
    with pytest.raises(DatabaseError):
        engine.run(sql)
    with pytest.raises(DatabaseError):
        engine.all(sql)


def test_readers_only_read(engine):
    """A read that would write is refused."""
    with pytest.raises(DatabaseError):
        engine.all("DELETE FROM t RETURNING id")


def test_returning(engine):
    """Inside a transaction a statement may change rows and give them back."""
    engine.run_many("INSERT INTO t (id) VALUES (?)", [("a",), ("b",)])
    with engine.transaction():
        assert engine.one("DELETE FROM t WHERE id = 'a' RETURNING id") == ("a",)

    assert ids(engine) == ["b"]


# -- transactions


def test_rollback(engine):
    """An exception leaves nothing behind; outside nobody ever saw it."""
    seen = []
    with pytest.raises(KeyError), engine.transaction():
        engine.run("INSERT INTO t (id) VALUES ('a')")
        seen += [ids(engine), on_thread(lambda: ids(engine))]
        raise KeyError

    assert seen == [["a"], []]
    assert ids(engine) == []
    assert not engine.in_transaction


def test_what_is_committed_can_be_read_inside(engine):
    """A transaction can look at what others see, and goes on as before."""
    engine.run("INSERT INTO t VALUES ('a', 1, 'x')")
    with engine.transaction():
        engine.run("INSERT INTO t VALUES ('b', 2, 'y')")
        with engine.as_committed():
            outside = ids(engine)
        inside = ids(engine)
        engine.run("INSERT INTO t VALUES ('c', 3, 'z')")
    with engine.as_committed():
        afterwards = ids(engine)

    assert [outside, inside, afterwards] == [["a"], ["a", "b"], ["a", "b", "c"]]


def test_nested(engine):
    """An inner transaction is part of the outer one."""
    with pytest.raises(KeyError), engine.transaction():
        with engine.transaction():
            engine.run("INSERT INTO t (id) VALUES ('a')")
        assert engine.in_transaction
        raise KeyError

    assert ids(engine) == []


def test_inner_failure(engine):
    """An inner failure that is dealt with does not undo the outer work."""
    with engine.transaction():
        engine.run("INSERT INTO t (id) VALUES ('a')")
        with pytest.raises(UniqueViolation), engine.transaction():
            engine.run("INSERT INTO t (id) VALUES ('a')")

    assert ids(engine) == ["a"]


def test_callbacks(engine):
    """Callbacks run after the commit, outside the transaction, in order; or after the rollback."""
    calls = []

    def note(name):
        return lambda: calls.append((name, engine.in_transaction, on_thread(lambda: ids(engine))))

    engine.after_commit(note("at once"))
    engine.after_rollback(note("never"))
    with engine.transaction():
        engine.run("INSERT INTO t (id) VALUES ('a')")
        engine.after_commit(note("first"))
        with engine.transaction():
            engine.after_commit(note("second"))
        engine.after_rollback(note("never"))
    with pytest.raises(KeyError), engine.transaction():
        engine.after_commit(note("never"))
        engine.after_rollback(note("undone"))
        raise KeyError

    assert calls == [
        ("at once", False, []),
        ("first", False, ["a"]),
        ("second", False, ["a"]),
        ("undone", False, ["a"]),
    ]


def test_callback_writes(engine):
    """A callback may open a transaction of its own, and its failure stops no other."""
    with pytest.raises(KeyError), engine.transaction():
        engine.after_commit({}.popitem)
        engine.after_commit(lambda: engine.run("INSERT INTO t (id) VALUES ('later')"))

    assert ids(engine) == ["later"]


def test_failed_commit(tmp_path):
    """A commit that is refused is a rollback."""
    engine = Engine(tmp_path / "data.db")
    engine.open()
    engine.run("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    engine.run("CREATE TABLE b (a REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)")
    undone = []
    with pytest.raises(DatabaseError), engine.transaction():
        engine.after_rollback(lambda: undone.append(True))
        engine.run("INSERT INTO b VALUES (5)")

    assert undone == [True]
    assert engine.all("SELECT * FROM b") == []
    engine.run("INSERT INTO a VALUES (5)")
    engine.close()


def test_parallel_writers(engine):
    """Writers of many threads wait for each other and lose nothing."""
    engine.run("INSERT INTO t VALUES ('n', 0, '')")

    def work():
        for _ in range(50):
            with engine.transaction():
                (value,) = engine.one("SELECT a FROM t WHERE id = 'n'")
                engine.run("UPDATE t SET a = ? WHERE id = 'n'", (value + 1,))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert engine.one("SELECT a FROM t WHERE id = 'n'") == (300,)


def test_two_processes(engine):
    """A second engine on the same file sees every commit, and each knows of the other's changes."""
    other = Engine(engine.path)
    other.open()
    before = engine.data_version()
    engine.run("INSERT INTO t (id) VALUES ('a')")

    assert ids(other) == ["a"]
    assert engine.data_version() == before
    other.run("INSERT INTO t (id) VALUES ('b')")
    assert engine.data_version() != before
    other.close()


# -- time and threads


def test_timeout(engine):
    """A query that takes too long is broken off, and the connection goes on working."""
    engine.query_timeout = 0.3
    began = time.perf_counter()
    with pytest.raises(QueryTimeout):
        engine.one(ENDLESS)

    assert time.perf_counter() - began > 0.2
    assert engine.one("SELECT 1") == (1,)


def test_writes_may_take_long(engine):
    """Only reads have a time limit."""
    engine.run(
        "INSERT INTO t (id, a) SELECT 'r' || value, value FROM"
        " (WITH RECURSIVE c(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM c WHERE value < 300000)"
        " SELECT value FROM c)"
    )

    assert engine.one("SELECT count(*) FROM t") == (300_000,)


def test_close_while_reading(engine):
    """Closing breaks off what runs; later use is refused."""
    failures = []

    def read():
        try:
            engine.one(ENDLESS)
        except DatabaseError as error:
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.1)
    engine.close()
    thread.join(LIMIT)

    assert len(failures) == 1
    assert not engine.is_open
    for use in (lambda: engine.one("SELECT 1"), lambda: engine.run("DELETE FROM t")):
        with pytest.raises(DatabaseError):
            use()
    engine.close()


def test_closed_whole(engine):
    """After the last close the log is written back and gone."""
    engine.run("INSERT INTO t (id) VALUES ('a')")
    on_thread(lambda: ids(engine))
    engine.close()

    assert [path.name for path in engine.path.parent.iterdir()] == ["data.db"]
    engine.open()
    assert ids(engine) == ["a"]


def test_reader_ends_with_its_thread(engine):
    """Threads that are gone leave no connections behind."""
    for _ in range(20):
        on_thread(lambda: ids(engine))
    gc.collect()

    assert len(engine._readers) <= 1


def test_log_is_moved(tmp_path):
    """A long series of commits does not let the log grow without end."""
    engine = Engine(tmp_path / "data.db")
    engine.open()
    engine.run("CREATE TABLE big (x)")
    for _ in range(3_000):
        engine.run("INSERT INTO big VALUES (zeroblob(20000))")
    size = (tmp_path / "data.db-wal").stat().st_size
    engine.close()

    assert size < 150 << 20
    assert (tmp_path / "data.db").stat().st_size > 50 << 20


# -- inline mode


def test_inline_reads(engine):
    """A long read is broken off soon; when it was long twice, it is not even begun."""
    engine._speeds = Speeds(wait=LIMIT)
    times, begun = [], []
    for _ in range(3):
        before = time.thread_time()
        with inline_mode(), pytest.raises(WouldBlock):
            engine.one(ENDLESS)
        times.append(time.thread_time() - before)
        engine._thread.connection.set_exec_trace(lambda *_: begun.append(1) or True)
    engine._thread.connection.set_exec_trace(None)

    assert max(times) < 0.2
    assert len(begun) == 1, "the second was begun, the third not"
    with inline_mode():
        assert engine.one("SELECT 1") == (1,)


def test_asking_for_the_version_is_never_broken_off(engine, monkeypatch):
    """The time since an earlier statement does not count."""
    monkeypatch.setattr("pocketbase_server.storage.sql.engine._STEPS_INLINE", 1)
    monkeypatch.setattr("pocketbase_server.storage.sql.engine._INLINE_LIMIT", 1e-9)
    with inline_mode():
        with pytest.raises(WouldBlock):
            engine.all("SELECT count(*) FROM t")
        assert [engine.seen_version() for _ in range(9)] == [engine.seen_version()] * 9


def test_inline_forgives_one_slow_run(engine):
    """The first time may have been the machine's fault."""
    sql = "SELECT count(*) FROM t"
    with inline_mode():
        engine._speeds.note(sql, 1.0)
        assert engine.one(sql) == (0,)
        assert engine.one(sql) == (0,)


def test_inline_tries_again(engine):
    """A statement that was slow may come back when it has become quick, whatever threads say of it."""
    sql = "SELECT count(*) FROM t"
    with inline_mode():
        for _ in range(2):
            engine._speeds.is_slow(sql)
            engine._speeds.note(sql, 1.0)
        with pytest.raises(WouldBlock):
            engine.one(sql)
    engine._speeds.note(sql, 0.002)  # on a thread: that may have been waiting
    with inline_mode():
        with pytest.raises(WouldBlock):
            engine.one(sql)
        engine._speeds.suspects[sql].retry_at = 0.0
        assert engine.one(sql) == (0,)
        assert engine.one(sql) == (0,)


def test_inline_writer_taken(engine):
    """Inline, nobody waits for the writer, and what was begun leaves no trace."""
    other = Engine(engine.path)
    other.open()
    held, go_on = threading.Event(), threading.Event()

    def hold():
        with engine.transaction():
            held.set()
            go_on.wait(LIMIT)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(LIMIT)
    began = time.perf_counter()
    for one in (engine, other):
        with inline_mode(), pytest.raises(WouldBlock):
            one.run("INSERT INTO t (id) VALUES ('x')")
    took = time.perf_counter() - began
    go_on.set()
    thread.join()

    assert took < BUSY_TIMEOUT_MS / 1000
    with inline_mode():
        engine.run("INSERT INTO t (id) VALUES ('y')")
    assert ids(other) == ["y"]
    other.close()


def test_inline_undone(engine):
    """What was written before the signal is rolled back."""
    with inline_mode(), pytest.raises(WouldBlock), engine.transaction():
        engine.run("INSERT INTO t (id) VALUES ('x')")
        engine.one(ENDLESS)

    assert ids(engine) == []


# -- the rest


def test_describe(engine):
    """Columns are known without a single row."""
    described = engine.describe("SELECT id, a + 1 AS next, CAST(a AS TEXT) FROM t WHERE 0")

    assert described == [("id", "TEXT"), ("next", ""), ("CAST(a AS TEXT)", "")]
    with pytest.raises(DatabaseError):
        engine.describe("SELECT nothing")


def test_trace(tmp_path):
    """A listener hears every statement."""
    heard = []
    engine = Engine(tmp_path / "data.db")
    engine.trace(lambda sql, _seconds: heard.append(sql))
    engine.open()
    engine.run("CREATE TABLE x (y)")
    engine.one("SELECT y FROM x WHERE y = ?", ("it",))
    engine.close()

    assert any("CREATE TABLE x" in sql for sql in heard)
    assert any("SELECT y FROM x" in sql for sql in heard)


def test_execute(engine):
    """What cannot be part of a transaction has its own way in."""
    engine.execute("VACUUM")
    engine.optimize()
    with engine.transaction(), pytest.raises(DatabaseError):
        engine.execute("VACUUM")
