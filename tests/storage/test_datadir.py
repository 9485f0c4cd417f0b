"""
A data directory is made when it is missing, and refused, untouched, when it cannot be trusted.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time

import pytest
from pocketbase_server.storage.datadir import (
    NEWEST_MIGRATION,
    OLDEST_MIGRATIONS,
    DataDir,
    DataDirError,
)

PAGE = 4096


@pytest.fixture
def path(tmp_path):
    """A whole directory, closed in order."""
    path = tmp_path / "pb_data"
    path.mkdir()
    data = sqlite3.connect(path / "data.db")
    data.execute("PRAGMA journal_mode = WAL")
    data.execute("CREATE TABLE _migrations (file PRIMARY KEY, applied)")
    data.executemany("INSERT INTO _migrations VALUES (?, 1)", [(f,) for f in OLDEST_MIGRATIONS])
    data.execute("CREATE TABLE posts (id PRIMARY KEY, text)")
    data.executemany("INSERT INTO posts VALUES (?, ?)", [(i, "x" * 200) for i in range(2000)])
    data.commit()
    data.close()
    logs = sqlite3.connect(path / "auxiliary.db")
    logs.execute("PRAGMA journal_mode = WAL")
    logs.execute("CREATE TABLE _logs (id PRIMARY KEY, text)")
    logs.executemany("INSERT INTO _logs VALUES (?, ?)", [(i, "x" * 100) for i in range(500)])
    logs.commit()
    logs.close()
    (path / "storage" / "c" / "r").mkdir(parents=True)
    (path / "storage" / "c" / "r" / "file.txt").write_text("hello")
    return path


def execute(path, sql, *values):
    data = sqlite3.connect(path / "data.db")
    data.execute(sql, values)
    data.commit()
    data.close()


def overwrite(file, at, what):
    with file.open("r+b") as out:
        out.seek(at)
        out.write(what)


def page_of(path, name):
    data = sqlite3.connect(path / "data.db")
    (page,) = data.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    data.close()
    return (page - 1) * PAGE


def only(path, *names):
    for item in path.iterdir():
        if item.name not in names:
            shutil.rmtree(item) if item.is_dir() else item.unlink()


REFUSED = {
    "data.db missing": (lambda p: (p / "data.db").unlink(), "missing, but storage is not empty"),
    "data.db empty": (lambda p: (p / "data.db").write_bytes(b""), "empty, but storage is not empty"),
    "only storage": (lambda p: only(p, "storage"), "storage is not empty"),
    "only a folder in storage": (lambda p: (only(p), (p / "storage" / "c").mkdir(parents=True)), "storage is not empty"),
    "only logs": (lambda p: only(p, "auxiliary.db"), "auxiliary.db has logs"),
    "only a log to replay": (lambda p: (only(p), (p / "data.db-wal").write_bytes(b"x")), "data.db-wal has data"),
    "text file": (lambda p: (p / "data.db").write_text("hello " * 5000), "file is not a database"),
    "short file": (lambda p: (p / "data.db").write_text("hi"), "file is not a database"),
    "header overwritten": (lambda p: overwrite(p / "data.db", 0, b"nonsense" * 8), "file is not a database"),
    "cut in half": (lambda p: os.truncate(p / "data.db", (p / "data.db").stat().st_size // 2), "is damaged"),
    "cut to one page": (lambda p: os.truncate(p / "data.db", PAGE), "is damaged"),
    "zeroed table page": (lambda p: overwrite(p / "data.db", page_of(p, "posts"), b"\0" * PAGE), "is damaged"),
    "zeroed index page": (lambda p: overwrite(p / "data.db", page_of(p, "sqlite_autoindex_posts_1"), b"\0" * PAGE), "is damaged"),
    "zeroed leaf": (lambda p: overwrite(p / "data.db", (p / "data.db").stat().st_size - 5 * PAGE, b"\0" * PAGE), "is damaged"),
    "noise": (lambda p: overwrite(p / "data.db", page_of(p, "posts") + 8, bytes(range(256)) * 8), "is damaged"),
    "zeroed schema": (lambda p: overwrite(p / "data.db", 100, b"\0" * (PAGE - 100)), "is damaged"),
    "before 0.23": (lambda p: execute(p, "DELETE FROM _migrations WHERE file LIKE '%migrate.go'"), "older than 0.23"),
    "newer": (lambda p: execute(p, "INSERT INTO _migrations VALUES ('1999999999_more.go', 2)"), "newer PocketBase (1999999999_more.go)"),
    "something else": (lambda p: execute(p, "DROP TABLE _migrations"), "is no PocketBase database"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, path):
    """The message says what is wrong, and every byte stays as it was."""
    harm, message = REFUSED[name]
    harm(path)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with pytest.raises(DataDirError) as caught:
        DataDir(path).prepare()
    after = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}

    assert message in str(caught.value)
    assert before == after


def _unclean(path):
    """Leave the directory as a killed process does: with a log, part of the data in it."""
    data = sqlite3.connect(path / "data.db")
    data.execute("PRAGMA wal_autocheckpoint = 0")
    data.execute("INSERT INTO posts VALUES (99999, 'last')")
    data.commit()
    copy = path.with_name("copy")
    shutil.copytree(path, copy)
    data.close()
    shutil.rmtree(path)
    copy.rename(path)


ACCEPTED = {
    "whole": lambda p: None,
    "new": shutil.rmtree,
    "empty directory": only,
    "only an empty data.db": lambda p: (only(p), (p / "data.db").write_bytes(b"")),
    "empty storage": lambda p: (only(p), (p / "storage").mkdir()),
    "backups only": lambda p: (only(p), (p / "backups").mkdir(), (p / "backups" / "a.zip").write_text("x")),
    "unclean": _unclean,
    "garbage in the log": lambda p: (p / "data.db-wal").write_bytes(b"garbage!" * 4096),
    "no auxiliary.db": lambda p: (p / "auxiliary.db").unlink(),
    "empty auxiliary.db": lambda p: (p / "auxiliary.db").write_bytes(b""),
    "user migrations": lambda p: execute(p, "INSERT INTO _migrations VALUES ('1999999999_more.js', 2)"),
    "own old migrations": lambda p: execute(p, "INSERT INTO _migrations VALUES ('1700000000_own.go', 2)"),
    "all migrations": lambda p: execute(p, "INSERT INTO _migrations VALUES (?, 2)", NEWEST_MIGRATION),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name, path, capsys):
    """What is whole, new or only lacks logs is taken, and kept."""
    ACCEPTED[name](path)
    DataDir(path).prepare()

    assert path.is_dir()
    assert not list(path.glob("*.broken-*"))
    assert capsys.readouterr() == ("", "")
    if name == "unclean":
        data = sqlite3.connect(path / "data.db")
        assert data.execute("SELECT text FROM posts WHERE id = 99999").fetchone() == ("last",)
        data.close()


def test_newer_accepted_on_demand(path, monkeypatch):
    """Own Go migrations look like a newer release; one variable says that they are not."""
    REFUSED["newer"][0](path)
    monkeypatch.setenv("PB_ACCEPT_UNKNOWN_MIGRATIONS", "1")
    DataDir(path).prepare()


AUXILIARY = {
    "garbage": lambda file: file.write_text("garbage " * 4000),
    "zeroed page": lambda file: overwrite(file, PAGE, b"\0" * PAGE),
    "cut": lambda file: os.truncate(file, 2 * PAGE),
}


@pytest.mark.parametrize("name", AUXILIARY)
def test_broken_logs(name, path, capsys):
    """Broken logs are set aside, with their companions, and that is said."""
    AUXILIARY[name](path / "auxiliary.db")
    (path / "auxiliary.db-shm").write_bytes(b"x")
    before = (path / "auxiliary.db").read_bytes()
    DataDir(path).prepare()
    (kept,) = [
        file for file in path.glob("auxiliary.db.broken-*") if not file.name.endswith("-shm")
    ]

    assert before == kept.read_bytes()
    assert not (path / "auxiliary.db").exists()
    assert not (path / "auxiliary.db-shm").exists()
    assert "auxiliary.db is damaged" in capsys.readouterr().err


def test_quick(path):
    """The look at a whole directory is short."""
    began = time.process_time()
    DataDir(path).prepare()

    assert time.process_time() - began < 0.5


def test_places(tmp_path):
    """Everything is where the reference has it."""
    places = DataDir(tmp_path)

    assert [
        path.relative_to(tmp_path).as_posix()
        for path in (
            places.data_db,
            places.auxiliary_db,
            places.storage,
            places.backups,
            places.notify,
        )
    ] == ["data.db", "auxiliary.db", "storage", "backups", ".notify"]
