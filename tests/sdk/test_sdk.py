"""
The official JavaScript SDK, under node, against our server.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenario import Side

pytestmark = pytest.mark.sdk

HERE = Path(__file__).resolve().parent
AREAS = ["health", "collections", "records", "auth"]


@pytest.fixture(scope="session")
def sdk() -> Path:
    """Return node's path once the SDK is installed beside this file."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed: apt-get install nodejs npm")
    if not (HERE / "node_modules" / "pocketbase").is_dir():
        done = subprocess.run(
            [npm, "ci"], cwd=HERE, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"the SDK cannot be installed: {done.stderr.strip()[-300:]}")
    return Path(node)


def _walk(node: Path, side: Side, area: str) -> None:
    line = [str(node), "walk.mjs", side.server.url, area]
    done = subprocess.run(
        line,
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NODE_NO_WARNINGS": "1"},
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("area", AREAS)
def test_ours(area: str, sdk: Path, ours: Side) -> None:
    """The SDK gets along with us."""
    _walk(sdk, ours, area)


@pytest.mark.parametrize("area", AREAS)
def test_reference(area: str, sdk: Path, reference: Side) -> None:
    """The walk itself is right: the reference passes it too."""
    _walk(sdk, reference, area)
