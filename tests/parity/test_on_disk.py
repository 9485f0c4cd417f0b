"""
The data directory itself: what we write is what the reference writes, and each opens the other's.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts import servers
from scripts.parity import Ties, value_differences
from tests.data import seed
from tests.parity.test_collection_changes import CHANGES as DEFINITIONS
from tests.parity.test_collection_changes import ROWS, START
from tests.scenario import Pair, Scenario, Side, q

if TYPE_CHECKING:
    from tests.conftest import Launch, Template

pytestmark = pytest.mark.parity

SECRET = re.compile(r'"secret":"[A-Za-z0-9]{50}"')
CLONE = re.compile(r"_clone_\w{4}")
LETTER = r'(?<="body":")<p>Hello,(?:[^"\\]|\\.)*'
"""The default letters, which each side words in its own way."""


# -- reading ---------------------------------------------------------------------------------------


def _open(data: Path, name: str, scratch: Path) -> sqlite3.Connection:
    """Open a copy, so that looking changes nothing."""
    copy = Path(tempfile.mkdtemp(dir=scratch)) / name
    for suffix in ("", "-wal"):
        source = data / f"{name}{suffix}"
        if source.exists():
            shutil.copy(source, f"{copy}{suffix}")
    return sqlite3.connect(copy)


def schema(data: Path, name: str, scratch: Path) -> list[tuple[str, ...]]:
    """Return every object of a database with its exact SQL."""
    with _open(data, name, scratch) as base:
        rows = base.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
        return [tuple(map(str, row)) for row in rows if not row[1].startswith("sqlite_stat")]


def rows(data: Path, scratch: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every row of data.db by table, without what is random in definitions."""
    with _open(data, "data.db", scratch) as base:
        base.row_factory = sqlite3.Row
        names = [
            row[0]
            for row in base.execute(
                "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return {
            name: [_clean(row) for row in base.execute(f"SELECT * FROM `{name}` ORDER BY rowid")]
            for name in sorted(names)
        }


def _clean(row: sqlite3.Row) -> dict[str, Any]:
    kept = {key: row[key] for key in row.keys() if key != "applied"}  # noqa: SIM118
    for key, value in kept.items():
        text = value.decode() if isinstance(value, bytes) else value
        if isinstance(text, str):
            kept[key] = re.sub(LETTER, "~", CLONE.sub("~", SECRET.sub('"secret":"~"', text)))
    return kept


def pragmas(data: Path, name: str, scratch: Path) -> dict[str, Any]:
    """Return the settings that a database file keeps."""
    with _open(data, name, scratch) as base:
        return {
            key: base.execute(f"PRAGMA {key}").fetchone()[0]
            for key in (
                "user_version",
                "application_id",
                "page_size",
                "encoding",
                "auto_vacuum",
                "journal_mode",
            )
        }


def assert_same_on_disk(expected: Path, got: Path, scratch: Path, since: float) -> None:
    """Fail with everything that differs between two directories."""
    for name in ("data.db", "auxiliary.db"):
        one, other = (dict(enumerate(schema(data, name, scratch))) for data in (expected, got))

        assert one == other, name
        assert pragmas(expected, name, scratch) == pragmas(got, name, scratch), name
    found = value_differences(rows(expected, scratch), rows(got, scratch), Ties(since))

    assert not found, "\n".join(found[:40])


# -- a new directory -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fresh(
    launch: Launch,
    ours_command: list[str],
    reference_command: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Pair:
    """Both servers, each on a directory that it made itself, with one superuser."""
    sides = []
    for name, command in (("reference", reference_command), ("ours", ours_command)):
        data = tmp_path_factory.mktemp(f"fresh_{name}") / "pb_data"
        servers.make_superuser(command, data)
        side = launch(command, data)
        side.tokens = {"superuser": side.client().login(servers.EMAIL, servers.PASSWORD).token}
        sides.append(side)
    return Pair(*sides, since=0)


def test_new_directory(
    ours_command: list[str], reference_command: list[str], launch: Launch, tmp_path: Path
) -> None:
    """A first start leaves the same files, schema, migrations, settings and collections."""
    places = {}
    for name, command in (("reference", reference_command), ("ours", ours_command)):
        data = tmp_path / name / "pb_data"
        server = launch(command, data).server
        server.wait_for("pbinstall/")  # the record that the first superuser is made with is there
        server.stop()
        places[name] = data
    expected, got = places["reference"], places["ours"]

    assert_same_on_disk(expected, got, tmp_path, since=0)
    missing = {entry.name for entry in expected.iterdir()} - {entry.name for entry in got.iterdir()}
    assert not missing - {"types.d.ts"}, missing


def test_new_api(fresh: Pair) -> None:
    """The first answers of a new directory are the same."""
    fresh.check(*walk(fresh.reference))


# -- walking ---------------------------------------------------------------------------------------


def walk(side: Side) -> list[Scenario]:
    """Return the questions that show everything a directory holds."""
    root = side.client("superuser")
    names = [
        item["name"] for item in root.must("GET", "/api/collections?perPage=500&sort=name")["items"]
    ]
    by = {"who": "superuser"}
    steps = [
        q("/api/collections?perPage=500&sort=name", blur=LETTER, **by),
        q("/api/health"),
    ]
    for name in names:
        order = "recordRef" if name == "_authOrigins" else "id"
        steps.append(q(f"/api/collections/{name}/records?perPage=500&sort={order}", **by))
        steps.append(q(f"/api/collections/{name}/records?perPage=500&sort=id"))
    return steps


CHANGES = [
    q("/api/collections", "POST", {"name": "later", "type": "base", "fields": [seed.f("text", "a"), seed.f("select", "s", values=["x", "y"], maxSelect=1)], "indexes": ["create index idx_later on later (a)"]}, who="superuser"),
    q("/api/collections/later/records", "POST", {"id": "later0000000001", "a": "ä", "s": "x"}, who="superuser"),
    q("/api/collections/later", "PATCH", {"fields": [seed.f("text", "a"), seed.f("number", "n"), seed.f("json", "j")]}, who="superuser"),
    q("/api/collections/later/records/later0000000001", "PATCH", {"n": 2.5, "j": {"k": [1]}}, who="superuser"),
    q("/api/collections/posts/records/post00000000003", "PATCH", {"title": "changed", "opts+": "w", "n-": 2, "meta": {"a": 1.0, "b": "<&>"}}),
    q("/api/collections/posts/records/post00000000004", "DELETE"),
    q("/api/collections/posts/records", "POST", {"id": "post00000000100", "title": "new", "loc": {"lon": 1.5, "lat": -2}, "when": "2024-01-01"}),
    q("/api/collections/users/records", "POST", {"id": "user00000000100", "email": "late@example.com", "password": "1234567890", "passwordConfirm": "1234567890"}),
    q("/api/collections/users/records/user00000000002", "PATCH", {"password": "changed123", "passwordConfirm": "changed123"}, who="superuser"),
    q("/api/collections/posts", "PATCH", {"listRule": "published = true || @request.auth.id != ''"}, who="superuser"),
    q("/api/collections/tags", "PATCH", {"name": "labels"}, who="superuser"),
]  # fmt: skip


def test_changes_on_disk(pair: Pair, tmp_path: Path) -> None:
    """The same changes leave the same schema and the same rows, value by value."""
    pair.check(*CHANGES)
    assert_same_on_disk(pair.reference.data, pair.ours.data, tmp_path, pair.since)


def _on_another(number: int, value: Any) -> Any:
    """Return bodies of the tests of changes with a collection and indexes of its own."""
    return json.loads(re.sub(r"\bchanged\b|(?<=idx_)changed", f"disk{number}", json.dumps(value)))


def _changed(number: int, change: dict[str, Any]) -> list[Scenario]:
    by, where = {"who": "superuser"}, f"/api/collections/disk{number}"
    rows = [{**row, "id": row["id"][:-3] + f"{number:02d}" + row["id"][-1]} for row in ROWS]
    # NOTE: a name for all would be taken after the first
    body = change | (
        {"name": f"renamed{number}"} if change.get("name", "").startswith("ren") else {}
    )
    return [
        q("/api/collections", "POST", _on_another(number, START), **by),
        *(q(f"{where}/records", "POST", row, **by) for row in rows),
        q(where, "PATCH", _on_another(number, body), **by),
    ]


def test_changed_definitions_on_disk(pair: Pair, tmp_path: Path) -> None:
    """Every kind of change of a definition leaves the same schema and the same rows."""
    named = [change for change in DEFINITIONS.values() if isinstance(change.get("name", ""), str)]
    for number, change in enumerate(named):
        pair.check(*_changed(number, change))
    assert_same_on_disk(pair.reference.data, pair.ours.data, tmp_path, pair.since)


# -- each opens the other's ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swapped(
    launch: Launch,
    ours_command: list[str],
    reference_command: list[str],
    template: Template,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Pair]:
    """Directories made, seeded and changed by each side, served by both sides.

    The keys say who made the directory.
    """
    pairs = {}
    for maker, command in (("reference", reference_command), ("ours", ours_command)):
        data = tmp_path_factory.mktemp(f"made_by_{maker}") / "pb_data"
        servers.make_superuser(command, data)
        side = launch(command, data)
        side.tokens = {"superuser": side.client().login(servers.EMAIL, servers.PASSWORD).token}
        seed.seed(side.client("superuser"))
        for step in CHANGES:
            step.send(side)
        side.server.stop()
        copies = [
            Path(shutil.copytree(data, data.parent / name))
            for name in ("for_reference", "for_ours")
        ]
        both = [
            launch(command, copy)
            for command, copy in zip((reference_command, ours_command), copies, strict=True)
        ]
        for one in both:
            one.tokens = side.tokens
        pairs[maker] = Pair(*both, since=0)
    return pairs


