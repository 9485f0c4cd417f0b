"""
Backups: made, listed, fetched, uploaded, removed; and restored from each other's archives.
"""

from __future__ import annotations

import io
import os
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from scripts.http_client import Client
from tests.parity.multipart import FORM, body, form
from tests.scenario import Pair, Scenario, q
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenario import Side

pytestmark = pytest.mark.parity

BACKUPS = "/api/backups"
STAMPS = r'"modified":"[^"]*"|"size":\d+|\d{14}'
LOOK = (
    "content-type", "content-disposition", "accept-ranges", "cache-control", "content-security-policy",
    "x-frame-options",
)  # fmt: skip


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in (files or {"data.db": b"x"}).items():
            made.writestr(name, data)
    return out.getvalue()


def root(url: str, method: str = "GET", data: object = None, **more: object) -> Scenario:
    return q(url, method, data, who="superuser", blur=STAMPS, **more)  # type: ignore[arg-type]


def as_root(scenario: Scenario) -> Scenario:
    blur = rf"{STAMPS}|[a-z0-9]+_[a-z0-9]{{10}}\."
    return Scenario(**{**vars(scenario), "who": "superuser", "blur": blur})


CREATE = [
    None, {}, {"name": ""}, {"name": None}, {"name": "test"}, {"name": "A.zip"}, {"name": "a b.zip"}, {"name": "@a.zip"},
    {"name": "../x.zip"}, {"name": 123}, {"name": "a" * 147 + ".zip"}, {"name": ".zip"}, {"name": "ä.zip"},
    {"name": "a.zip\n"}, {"NAME": "upper.zip"},
]  # fmt: skip


@pytest.mark.parametrize("data", CREATE, ids=str)
def test_names(pair: Pair, data: object):
    """
    Names are checked alike.
    """
    if not (data and data.get("name", data.get("NAME"))):
        time.sleep(1.01)  # the server's own names tell backups apart by the second
    pair.check(root(BACKUPS, "POST", data))


def test_who_may(pair: Pair):
    """
    All of it is for superusers.
    """
    questions = [
        (BACKUPS, "GET"), (BACKUPS, "POST"), (f"{BACKUPS}/upload", "POST"), (f"{BACKUPS}/x.zip", "DELETE"),
        (f"{BACKUPS}/x.zip/restore", "POST"), (f"{BACKUPS}/x.zip", "GET"), (f"{BACKUPS}/x.zip", "HEAD"),
    ]  # fmt: skip
    pair.check(
        *[q(url, method, who=who) for url, method in questions for who in ("guest", "alice")]
    )


def test_a_life(pair: Pair):
    """
    Made, listed, refused twice, fetched with a token, removed.
    """
    token = q("/api/files/token", "POST", who="superuser", save={"token": "token"})
    one = f"{BACKUPS}/life.zip"
    pair.check(
        root(BACKUPS, "POST", {"name": "life.zip"}),
        root(BACKUPS, "POST", {"name": "life.zip"}),
        root(f"{BACKUPS}?fields=key"),
        q(one),
        q(one, who="superuser"),
        q(f"{one}?token=wrong"),
        token,
        q(f"{one}?token={{token}}", "HEAD", look_at=LOOK),
        q(f"{BACKUPS}/missing.zip?token={{token}}"),
        q(f"{BACKUPS}/missing.zip?token={{token}}", "HEAD"),
        root(f"{BACKUPS}/missing.zip/restore", "POST"),
        root(one, "DELETE"),
        root(f"{one}.attrs", "DELETE"),
    )
    for side in (pair.reference, pair.ours):
        again = side.client("superuser").delete(one)

        assert again.status == 400
        assert "Invalid or already deleted backup file. Raw error: \n" in again.json()["message"]
    assert str(pair.ours.data) not in again.text


