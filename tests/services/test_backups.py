"""Automatic backups, and archives that are not to be trusted."""

from __future__ import annotations

import os
import zipfile

import pytest
from pocketbase_server.app import App
from pocketbase_server.core.config import Config
from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.kit.archive import ArchiveError, extract_archive, write_archive


@pytest.fixture
def app(tmp_path):
    made = App(Config(data_dir=tmp_path / "pb_data"))
    made.bootstrap()
    yield made
    made.terminate()


def choose(app, **backups):
    settings = app.settings.current.clone()
    for name, value in backups.items():
        setattr(settings.backups, name, value)
    app.settings.save(settings)


def jobs(app):
    return {job.id: job.expression for job in app.crons.jobs()}


def test_the_settings_make_the_job(app):
    """
    A schedule adds the job, another changes it, none removes it.
    """
    assert "__pbAutoBackup__" not in jobs(app)
    choose(app, cron="0 3 * * *")
    assert jobs(app)["__pbAutoBackup__"] == "0 3 * * *"
    choose(app, cron="0 4 * * *")
    assert jobs(app)["__pbAutoBackup__"] == "0 4 * * *"
    choose(app, cron="")
    assert "__pbAutoBackup__" not in jobs(app)


def test_the_oldest_go(app, monkeypatch):
    """
    As many automatic backups are kept as wanted; others are not touched.
    """
    app.backups.create("mine.zip")
    choose(app, cron="0 3 * * *", cron_max_keep=2)
    for number in range(4):
        monkeypatch.setattr(
            app.backups, "_new_name", lambda prefix, n=number: f"{prefix}acme_2026010100000{n}.zip"
        )
        app.backups.create_auto()
    keys = [info.key for info in app.backups.all()]

    assert keys == [
        "@auto_pb_backup_acme_20260101000002.zip",
        "@auto_pb_backup_acme_20260101000003.zip",
        "mine.zip",
    ]


def test_one_at_a_time(app):
    """
    While one is made, no other begins.
    """
    with app.record_files.pending.frozen(), pytest.raises(BadRequestError, match="Try again later"):
        app.backups.create("two.zip")


def test_handlers_may_leave_things_out(app):
    """
    A handler of the hook changes what is left out.
    """
    (app.dir.path / "secret").mkdir()
    (app.dir.path / "secret" / "x.txt").write_text("x")
    (app.dir.path / "open.txt").write_text("x")

    @app.hooks.backup_create()
    def leave_out(event):
        event.exclude.append("secret")
        event.next()

    app.backups.create("a.zip")
    with zipfile.ZipFile(app.dir.backups / "a.zip") as archive:
        names = archive.namelist()

    assert "open.txt" in names
    assert not [name for name in names if name.startswith(("secret", ".pb", "backups"))]


def test_there_and_back(tmp_path):
    """
    Files come back as they were, in their folders.
    """
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_bytes(b"hello" * 1000)
    (tmp_path / "y.png").write_bytes(os.urandom(1000))
    entries = [("a/x.txt", tmp_path / "a" / "x.txt"), ("y.png", tmp_path / "y.png")]
    write_archive(tmp_path / "z.zip", [*entries, ("gone", tmp_path / "gone")])
    extract_archive(tmp_path / "z.zip", tmp_path / "out", limit=1 << 20)

    for name, path in entries:
        assert (tmp_path / "out" / name).read_bytes() == path.read_bytes()
    with pytest.raises(ArchiveError, match="room"):
        extract_archive(tmp_path / "z.zip", tmp_path / "more", limit=100)


def test_what_does_not_shrink_is_not_packed(tmp_path):
    """
    Whatever it is called, a file is packed when a piece of it gets smaller; both come back whole.
    """
    contents = {"text.jpg": b"hello" * 50_000, "photo.txt": os.urandom(200_000)}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    write_archive(tmp_path / "z.zip", [(name, tmp_path / name) for name in contents])
    extract_archive(tmp_path / "z.zip", tmp_path / "out", limit=1 << 20)
    with zipfile.ZipFile(tmp_path / "z.zip") as archive:
        packed = {info.filename: info.compress_type for info in archive.infolist()}

    assert packed == {"text.jpg": zipfile.ZIP_DEFLATED, "photo.txt": zipfile.ZIP_STORED}
    assert {name: (tmp_path / "out" / name).read_bytes() for name in contents} == contents


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..\\x", "C:\\x", "C:/x"])
def test_no_way_out(tmp_path, name):
    """
    Names that lead out of the folder are refused before anything is written.
    """
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("ok.txt", "x")
        archive.writestr(name, "x")
    with pytest.raises(ArchiveError):
        extract_archive(tmp_path / "z.zip", tmp_path / "out", limit=1 << 20)

    assert not (tmp_path / "out").exists()


def test_links_are_left_out(tmp_path):
    """
    A symbolic link in an archive is not made.
    """
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("ok.txt", "x")
    extract_archive(tmp_path / "z.zip", tmp_path / "out", limit=1 << 20)

    assert [p.name for p in (tmp_path / "out").iterdir()] == ["ok.txt"]
