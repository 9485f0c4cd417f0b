"""
The official JavaScript SDK, under node, against our server.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from scripts.servers import LIMIT
from tests.oidc import Oidc
from tests.sdk.conftest import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scenario import Side

pytestmark = pytest.mark.sdk

AREAS = ["health", "collections", "records", "auth", "files", "realtime", "batch", "house"]


def _walk(node: Path, side: Side, area: str) -> None:
    _run(node, "walk.mjs", side.server.url, area)


def _run(node: Path, *words: str) -> None:
    line = [str(node), *words]
    done = subprocess.run(
        line,
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=5 * LIMIT,
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
