"""
One commit for several: what joined is committed or lost together, what failed leaves no trace.
"""

from __future__ import annotations

import threading

import pytest
from pocketbase_server.storage.sql import shared_commit
from pocketbase_server.storage.sql.engine import (
    DatabaseError,
    Engine,
    UniqueViolation,
    WouldBlock,
    inline_mode,
)

from tests.waiting import eventually


class Turn:
    """A turn of the event loop: what is to be called when all had their turn."""

    def __init__(self, engine):
        self.engine = engine
        self.later = []

    def request(self, act):
        """Run one request that joins; return what it wrote and what it returned or raised."""
        with inline_mode():
            if not self.engine.join(self.later.append):
                return None, WouldBlock()
        result = None
        try:
            with inline_mode():
                result = act()
        except Exception as error:
            result = error
        return self.engine.part(), result

    def add(self, *values):
        return self.request(
            lambda: [self.engine.run("INSERT INTO t VALUES (?)", (v,)) for v in values]
        )

    def end(self):
        acts, self.later = self.later, []
        for act in acts:
            act()


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "data.db")
    engine.open()
    engine.run("CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL)")
    engine.run("CREATE TABLE child (parent TEXT REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)")
    yield engine
    engine.close()


@pytest.fixture
def turn(engine):
    return Turn(engine)


def ids(engine):
    return [row[0] for row in engine.all("SELECT id FROM t ORDER BY id")]


def elsewhere(engine):
    """What a thread of its own sees."""
    return on_thread(lambda: ids(engine))


def on_thread(act):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(act()))
    thread.start()
    thread.join(30)
    return seen[0]


def test_all_are_committed_at_the_end_of_the_turn(engine, turn):
    """Nobody else sees anything before, everything after; every member knows."""
    members = [turn.add(name)[0] for name in "abc"]
    told = []
    engine.when_shared_ended(lambda: told.append([m.is_committed for m in members]))
    assert (elsewhere(engine), ids(engine), told) == ([], [], [])
    turn.end()
    assert elsewhere(engine) == ids(engine) == ["a", "b", "c"]
    assert told == [[True, True, True]]


def test_who_joins_sees_what_others_have_written(engine, turn):
    """A write is judged by what the writes before it have left, committed or not."""
    turn.add("a")
    assert turn.request(lambda: ids(engine)) == (None, ["a"])
    turn.request(lambda: engine.run("UPDATE t SET id = id || 'b'"))
    turn.request(lambda: engine.run("UPDATE t SET id = id || 'c'"))
    turn.end()
    assert ids(engine) == ["abc"]


def test_who_fails_leaves_no_trace(engine, turn):
    """A failed part is undone alone, whether it was the first, in the middle or the last."""

    def half():
        with engine.transaction():
            engine.run("INSERT INTO t VALUES ('half')")
            engine.run("INSERT INTO t VALUES ('half')")

    for act in (half, lambda: engine.run("INSERT INTO t VALUES (NULL)")):
        member, error = turn.request(act)
        assert member is None
        assert isinstance(error, DatabaseError)
        turn.add(f"after {act.__name__}")
    member, error = turn.request(half)
    assert isinstance(error, UniqueViolation)
    turn.end()
    assert ids(engine) == ["after <lambda>", "after half"]


def test_who_only_reads_is_in_nobodys_way(engine, turn):
    """Requests that come to nothing leave those after them as they would be without."""
    assert turn.request(lambda: ids(engine)) == (None, [])
    assert isinstance(turn.request(lambda: 1 / 0)[1], ZeroDivisionError)
    assert isinstance(turn.request(lambda: engine.run("INSERT INTO t VALUES (NULL)"))[1], Exception)
    turn.add("a")
    assert isinstance(turn.request(lambda: engine.run("INSERT INTO t VALUES (NULL)"))[1], Exception)
    turn.request(lambda: ids(engine))
    turn.add("b")
    turn.end()
    assert elsewhere(engine) == ["a", "b"]
    turn.request(lambda: ids(engine))
    turn.end()
    on_thread(lambda: engine.run("DELETE FROM t"))
    assert ids(engine) == []


