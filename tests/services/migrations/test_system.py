"""
A new directory begins as the reference's does, byte for byte; an older one is brought up to date.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from types import SimpleNamespace

import pytest
from pocketbase_server.services.migrations.history import History
from pocketbase_server.services.migrations.runner import run_system_migrations
from pocketbase_server.services.migrations.system import SYSTEM_MIGRATIONS
from pocketbase_server.storage.datadir import NEWEST_MIGRATION, OLDEST_MIGRATIONS, DataDir
from pocketbase_server.storage.sql.engine import Engine

from scripts import reference, servers

ID = "TEXT PRIMARY KEY DEFAULT ('r'||lower(hex(randomblob(7)))) NOT NULL"
OBJECTS = [
    "_migrations", "_params", "_collections", "idx__collections_type",
    "_mfas", "idx_mfas_collectionRef_recordRef", "sqlite_stat1", "sqlite_stat4",
    "_otps", "idx_otps_collectionRef_recordRef",
    "_externalAuths", "idx_externalAuths_record_provider", "idx_externalAuths_collection_provider",
    "_authOrigins", "idx_authOrigins_unique_pairs",
    "_superusers", "idx_tokenKey_pbc_3142635823", "idx_email_pbc_3142635823",
    "users", "idx_tokenKey__pb_users_auth_", "idx_email__pb_users_auth_",
]  # fmt: skip


def made_app(path):
    """Return what migrations need of an app, its directory prepared and opened."""
    places = DataDir(path)
    places.prepare()
    app = SimpleNamespace(data=Engine(places.data_db), auxiliary=Engine(places.auxiliary_db))
    app.data.open()
    app.auxiliary.open()
    return app


def close(app):
    app.data.close()
    app.auxiliary.close()


@pytest.fixture
def app(tmp_path):
    app = made_app(tmp_path / "pb_data")
    yield app
    close(app)


def test_new_directory(app):
    """All steps are applied, in order, each with the time in microseconds."""
    began = time.time_ns() // 1000
    files = [migration.file for migration in SYSTEM_MIGRATIONS]

    assert files == run_system_migrations(app)
    rows = app.data.all("SELECT file, applied FROM _migrations ORDER BY rowid")
    assert files == [file for file, _ in rows]
    assert all(began <= applied <= time.time_ns() // 1000 for _, applied in rows)
    assert files[-1] == NEWEST_MIGRATION
    assert OLDEST_MIGRATIONS < set(files)


def test_again(app):
    """A second run does nothing."""
    run_system_migrations(app)
    before = app.data.all("SELECT * FROM _collections")

    assert run_system_migrations(app) == []
    assert before == app.data.all("SELECT * FROM _collections")


def test_objects(app):
    """Tables and indexes come to be in the reference's order."""
    run_system_migrations(app)
    rows = app.data.all("SELECT name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")

    assert OBJECTS == [name for (name,) in rows]


