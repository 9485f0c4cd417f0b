"""Files in step with rows: whatever fails in between, neither is without the other."""

from __future__ import annotations

import threading

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.collections.form import collection_from_body
from pocketbase_server.core.config import Config
from pocketbase_server.core.errors import ValidationErrors
from pocketbase_server.core.records.files import UploadFailedError
from pocketbase_server.kit.upload import Upload
from pocketbase_server.storage.files.base import FileStoreError

FIELDS = [
    {"type": "text", "name": "title", "required": True},
    {"type": "file", "name": "one", "maxSelect": 1},
    {"type": "file", "name": "many", "maxSelect": 50},
]


@pytest.fixture
def app(tmp_path):
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    made.collections.save(collection_from_body({"name": "docs", "type": "base", "fields": FIELDS}))
    yield made
    made.terminate()


def upload(name="a.txt", data=b"hello"):
    return Upload.from_bytes(name, data)


def new(app, **values):
    record = app.records.new("docs")
    for name, value in ({"title": "x"} | values).items():
        record.set(name, value)
    return record


def disk(app):
    """Return the names of all files, without their attributes."""
    return sorted(
        p.name for p in app.dir.storage.rglob("*") if p.is_file() and not p.name.endswith(".attrs")
    )


def notes(app):
    return list(app.dir.pending.glob("*.note"))


def saved(app, **values):
    record = new(app, **values)
    app.records.save(record)
    return record


def test_a_saved_record_names_its_files(app):
    """
    After saving, the record holds names; they are those on disk.
    """
    record = saved(app, one=upload(), many=[upload("b.txt"), upload("c.txt")])

    assert sorted([record.get("one"), *record.get("many")]) == disk(app)
    assert app.records.find("docs", record.id).get("one") == record.get("one")
    assert not record.changed()
    assert notes(app) == []


def test_a_refused_record_leaves_nothing(app):
    """
    What does not pass validation is never stored.
    """
    record = new(app, title="", one=upload())
    with pytest.raises(ValidationErrors):
        app.records.save(record)

    assert disk(app) == []
    assert isinstance(record.get("one"), Upload)


@pytest.mark.parametrize(
    "hook", ["record_create_execute", "model_create_execute", "record_create", "model_create"]
)
@pytest.mark.parametrize("is_inside", [True, False], ids=["in a transaction", "alone"])
def test_a_handler_that_fails(app, hook, is_inside):
    """
    An error after the row was written: row and files are both there, or neither is.
    """

    def fail(event):
        event.next()
        raise ValueError("no")

    getattr(app.hooks, hook).bind(fail)
    with pytest.raises(ValueError, match="no"):
        if is_inside:
            with app.data.transaction():
                saved(app, one=upload())
        else:
            saved(app, one=upload())
    rows = app.records.find_by_filter("docs", "")

    assert disk(app) == [record.get("one") for record in rows]
    assert not is_inside or not rows
    assert notes(app) == []


def test_a_transaction_that_is_rolled_back(app):
    """
    Files of every save in it are gone, files that were to be removed are not.
    """
    kept = saved(app, one=upload("kept.txt"), many=[upload("b.txt")])
    before = disk(app)
    with pytest.raises(ValueError, match="no"), app.data.transaction():
        saved(app, one=upload("new.txt"))
        changed = app.records.find("docs", kept.id)
        changed.set("one", upload("other.txt"))
        changed.set("many", [])
        app.records.save(changed)
        app.records.delete(app.records.find("docs", kept.id))
        raise ValueError("no")

    assert disk(app) == before
    assert notes(app) == []
    assert app.records.find("docs", kept.id).get("one") == kept.get("one")


def test_files_stay_until_the_commit(app):
    """
    Inside the transaction the replaced file is still there; afterwards it is not.
    """
    record = saved(app, one=upload("old.txt"))
    old = record.get("one")
    with app.data.transaction():
        record = app.records.find("docs", record.id)
        record.set("one", upload("new.txt"))
        app.records.save(record)

        assert old in disk(app)
    assert disk(app) == [record.get("one")]
    assert notes(app) == []


