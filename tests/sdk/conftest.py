"""The official JavaScript SDK, installed once beside the tests."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SDK = HERE / "node_modules" / "pocketbase"


@pytest.fixture(scope="session")
def sdk() -> Path:
    """Return node's path once the SDK is installed beside this file."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("node and npm are not installed: apt-get install nodejs npm")
    # NOTE: other test processes may want to install it at the same time
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not SDK.is_dir():
            _install(npm)
    return Path(node)


def _install(npm: str) -> None:
    for _ in range(3):  # a download may fail
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode == 0:
            return
    pytest.skip(f"the SDK cannot be installed: {done.stderr.strip()[-300:]}")