def test_several_transactions_of_one_request(engine, turn):
    """They are one member; that a later one fails does not undo what an earlier one did."""

    def act():
        engine.run("INSERT INTO t VALUES ('a')")
        with pytest.raises(UniqueViolation):
            engine.run("INSERT INTO t VALUES ('a')")
        with engine.transaction(), engine.transaction():
            engine.run("INSERT INTO t VALUES ('b')")
        return engine.in_transaction

    member, inside = turn.request(act)
    assert inside is False
    turn.end()
    assert member.is_committed
    assert ids(engine) == ["a", "b"]


def test_a_commit_that_fails(engine, turn):
    """Nothing is left of anybody, everybody knows, and the next can write."""
    seen = []
    first, _ = turn.add("a")
    second, _ = turn.request(lambda: engine.run("INSERT INTO child VALUES ('nobody')"))

    def careful():
        with engine.transaction():
            engine.after_rollback(lambda: seen.append("back"))
            engine.after_commit(lambda: seen.append("never"))
            engine.run("INSERT INTO t VALUES ('b')")

    third, _ = turn.request(careful)
    turn.end()
    assert [m.is_committed for m in (first, second, third)] == [False] * 3
    assert (ids(engine), seen) == ([], ["back"])
    turn.add("c")
    turn.end()
    assert ids(engine) == ["c"]


def test_acts_wait_for_the_commit(engine, turn):
    """In their order, also those asked for outside a transaction; an error stays with its request."""
    seen = []

    def note(text):
        return lambda: seen.append((text, elsewhere(engine)))

    def first():
        engine.after_commit(note("nothing written yet"))
        with engine.transaction():
            engine.run("INSERT INTO t VALUES ('a')")
            engine.after_commit(note("inside"))
        engine.after_commit(note("outside"))
        engine.at_commit(lambda: seen.append("at commit"))

    def second():
        engine.run("INSERT INTO t VALUES ('b')")
        engine.after_commit(lambda: 1 / 0)

    calm, _ = turn.request(first)
    broken, _ = turn.request(second)
    assert seen == [("nothing written yet", [])]
    turn.end()
    assert seen[1:] == ["at commit", ("inside", ["a", "b"]), ("outside", ["a", "b"])]
    assert calm.error is None
    assert isinstance(broken.error, ZeroDivisionError)
    assert broken.is_committed


def test_own_transactions_wait_for_nobody_of_this_thread(engine, turn):
    """Whoever does not join commits first what was written together."""
    turn.add("a")
    engine.run("INSERT INTO t VALUES ('b')")
    assert elsewhere(engine) == ["a", "b"]
    turn.add("c")
    engine.execute("PRAGMA optimize")
    assert elsewhere(engine) == ["a", "b", "c"]
    turn.end()
    assert ids(engine) == ["a", "b", "c"]


def test_other_threads_wait(engine, turn):
    """They write after the end of the turn; who joins while they write is sent to a thread."""
    turn.add("a")
    thread = threading.Thread(target=engine.run, args=("INSERT INTO t VALUES ('b')",))
    thread.start()
    eventually(lambda: engine.is_wanted)
    turn.end()
    thread.join(30)
    assert ids(engine) == ["a", "b"]
    assert not engine.is_wanted

    held, go_on = threading.Event(), threading.Event()

    def hold():
        with engine.transaction():
            held.set()
            go_on.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    member, error = turn.add("c")
    go_on.set()
    thread.join(30)
    assert member is None
    assert isinstance(error, WouldBlock)
    assert turn.later == []


def test_it_does_not_grow_without_end(engine, turn, monkeypatch):
    """A full one is committed before the turn ends, and the next begins another."""
    monkeypatch.setattr(shared_commit, "_MOST", 3)
    members = [turn.add(name)[0] for name in "abcd"]
    assert elsewhere(engine) == ["a", "b", "c"]
    assert [m.is_committed for m in members] == [True, True, True, False]
    told = []
    engine.when_shared_ended(lambda: told.append(1))
    assert told == []
    turn.end()
    assert told == [1]
    assert ids(engine) == ["a", "b", "c", "d"]


def test_totals_are_not_kept_of_what_is_not_committed(engine, turn):
    """While others' writes are seen, the database has no version; afterwards it has another."""
    before = engine.seen_version()
    turn.add("a")
    assert turn.request(engine.seen_version) == (None, None)
    assert engine.seen_version() == before
    turn.end()
    assert engine.seen_version() != before