def test_deleting(app):
    """
    A deleted record takes its whole folder along, a deleted collection all of its.
    """
    first, second = (saved(app, one=upload(f"{n}.txt")) for n in "ab")
    app.records.delete(first)

    assert disk(app) == [second.get("one")]
    app.collections.delete(app.collections.find("docs"))
    assert not any(app.dir.storage.iterdir())
    assert notes(app) == []


def test_many_at_once_lose_nothing(app):
    """
    Twenty callers who add a file at the same moment all find theirs.
    """
    record = saved(app)

    def add(number):
        mine = app.records.find("docs", record.id)
        mine.set("many+", upload(f"n{number}.txt"))
        app.records.save(mine)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = app.records.find("docs", record.id).get("many")

    assert len(names) == 20
    assert sorted(names) == disk(app)


def test_replacing_leaves_no_orphan_of_others(app):
    """
    Who replaces a list also removes what someone else has added meanwhile.
    """
    record = saved(app, many=[upload("a.txt")])
    mine = app.records.find("docs", record.id)
    theirs = app.records.find("docs", record.id)
    theirs.set("many+", upload("b.txt"))
    app.records.save(theirs)
    mine.set("many", [upload("c.txt")])
    app.records.save(mine)

    assert disk(app) == app.records.find("docs", record.id).get("many")


def test_a_store_that_fails(app, monkeypatch):
    """
    When the second file cannot be stored, the first is removed and no row is written.
    """
    store = app.files.storage
    put, calls = store.put, []

    def fail_later(key, file, metadata=None):
        calls.append(key)
        if len(calls) > 1:
            raise FileStoreError("full")
        put(key, file, metadata)

    monkeypatch.setattr(store, "put", fail_later)
    with pytest.raises(UploadFailedError):
        saved(app, many=[upload("a.txt"), upload("b.txt")])

    assert disk(app) == []
    assert app.records.count("docs") == 0
    assert notes(app) == []


def test_what_a_dead_process_left(app):
    """
    Files that no row names go, those that one names stay; half written ones go too.
    """
    record = saved(app, one=upload("kept.txt"))
    folder = f"{record.collection.id}/{record.id}/"
    app.files.storage.put(f"{folder}orphan.txt", upload())
    app.files.storage.put(f"{record.collection.id}/nobody/orphan.txt", upload())
    half = app.dir.storage / folder / "half.txt.abc.tmp~"
    half.write_bytes(b"x")
    note = app.record_files.pending.note()
    note.add(f"{folder}orphan.txt", folder + record.get("one"), folder)
    note.add(f"{record.collection.id}/nobody/", "unknown/record/file.txt", "unknown/")
    note.let_go()
    app.record_files.recover()

    assert disk(app) == [record.get("one")]
    assert notes(app) == []


def test_a_note_that_is_held_is_left_alone(app):
    """
    What another process is doing just now is its own business.
    """
    record = saved(app, one=upload("kept.txt"))
    note = app.record_files.pending.note()
    note.add(f"{record.collection.id}/{record.id}/coming.txt")
    app.files.storage.put(f"{record.collection.id}/{record.id}/coming.txt", upload())
    app.record_files.recover()

    assert "coming.txt" in disk(app)
    note.tear_up()


def test_nothing_is_removed_while_a_backup_is_made(app):
    """
    Files whose rows are deleted meanwhile go when it is done.
    """
    record = saved(app, one=upload("kept.txt"))
    with app.record_files.pending.frozen() as is_ours:
        assert is_ours
        assert not app.backups.is_idle
        app.records.delete(record)

        assert disk(app) == [record.get("one")]
    app.record_files.recover()

    assert disk(app) == []
    assert notes(app) == []