def test_collections(app):
    """System collections have the reference's ids; secrets are new each time and none is shared."""
    run_system_migrations(app)
    rows = app.data.all(
        "SELECT id, name, system, options, created FROM _collections ORDER BY rowid"
    )

    assert [row[:3] for row in rows] == [
        ("pbc_2279338944", "_mfas", 1),
        ("pbc_1638494021", "_otps", 1),
        ("pbc_2281828961", "_externalAuths", 1),
        ("pbc_4275539003", "_authOrigins", 1),
        ("pbc_3142635823", "_superusers", 1),
        ("_pb_users_auth_", "users", 0),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z", row[4]) for row in rows)
    secrets = re.findall(r'"secret":"([A-Za-z0-9]{50})"', "".join(row[3] for row in rows))
    assert len(secrets) == len(set(secrets)) == 10


def test_logs_made_again(app):
    """An auxiliary database that was lost gets its table back."""
    run_system_migrations(app)
    app.auxiliary.run("DROP TABLE _logs")

    assert run_system_migrations(app) == []
    assert app.auxiliary.all("SELECT * FROM _logs") == []


def test_history(app):
    """User migrations are noted and forgotten in the same table."""
    history = History(app.data)
    history.prepare()
    history.prepare()
    history.add("1700000000_a.js")
    history.add("1600000000_b.js")

    assert history.files() == ["1700000000_a.js", "1600000000_b.js"]
    history.remove("1700000000_a.js")
    assert history.files() == ["1600000000_b.js"]


def test_stray_indexes(app):
    """An index that only SQLite knows becomes known to its collection; views and system ones stay."""
    run_system_migrations(app)
    app.data.run("DELETE FROM _migrations WHERE file = ?", (NEWEST_MIGRATION,))
    app.data.run("CREATE INDEX own ON users (name)")
    app.data.run("CREATE INDEX other ON _mfas (method)")
    app.data.run("UPDATE _collections SET updated = 'then'")

    assert run_system_migrations(app) == [NEWEST_MIGRATION]
    rows = dict(app.data.all("SELECT name, indexes FROM _collections"))
    assert json.loads(rows["users"])[-1] == "CREATE INDEX `own` ON `users` (`name`)"
    assert "other" not in rows["_mfas"]
    changed = app.data.all("SELECT name FROM _collections WHERE updated != 'then'")
    assert changed == [("users",)]


def test_failure_leaves_nothing(app, monkeypatch):
    """When one step fails, none is applied."""

    def fail(_app):
        raise KeyError

    steps = list(SYSTEM_MIGRATIONS)
    steps[-1] = steps[-1]._replace(up=fail)
    monkeypatch.setattr("pocketbase_server.services.migrations.runner.SYSTEM_MIGRATIONS", steps)
    with pytest.raises(KeyError):
        run_system_migrations(app)

    assert app.data.all("SELECT name FROM sqlite_master") == []


# -- beside the reference


def schema(path):
    base = sqlite3.connect(path)
    rows = base.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid"
    ).fetchall()
    base.close()
    return rows


def collections(path):
    """Return every collection without what is random, of the moment, or worded by each side."""
    base = sqlite3.connect(path)
    base.row_factory = sqlite3.Row
    rows = []
    for row in base.execute("SELECT * FROM _collections ORDER BY rowid"):
        kept = {key: row[key] for key in row.keys() if key not in {"created", "updated"}}  # noqa: SIM118
        kept["options"] = _wordless(json.loads(kept["options"]))
        rows.append(kept)
    base.close()
    return rows


def _wordless(value, key=""):
    """Keep the order of keys, too: it shows in what is stored."""
    if isinstance(value, dict):
        return [(name, _wordless(item, name)) for name, item in value.items()]
    return "~" if key in {"secret", "body"} else value


@pytest.fixture
def made_by_reference(tmp_path, reference_command):
    path = tmp_path / "reference"
    servers.make_superuser(reference_command, path)
    return path


@pytest.mark.parity
def test_like_the_reference(tmp_path, made_by_reference):
    """Both databases have the same objects in the same words and order, and the same collections."""
    path = tmp_path / "pb_data"
    app = made_app(path)
    run_system_migrations(app)
    close(app)

    for name in ("data.db", "auxiliary.db"):
        assert schema(made_by_reference / name) == schema(path / name), name
    assert collections(made_by_reference / "data.db") == collections(path / "data.db")
    statistics = "SELECT tbl, idx, stat FROM sqlite_stat1"
    expected, got = (sqlite3.connect(p / "data.db") for p in (made_by_reference, path))
    assert set(got.execute(statistics)) <= set(expected.execute(statistics))


@pytest.mark.parity
@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.23.12", "0.30.4", "0.36.9", "0.39.11"])
def test_older(version, tmp_path, reference_command):
    """An older directory ends up as the reference leaves it."""
    try:
        maker = [str(reference.older(version))]
    except (reference.ReferenceUnavailableError, OSError) as error:
        pytest.skip(f"release {version} is not available: {error}")
    old = tmp_path / "old"
    servers.make_superuser(maker, old)
    theirs, ours = (tmp_path / name for name in ("theirs", "ours"))
    for copy in (theirs, ours):
        shutil.copytree(old, copy)
    servers.make_superuser(reference_command, theirs)
    app = made_app(ours)
    run_system_migrations(app)
    close(app)

    for name in ("data.db", "auxiliary.db"):
        assert schema(theirs / name) == schema(ours / name), name
    assert collections(theirs / "data.db") == collections(ours / "data.db")
