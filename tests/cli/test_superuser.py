"""
`superuser …` and `migrate up`: the same words, on the same stream, with the same exit code.
"""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

from scripts import servers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.parity

STAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
RANDOM = re.compile(r"(Id:    )[a-z0-9]{15}|(Pass:  )\d{8}")
PASSWORD = "1234567890"
LONG = "a" * 250 + "@example.com"

STORIES = {
    "create": [
        ("create",),
        ("create", "a@b.co"),
        ("create", "a@b.co", PASSWORD, "more"),
        ("create", "", PASSWORD),
        ("create", "bad", PASSWORD),
        ("create", "a@b", PASSWORD),
        ("create", "a b@c.co", PASSWORD),
        ("create", " a@c.co", PASSWORD),
        ("create", "a..b@c.co", PASSWORD),
        ("create", "a@c..co", PASSWORD),
        ("create", "a@-c.co", PASSWORD),
        ("create", "a@b.co", "123"),
        ("create", "a@b.co", ""),
        ("create", "a@b.co", "x" * 72),
        ("create", "a@b.co", "é" * 36),
        ("create", "a@b.co", PASSWORD),
        ("create", "A+tag@B.co", PASSWORD),
        ("create", "--unknown", "a@b.co", PASSWORD),
        ("create", "-x", "a@b.co", PASSWORD),
    ],
    "upsert": [
        ("upsert",),
        ("upsert", "bad", PASSWORD),
        ("upsert", "a@b.co", "1"),
        ("upsert", "a@b.co", PASSWORD),
        ("upsert", "a@b.co", PASSWORD + "1"),
        ("upsert", "other@b.co", PASSWORD),
        ("upsert", "__pbinstaller@example.com", PASSWORD),
    ],
    "update": [
        ("update",),
        ("update", "bad", PASSWORD),
        ("update", "missing@b.co", PASSWORD),
        ("upsert", "a@b.co", PASSWORD),
        ("update", "a@b.co"),
        ("update", "a@b.co", "1"),
        ("update", "a@b.co", PASSWORD + "1"),
    ],
    "delete": [
        ("delete",),
        ("delete", ""),
        ("delete", "bad"),
        ("delete", "missing@b.co"),
        ("upsert", "a@b.co", PASSWORD),
        ("upsert", "c@d.co", PASSWORD),
        ("delete", "a@b.co"),
        ("delete", "a@b.co"),
        ("delete", "c@d.co"),
        ("delete", "c@d.co", "more"),
    ],
    "otp": [
        ("otp",),
        ("otp", "bad"),
        ("otp", "missing@b.co"),
        ("upsert", "a@b.co", PASSWORD),
        ("otp", "a@b.co"),
    ],
    "ips": [
        ("ips",),
        ("ips", "1.2.3.4", "10.0.0.0/8"),
        ("ips", "::1", "::/0", "1.2.3.4", "1.2.3.4"),
        ("ips", "1.2.3"),
        ("ips", "1.2.3.4", "x", "1.2.3.4/99"),
        ("ips",),
    ],
}


class Twins:
    """One command line, asked of both programs on a data directory each."""

    def __init__(self, reference: list[str], ours: list[str], folder: Path) -> None:
        self._sides = [(reference, folder / "reference"), (ours, folder / "ours")]

    def differences(self, *words: str) -> list[str]:
        expected, got = (self._ask(command, data, words) for command, data in self._sides)
        return [] if expected == got else [f"{' '.join(words)}\n  {expected}\n  {got}"]

    def _ask(self, command: list[str], data: Path, words: tuple[str, ...]) -> tuple[int, str, str]:
        done = servers.run(command, *words, f"--dir={data}")
        out = RANDOM.sub(r"\1\2~", done.stdout)
        return done.returncode, out, STAMP.sub("<time> ", done.stderr)

    def sql(self, query: str) -> list[list[tuple]]:
        rows = []
        for _, data in self._sides:
            with sqlite3.connect(data / "data.db") as db:
                rows.append(db.execute(query).fetchall())
        return rows


@pytest.fixture
def twins(reference_command, ours_command, tmp_path) -> Twins:
    return Twins(reference_command, ours_command, tmp_path)


@pytest.mark.parametrize("name", STORIES)
def test_superuser(name, twins):
    """Every sub-command answers as the reference does, right and wrong."""
    found = [line for words in STORIES[name] for line in twins.differences("superuser", *words)]

    assert not found, "\n" + "\n".join(found)
    expected, got = twins.sql(
        "SELECT email, emailVisibility, verified FROM _superusers ORDER BY email"
    )
    assert expected == got


def test_otp_when_it_is_on(twins):
    """A one-time password is printed once it is switched on, and kept as a hash."""
    twins.differences("superuser", "upsert", "a@b.co", PASSWORD)
    for _, data in twins._sides:
        with sqlite3.connect(data / "data.db") as db:
            db.execute(
                "UPDATE _collections SET options = json_set(options, '$.otp.enabled', json('true'))"
                " WHERE name = '_superusers'"
            )

    assert twins.differences("superuser", "otp", "a@b.co") == []
    expected, got = twins.sql(
        "SELECT collectionRef, sentTo, substr(password, 1, 7), length(password) FROM _otps"
    )
    assert expected == got == [("pbc_3142635823", "", "$2a$08$", 60)]


@pytest.mark.parametrize("words", [(), ("up",), ("bogus",)], ids=str)
def test_migrate(words, twins):
    """System migrations are applied when the directory is opened; what is unknown is refused."""
    assert twins.differences("migrate", *words) == []
    if words == ("bogus",):  # NOTE: we refuse it before we touch the directory
        return
    expected, got = twins.sql("SELECT file FROM _migrations ORDER BY file")
    assert expected == got


@pytest.mark.parametrize("verb", ["down", "collections"])
def test_user_migrations_say_that_they_come_later(verb, ours_command, tmp_path):
    """What is not there yet is refused in plain words."""
    done = servers.run(ours_command, "migrate", verb, f"--dir={tmp_path / 'pb_data'}")

    assert done.returncode == 1
    assert "not available yet" in done.stderr
