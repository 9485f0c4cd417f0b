"""The systemd unit: well-formed, and it forbids nothing that the server does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "build" / "systemd" / "pocketbase.service"
CALLED = {
    *("accept4", "bind", "clone", "execve", "fdatasync", "flock", "kill", "mmap"),
    *("prlimit64", "setpriority", "statx", "wait4"),
}
"""System calls of a walk over the API, as strace saw them, that a filter could well forbid."""

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine"
)


def said(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


def test_unit_is_well_formed():
    """The only complaint may be that the executable is not installed where we are tested."""
    complaints = [
        text for text in said("verify", str(UNIT)).stderr.splitlines() if UNIT.name in text
    ]
    assert all("not executable" in text for text in complaints), complaints


def members(groups: dict[str, list[str]], name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    return set().union(*(members(groups, each) for each in groups[name]))


def test_calls_of_the_server_are_allowed():
    """A forbidden call would end the service at somebody's first sign-in."""
    groups: dict[str, list[str]] = {}
    for line in said("syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif line.startswith(" ") and not line.strip().startswith("#"):
            groups[name].append(line.strip())
    allowed = members(groups, "@default")
    for line in UNIT.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "SystemCallFilter":
            change = allowed.difference_update if value[0] == "~" else allowed.update
            change(*(members(groups, each) for each in value.lstrip("~").split()))
    assert allowed >= CALLED, CALLED - allowed
