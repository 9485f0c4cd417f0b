"""
The command line: exit codes and messages of both programs, word for word.

Help texts are our own words; they only have to name the same commands, flags and defaults.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from scripts import servers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Template

pytestmark = pytest.mark.parity

STAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
EMAIL = "new@example.com"
LINES: list[list[str]] = [
    [],
    ["--help"],
    ["-h"],
    ["serve", "--help"],
    ["superuser", "--help"],
    ["superuser"],
    ["superuser", "create", "--help"],
    ["superuser", "update", "--help"],
    ["superuser", "upsert", "--help"],
    ["superuser", "delete", "--help"],
    ["superuser", "otp", "--help"],
    ["superuser", "ips", "--help"],
    ["migrate", "--help"],
    ["nope"],
    ["serv"],
    ["s"],
    ["SUPERUSERS"],
    ["help"],
    ["completion"],
    ["--nope"],
    ["--nope", "superuser"],
    ["serve", "--nope"],
    ["serve", "--http=bad"],
    ["serve", "--http=127.0.0.1:99999"],
    ["superuser", "nope"],
    ["superuser", "--nope"],
    ["superuser", "create"],
    ["superuser", "create", EMAIL],
    ["superuser", "create", "bad", "1234567890"],
    ["superuser", "create", "", ""],
    ["superuser", "create", EMAIL, "short"],
    ["superuser", "create", EMAIL, "x" * 72],
    ["superuser", "create", EMAIL, "1234567890"],
    ["superuser", "create", "root@example.com", "1234567890"],
    ["superuser", "create", EMAIL, "1234567890", "extra"],
    ["superuser", "update"],
    ["superuser", "update", "missing@example.com", "1234567890"],
    ["superuser", "update", "root@example.com", "short"],
    ["superuser", "update", "root@example.com", "1234567890"],
    ["superuser", "update", "bad", "1234567890"],
    ["superuser", "upsert"],
    ["superuser", "upsert", "root@example.com", "1234567890"],
    ["superuser", "upsert", EMAIL, "1234567890"],
    ["superuser", "upsert", "bad", "1234567890"],
    ["superuser", "upsert", EMAIL, "short"],
    ["superuser", "delete"],
    ["superuser", "delete", "bad"],
    ["superuser", "delete", "missing@example.com"],
    ["superuser", "delete", "root@example.com"],
    ["superuser", "delete", "root@example.com", "extra"],
    ["superuser", "otp"],
    ["superuser", "otp", "bad"],
    ["superuser", "otp", "missing@example.com"],
    ["superuser", "otp", "root@example.com"],
    ["superuser", "ips"],
    ["superuser", "ips", "127.0.0.1", "10.0.0.0/8"],
    ["superuser", "ips", "nonsense"],
    ["migrate"],
    ["migrate", "up"],
    ["migrate", "nope"],
    ["migrate", "create"],
    ["migrate", "history-sync"],
    ["--dev=maybe", "superuser"],
    ["--queryTimeout=x", "superuser"],
    ["--automigrate=false", "superuser", "create", EMAIL, "1234567890"],
    ["superuser", "create", EMAIL, "x" * 73],
    ["superuser", "-h", "create"],
    ["--help", "superuser"],
    ["-h", "nope"],
    ["nope", "--help"],
    [""],
    ["", ""],
    ["-"],
    ["---"],
    ["--=x", "superuser", "ips"],
    ["--help=x"],
    ["--queryTimeout=010", "superuser", "ips"],
    ["--queryTimeout=0x10", "superuser", "ips"],
    ["--queryTimeout=1_000", "superuser", "ips"],
    ["--queryTimeout= 5", "superuser", "ips"],
    ["--queryTimeout=99999999999999999999", "superuser", "ips"],
    ["--queryTimeout", "superuser", "ips"],
    ["superuser", "create", "--automigrate=false", EMAIL, "1234567890", "--queryTimeout", "5"],
]


def _say(command: list[str], line: list[str], data: Path) -> tuple[int, set[str], set[str]]:
    """Run one line; the programs may only differ in their own name and place."""
    done = servers.run(command, *line, f"--dir={data}")
    texts = (STAMP.sub("", text).replace(str(data), "DIR") for text in (done.stdout, done.stderr))
    out, err = (text.replace(command[0], "pocketbase") for text in texts)
    return done.returncode, _gist(out), _gist(err)


FLAG = re.compile(r"^\s+(?:-\w, )?--\w+(?: (?:string|strings|int))?(?=\s)", re.MULTILINE)
COMMAND = re.compile(r"^  ([a-z-]+) {2,}\w", re.MULTILINE)


def _gist(text: str) -> set[str]:
    """Keep of a usage text what scripts rely on; other texts stay as they are."""
    last = text.strip().rpartition("\n")[2]
    if "Usage:" not in text:
        return {text.strip()}
    if last.startswith(("unknown", "invalid")):
        return {last}
    defaults = re.findall(r"\(default (?!to ).*?\)", text)
    return {*COMMAND.findall(text), *(flag.strip() for flag in FLAG.findall(text)), *defaults}


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_line(
    line: list[str],
    template: Template,
    tmp_path: Path,
    ours_command: list[str],
    reference_command: list[str],
) -> None:
    """A command line ends with the same code and the same words."""
    expected = _say(reference_command, line, template.copy(tmp_path / "reference"))
    got = _say(ours_command, line, template.copy(tmp_path / "ours"))

    assert got[0] == expected[0]
    assert got[1] >= expected[1]
    assert got[2] >= expected[2]


def test_forgotten_migrations(
    template: Template, tmp_path: Path, ours_command: list[str], reference_command: list[str]
) -> None:
    """`migrate history-sync` forgets applied migrations whose files are gone, and no others."""
    left = []
    for name, command in (("reference", reference_command), ("ours", ours_command)):
        data = template.copy(tmp_path / name / "pb_data")
        (tmp_path / name / "pb_migrations").mkdir()
        (tmp_path / name / "pb_migrations" / "1_kept.js").write_text("migrate(() => {}, () => {})")
        with closing(sqlite3.connect(data / "data.db")) as base, base:
            base.executemany(
                "INSERT INTO _migrations VALUES (?, 1)", [("1_kept.js",), ("2_gone.js",)]
            )
        done = servers.run(command, "migrate", "history-sync", f"--dir={data}")
        with closing(sqlite3.connect(data / "data.db")) as base:
            left.append((done.returncode, set(base.execute("SELECT file FROM _migrations"))))

    assert left[1] == left[0]
    assert ("1_kept.js",) in left[1][1]


def test_version(ours_command: list[str]) -> None:
    """`--version` prints one line with the program's name and version."""
    for line in (["--version"], ["-v"], ["--version", "superuser"], ["-v", "serve"]):
        done = servers.run(ours_command, *line)

        assert done.returncode == 0
        assert re.fullmatch(r"pocketbase version \d+\.\d+\.\d+\S*\n", done.stdout), done.stdout


def test_banner(ours_command: list[str], template: Template, tmp_path: Path) -> None:
    """A start prints when and where, and the installer's link only while it is needed."""
    with servers.Server(ours_command, template.copy(tmp_path / "seeded")) as server:
        text = server.wait_for("Dashboard: ")
    with servers.Server(ours_command, tmp_path / "new" / "pb_data") as new:
        first = new.wait_for("pbinstall")

    assert re.match(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d Server started at http://127", text), text
    assert f"├─ REST API:  {server.url}/api/" in text
    assert f"└─ Dashboard: {server.url}/_/" in text
    assert "pbinstall" not in text
    assert f"{new.url}/_/#/pbinstall/ey" in first
