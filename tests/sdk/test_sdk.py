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

from tests.oidc import Oidc

if TYPE_CHECKING:
    from tests.scenario import Side

pytestmark = pytest.mark.sdk

HERE = Path(__file__).resolve().parent
AREAS = ["health", "collections", "records", "auth", "files", "realtime", "batch", "house"]


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
    _run(node, "walk.mjs", side.server.url, area)


def _run(node: Path, *words: str) -> None:
    line = [str(node), *words]
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


@pytest.mark.parametrize("side", ["ours", "reference"])
def test_oauth2(side: str, sdk: Path, request: pytest.FixtureRequest) -> None:
    """The all-in-one flow: the code comes back over realtime, once, and signs in."""
    asked: Side = request.getfixturevalue(side)
    provider = Oidc()
    provider.user("sdk", "sdk@example.com")
    oauth2 = {"oauth2": {"enabled": True, "providers": [provider.options()]}}
    asked.client("superuser").must("PATCH", "/api/collections/users", oauth2)
    try:
        _run(sdk, "oauth2.mjs", asked.server.url)
    finally:
        provider.close()


@pytest.mark.parametrize("area", AREAS)
def test_reference(area: str, sdk: Path, reference: Side) -> None:
    """The walk itself is right: the reference passes it too."""
    _walk(sdk, reference, area)