@pytest.mark.parametrize("maker", ["reference", "ours"])
def test_each_opens_the_others(maker: str, swapped: dict[str, Pair]) -> None:
    """A directory made and changed by one side answers equally from both sides."""
    pair = swapped[maker]
    pair.check(*walk(pair.reference))


@pytest.mark.parametrize("maker", ["reference", "ours"])
def test_each_changes_the_others(maker: str, swapped: dict[str, Pair], tmp_path: Path) -> None:
    """It can be changed further by either side, with the same outcome on disk."""
    pair = swapped[maker]
    pair.check(
        q(
            "/api/collections/later",
            "PATCH",
            {"name": "latest", "fields": [seed.f("text", "other")]},
            who="superuser",
        ),
        q(
            "/api/collections/latest/records",
            "POST",
            {"id": "latest000000002", "other": "x"},
            who="superuser",
        ),
        q(
            "/api/collections/users/auth-with-password",
            "POST",
            {"identity": "alice", "password": seed.PASSWORD},
        ),
        q("/api/collections/users/records/user00000000100", "DELETE", who="superuser"),
        q("/api/collections/posts/records/post00000000100", "PATCH", {"n+": 3}),
        *walk(pair.reference),
    )
    assert_same_on_disk(pair.reference.data, pair.ours.data, tmp_path, since=0)


@pytest.mark.parametrize("maker", ["reference", "ours"])
def test_made_by_either_is_the_same(maker: str, swapped: dict[str, Pair], tmp_path: Path) -> None:
    """Seeding through one server or through the other gives the same directory."""
    other = "ours" if maker == "reference" else "reference"
    made = [swapped[name].reference.data.parent / "pb_data" for name in (maker, other)]
    assert_same_on_disk(made[0], made[1], tmp_path, since=0)