def test_uploads(pair: Pair):
    """
    An upload keeps its name and must be a zip.
    """
    url = f"{BACKUPS}/upload"
    steps = [
        form(url, ("file", "x.zip", archive())),
        form(url, ("file", "x.zip", archive())),
        form(url, ("file", "Up Name.ZIP", archive())),
        form(url, ("file", "../../up.zip", archive())),
        form(url, ("file", "plain", archive())),
        form(url, ("file", "x.zip", b"hello")),
        form(url, ("file", "y.zip", b"hello")),
        form(url, ("file", "text")),
        form(url, ("other", "x.zip", archive())),
        q(url, "POST", {}),
        root(f"{BACKUPS}?fields=key"),
    ]
    pair.check(*[as_root(step) if step.name != "x" else step for step in steps])


KINDS = [
    "text/plain",
    "APPLICATION/JSON",
    "application/octet-stream",
    "multipart/mixed; boundary=b",
]


@pytest.mark.parametrize("kind", KINDS)
def test_bodies_of_other_kinds(pair: Pair, kind: str):
    """
    A body that is no form makes no backup, and holds none.
    """
    headers = {"Content-Type": kind}
    pair.check(
        root(BACKUPS, "POST", '{"name":"kind.zip"}', headers=headers),
        root(f"{BACKUPS}/upload", "POST", "x", headers=headers),
        root(f"{BACKUPS}/upload", "POST", "--x--", headers=FORM),
    )


def test_odd_files(pair: Pair):
    """
    Whatever lies in the folder is listed and sent under its name; what is known of files is not.
    """
    for side in (pair.reference, pair.ours):
        folder = side.data / "backups"
        folder.mkdir(exist_ok=True)
        for name in ("ünï.zip", "sp ace.zip", ".hidden.zip", "plain", "UP.ZIP"):
            (folder / name).write_bytes(b"x")
    names = (
        "%C3%BCn%C3%AF.zip",
        "sp%20ace.zip",
        ".hidden.zip",
        "plain",
        "UP.ZIP",
        "up.zip",
        "x.attrs",
    )
    pair.check(
        q("/api/files/token", "POST", who="superuser", save={"odd": "token"}),
        *(q(f"{BACKUPS}/{name}?token={{odd}}", look_at=LOOK) for name in names),
        root(f"{BACKUPS}?fields=key"),
        *(root(f"{BACKUPS}/{name}", "DELETE") for name in names[:-2]),
    )


def test_a_dead_bucket(pair: Pair):
    """
    What cannot be done is told as such, whatever the reason.
    """
    dead = {"enabled": True, "bucket": "b", "region": "r", "accessKey": "a", "secret": "s"}
    dead |= {"endpoint": "http://127.0.0.1:1", "forcePathStyle": True}
    reason = r"Raw error: \\n.*?(?=\",)"
    steps = [
        q("/api/settings?fields=backups", "PATCH", {"backups": {"s3": dead}}, who="superuser"),
        q(BACKUPS, who="superuser", blur=reason),
        q(BACKUPS, "POST", {"name": "x.zip"}, who="superuser", blur=reason),
        q(f"{BACKUPS}/x.zip", "DELETE", who="superuser", blur=reason),
        q(f"{BACKUPS}/x.zip/restore", "POST", who="superuser", blur=reason),
        q(
            "/api/settings?fields=backups",
            "PATCH",
            {"backups": {"s3": {"enabled": False}}},
            who="superuser",
        ),
    ]
    pair.check(*steps)


def tell(side: Side, title: str) -> None:
    """Leave a mark in the data: a record with a file."""
    answer = side.client("superuser").ask(
        "POST", "/api/collections/users/records",
        body(("email", f"{title}@example.com"), ("password", "1234567890"), ("passwordConfirm", "1234567890"),
             ("name", title)), FORM,
    )  # fmt: skip
    assert answer.status == 200, answer.text


def names(side: Side) -> set[str]:
    answer = Client(side.server.port, side.tokens["superuser"]).get(
        "/api/collections/users/records", perPage=500, filter="name ~ 'mark'"
    )
    return {item["name"] for item in answer.json()["items"]}


