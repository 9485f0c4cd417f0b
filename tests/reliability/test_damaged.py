"""
Damaged and half-present data directories: refused with words and left alone, or mended safely.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from scripts.servers import Server, StartError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Launch, Template
    from tests.scenario import Side

pytestmark = pytest.mark.reliability

PAGE = 4096


@pytest.fixture
def data(template: Template, tmp_path: Path) -> Path:
    """A whole directory with everything checkpointed into the main files."""
    copy = template.copy(tmp_path / "pb_data")
    for name in ("data.db", "auxiliary.db"):
        base = sqlite3.connect(copy / name)
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        base.close()
        for suffix in ("-wal", "-shm"):
            (copy / f"{name}{suffix}").unlink(missing_ok=True)
    return copy


def overwrite(path: Path, at: int, what: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(what)


def root_page(data: Path, name: str) -> int:
    with sqlite3.connect(data / "data.db") as base:
        return int(
            base.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
        )


def execute(data: Path, sql: str) -> None:
    base = sqlite3.connect(data / "data.db")
    base.execute(sql)
    base.commit()
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()


def zero(data: Path, name: str) -> None:
    overwrite(data / "data.db", (root_page(data, name) - 1) * PAGE, b"\0" * PAGE)


def noise(data: Path, name: str) -> None:
    overwrite(data / "data.db", (root_page(data, name) - 1) * PAGE + 8, bytes(range(256)) * 8)


def cut(data: Path) -> None:
    path = data / "data.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def only_storage(data: Path) -> None:
    (data / "data.db").unlink()
    (data / "auxiliary.db").unlink()
    (data / "storage" / "abc").mkdir(parents=True)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "data.db missing": lambda data: (data / "data.db").unlink(),
    "data.db empty": lambda data: _empty(data / "data.db"),
    "data.db missing beside storage only": only_storage,
    "header overwritten": lambda data: overwrite(data / "data.db", 0, b"nonsense" * 8),
    "not a database": lambda data: (data / "data.db").write_text("hello " * 5000),
    "cut in half": cut,
    "zeroed page": lambda data: zero(data, "posts"),
    "noise in a page": lambda data: noise(data, "comments"),
    "zeroed index page": lambda data: zero(data, "sqlite_autoindex_posts_1"),
    "zeroed system page": lambda data: zero(data, "_collections"),
    "settings are no JSON": lambda data: execute(data, "UPDATE _params SET value = 'nonsense' WHERE id = 'settings'"),
    "fields are no JSON": lambda data: execute(data, "UPDATE _collections SET fields = '{nonsense' WHERE name = 'posts'"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_refused(name: str, data: Path, ours_command: list[str]) -> None:
    """The server says what is wrong, exits with an error and changes nothing."""
    DAMAGES[name](data)
    before = {
        path.name: path.read_bytes()
        for path in data.iterdir()
        if path.is_file() and path.suffix == ".db"
    }
    server = Server(ours_command, data)
    with pytest.raises(StartError, match=r"exit code [1-9]"):
        server.start()
    server.stop()
    after = {
        path.name: path.read_bytes()
        for path in data.iterdir()
        if path.is_file() and path.suffix == ".db"
    }

    assert len(server.log.strip()) > 10
    assert "Traceback" not in server.log
    assert after.get("data.db") == before.get("data.db")


MENDED: dict[str, Callable[[Path], object]] = {
    "auxiliary.db garbage": lambda data: (data / "auxiliary.db").write_text("garbage " * 4000),
    "auxiliary.db empty": lambda data: _empty(data / "auxiliary.db"),
    "auxiliary.db missing": lambda data: (data / "auxiliary.db").unlink(),
    "auxiliary.db page zeroed": lambda data: overwrite(data / "auxiliary.db", PAGE, b"\0" * PAGE),
    "garbage in the -wal": lambda data: (data / "data.db-wal").write_bytes(b"garbage!" * 4096),
    "garbage in the -shm": lambda data: (data / "data.db-shm").write_bytes(b"garbage!" * 4096),
    "no .notify": lambda data: [path.unlink() for path in (data / ".notify").glob("*")],
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_mended(name: str, data: Path, launch: Launch, ours_command: list[str]) -> None:
    """What can be made anew does not keep the server from starting with all its records."""
    MENDED[name](data)
    side = launch(ours_command, data)

    assert side.client().must("GET", "/api/collections/posts/records")["totalItems"] == 25
    assert side.client("superuser").get("/api/logs").status in (200, 404)
    if name == "auxiliary.db garbage":
        aside = [
            path
            for path in data.iterdir()
            if path.is_file() and path.read_bytes().startswith(b"garbage ")
        ]
        assert aside, "the broken file was not set aside"
    side.close()
    with sqlite3.connect(data / "auxiliary.db") as base:
        assert base.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = '_logs'"
        ).fetchone() == (1,)


def test_empty_directory_is_new(launch: Launch, ours_command: list[str], tmp_path: Path) -> None:
    """An empty directory is a new application, not a damaged one."""
    (tmp_path / "pb_data").mkdir()
    side: Side = launch(ours_command, tmp_path / "pb_data")

    assert side.client().get("/api/health").status == 200
    assert side.client().get("/api/collections/users/records").json()["totalItems"] == 0
