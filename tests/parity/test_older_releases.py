"""
Data directories of older releases: brought up to date as the reference does it, or left alone.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts import reference, servers
from scripts.http_client import Client
from tests.data import seed
from tests.parity.test_on_disk import assert_same_on_disk, walk
from tests.scenario import Pair, q

if TYPE_CHECKING:
    from tests.conftest import Launch

pytestmark = pytest.mark.parity


def _made_by(version: str, data: Path) -> list[str]:
    try:
        command = [str(reference.older(version))]
    except (reference.ReferenceUnavailableError, OSError) as error:
        pytest.skip(f"release {version} is not available: {error}")
    return command


OLD_COLLECTION = {
    "name": "old",
    "type": "base",
    "listRule": "",
    "fields": [
        seed.f("text", "title"),
        seed.f("select", "many", values=["a", "b"], maxSelect=2),
        seed.f("autodate", "created", onCreate=True),
    ],
    "indexes": ["create unique index `idx_old` on `old` (`title`)"],
}


@pytest.mark.slow
@pytest.mark.parametrize("version", ["0.23.12", "0.30.4", "0.36.9", "0.39.11"])
def test_older_release(
    version: str,
    launch: Launch,
    ours_command: list[str],
    reference_command: list[str],
    tmp_path: Path,
) -> None:
    """A directory of an older release is brought up to date as the reference does it."""
    data = tmp_path / "pb_data"
    command = _made_by(version, data)
    servers.make_superuser(command, data)
    with servers.Server(command, data, ("--automigrate=false",)) as old:
        root = Client(old.port).login(servers.EMAIL, servers.PASSWORD)
        root.must("POST", "/api/collections", OLD_COLLECTION)
        for i, many in enumerate([[], ["a"], ["b", "a"]]):
            root.must(
                "POST",
                "/api/collections/old/records",
                {"id": seed.make_id("old", i), "title": f"t{i}", "many": many},
            )
    copies = [
        Path(shutil.copytree(data, tmp_path / name / "pb_data"))
        for name in ("for_reference", "for_ours")
    ]
    sides = [
        launch(one, copy)
        for one, copy in zip((reference_command, ours_command), copies, strict=True)
    ]
    for side in sides:
        side.tokens = {"superuser": root.token}
    pair = Pair(*sides, since=0)
    pair.check(*walk(pair.reference))
    assert_same_on_disk(pair.reference.data, pair.ours.data, tmp_path, since=0)


@pytest.mark.slow
def test_release_before_the_great_change(ours_command: list[str], tmp_path: Path) -> None:
    """A directory from before 0.23 is refused with a message and left as it was."""
    if "reference" in ours_command[0]:
        pytest.skip("the reference converts such directories")
    data = tmp_path / "pb_data"
    command = _made_by("0.22.27", data)
    with servers.Server(command, data, ("--automigrate=false",)):
        pass
    before = {path.name: path.read_bytes() for path in data.glob("*.db")}
    server = servers.Server(ours_command, data)
    with pytest.raises(servers.StartError, match=r"exit code [1-9]"):
        server.start()
    after = {path.name: path.read_bytes() for path in data.glob("*.db")}

    assert len(server.log.strip()) > 20
    assert {name: after.get(name) for name in before} == before


# -- from before the great change, by way of the reference -----------------------------------------


def _schema(name: str, type: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "type": type, "options": options}


def _fill_ancient(root: Client) -> None:
    """Make what every kind of collection and field looked like then."""
    users = root.must("GET", "/api/collections/users")["id"]
    fields = [
        _schema("t", "text", min=1, max=10, pattern="^a"),
        _schema("n", "number", min=1, noDecimal=True),
        _schema("b", "bool"),
        _schema("e", "email", onlyDomains=["a.co"]),
        _schema("u", "url"),
        _schema("ed", "editor", convertUrls=True),
        _schema("d", "date", min="2020-01-01 00:00:00.000Z"),
        _schema("s", "select", values=["x", "y"], maxSelect=1),
        _schema("m", "select", values=["x", "y"], maxSelect=2),
        _schema("j", "json", maxSize=100),
        _schema("f", "file", maxSelect=2, maxSize=1000, thumbs=["10x10"]),
        _schema("r", "relation", collectionId=users, maxSelect=1, cascadeDelete=True),
        _schema("rr", "relation", collectionId=users, maxSelect=None, minSelect=None),
    ]
    posts = {
        "name": "posts",
        "type": "base",
        "listRule": "",
        "viewRule": "",
        "createRule": '@request.data.t != ""',
        "schema": fields,
        "indexes": ["create index idx_p on posts (t)"],
    }
    query = {"query": "select id, t, (n+1) as n1, created from posts"}
    root.must("POST", "/api/collections", posts)
    root.must(
        "POST", "/api/collections", {"name": "v", "type": "view", "listRule": "", "options": query}
    )
    word = seed.PASSWORD
    bob = {"id": "user00000000001", "username": "bob", "email": "bob@example.com"}
    root.must(
        "POST", "/api/collections/users/records", {**bob, "password": word, "passwordConfirm": word}
    )
    root.must("POST", "/api/collections/posts/records", {"t": "abd"})
    root.must("POST", "/api/collections/posts/records", ANCIENT_POST)


ANCIENT_POST = {
    "id": "post00000000001", "t": "abc", "n": 2, "b": True, "e": "x@a.co", "u": "http://x.y", "ed": "<p>", "d": "2021-01-01",
    "s": "x", "m": ["x", "y"], "j": {"a": 1}, "r": "user00000000001", "rr": ["user00000000001"],
}  # fmt: skip
LATER = [
    q("/api/collections/users/auth-with-password", "POST", {"identity": "bob", "password": seed.PASSWORD}),
    q("/api/collections/posts", "PATCH", {"name": "posts2", "listRule": 't != ""'}, who="superuser"),
    q("/api/collections/posts2/records", "POST", {"t": "axy", "s": "y", "id": "post00000000009"}),
    q("/api/collections/posts2/records", who="superuser"),
    q("/api/collections/v/records"),
    q("/api/collections/users", "PATCH", {"indexes": []}, who="superuser"),
]  # fmt: skip


@pytest.mark.slow
def test_converted_directory(
    launch: Launch, ours_command: list[str], reference_command: list[str], tmp_path: Path
) -> None:
    """What the reference made of a directory from before 0.23 works alike on both sides."""
    data = tmp_path / "pb_data"
    command = _made_by("0.22.27", data)
    servers.run(command, "migrate", "up", f"--dir={data}")
    servers.run(command, "admin", "create", servers.EMAIL, servers.PASSWORD, f"--dir={data}")
    with servers.Server(command, data, ("--automigrate=false",)) as old:
        who = {"identity": servers.EMAIL, "password": servers.PASSWORD}
        token = Client(old.port).must("POST", "/api/admins/auth-with-password", who)["token"]
        _fill_ancient(Client(old.port, token))
    with servers.Server(reference_command, data, ("--automigrate=false",)):
        pass
    sides = []
    for name, one in (("for_reference", reference_command), ("for_ours", ours_command)):
        side = launch(one, Path(shutil.copytree(data, tmp_path / name / "pb_data")))
        side.tokens = {"superuser": side.client().login(servers.EMAIL, servers.PASSWORD).token}
        sides.append(side)
    pair = Pair(*sides, since=0)
    pair.check(*walk(pair.reference), *LATER, *walk(pair.reference))
    assert_same_on_disk(pair.reference.data, pair.ours.data, tmp_path, since=0)