def await_names(side: Side, wanted: set[str]) -> None:
    eventually(lambda: names(side) == wanted, lambda: names(side))


def bring(side: Side, path: Path, name: str) -> None:
    data = path.read_bytes()
    answer = side.client("superuser").ask(
        "POST", f"{BACKUPS}/upload", body(("file", name, data)), FORM
    )
    assert answer.status == 204, answer.text


def restore(side: Side, name: str) -> None:
    for client in side._clients.values():
        client.close()
    assert side.client("superuser").post(f"{BACKUPS}/{name}/restore").status == 204


@pytest.mark.parametrize("direction", ["theirs to us", "ours to them", "ours to us"])
def test_restoring(launch, ours_command, reference_command, direction: str):
    """
    An archive of either side is restored by either; the process keeps its id.
    """
    ways = {
        "theirs to us": (reference_command, ours_command),
        "ours to them": (ours_command, reference_command),
        "ours to us": (ours_command, ours_command),
    }
    source, target = (launch(command) for command in ways[direction])
    tell(source, "mark-source")
    tell(target, "mark-target")
    storage = source.data / "storage" / "extra" / "record"
    storage.mkdir(parents=True, exist_ok=True)
    (storage / "file.txt").write_text("hello")
    source.client("superuser").must("POST", BACKUPS, {"name": "moved.zip"})
    bring(target, source.data / "backups" / "moved.zip", "moved.zip")
    pid = target.server.process.pid
    restore(target, "moved.zip")
    await_names(target, {"mark-source"})

    assert target.server.process.poll() is None
    assert target.server.pids()[0] == pid
    assert (target.data / "storage" / "extra" / "record" / "file.txt").read_text() == "hello"
    assert (target.data / "backups" / "moved.zip").exists()
    for client in target._clients.values():
        client.close()
    tell(target, "mark-after")
    await_names(target, {"mark-source", "mark-after"})


BAD = {
    "no database": archive(**{"storage/x": b"x"}),
    "damaged database": archive(**{"data.db": b"SQLite format 3\x00" + os.urandom(5000)}),
    "text for a database": archive(**{"data.db": b"hello"}),
    "way out": archive(**{"../evil.txt": b"x", "data.db": b"x"}),
    "absolute": archive(**{"/tmp/evil-pb.txt": b"x", "data.db": b"x"}),
    "backslash": archive(**{"..\\evil.txt": b"x", "data.db": b"x"}),
    "cut off": archive(**{"data.db": os.urandom(5000)})[:-60],
    "bomb": None,
}


def bomb() -> bytes:
    """Return a small archive whose directory claims four gigabytes."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made,
        made.open("data.db", "w") as entry,
    ):
        for _ in range(50):
            entry.write(bytes(1 << 20))
    text = bytearray(out.getvalue())
    at = text.rfind(b"PK\x01\x02")
    text[at + 24 : at + 28] = b"\xf0\xff\xff\xff"
    return bytes(text)


@pytest.mark.parametrize("number", range(len(BAD)), ids=list(BAD))
def test_what_cannot_be_restored(ours: Side, number: int):
    """
    The old data goes on as if nothing had been asked.
    """
    kind = list(BAD)[number]
    before = names(ours)
    (ours.data / "backups").mkdir(exist_ok=True)
    (ours.data / "backups" / f"bad{number}.zip").write_bytes(BAD[kind] or bomb())
    restore(ours, f"bad{number}.zip")
    eventually(lambda: _is_told(ours, f"bad{number}.zip"))
    assert names(ours) == before
    assert not list(ours.data.parent.rglob("evil*"))
    assert list((ours.data / ".pb_temp_to_delete").iterdir()) == []


def _is_told(side: Side, key: str) -> bool:
    logs = Client(side.server.port, side.tokens["superuser"]).get(
        "/api/logs", filter=f"message = 'backup {key} was not restored'"
    )
    return logs.status == 200 and logs.json()["totalItems"] > 0
