"""The executable that `make binary` leaves in `.builds`; `make binary-test` runs these."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXECUTABLE = Path(os.environ.get("POCKETBASE_BINARY") or ROOT / ".builds" / "pocketbase")
MOST_BYTES = 45 * 10**6

pytestmark = [
    pytest.mark.binary,
    pytest.mark.skipif(not EXECUTABLE.exists(), reason=f"{EXECUTABLE} was not made: make binary"),
]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: chroot")


def test_size():
    assert EXECUTABLE.stat().st_size <= MOST_BYTES


def test_walk_over_the_api():
    line = [sys.executable, str(ROOT / "build" / "smoke.py"), str(EXECUTABLE)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def empty_root(tmp_path):
    """A root with nothing but the executable and /proc."""
    root = tmp_path / "root"
    for name in ("proc", "data"):
        (root / name).mkdir(parents=True)
    os.chown(root / "data", 65534, 65534)
    shutil.copy(EXECUTABLE, root / "pocketbase")
    subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
    yield root
    subprocess.run(["umount", str(root / "proc")], check=True)


def inside(root, *args, user="65534"):
    runtime = "POCKETBASE_RUNTIME_DIR=/data/rt"
    chroot = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin")
    line = [chroot, f"--userspec={user}:{user}", str(root), "/pocketbase", *args]
    return ["env", "-i", runtime, *line]


@root_only
def test_empty_root_as_an_ordinary_user(empty_root):
    """No Python, no shell, no C library: sign in and serve all the same."""
    done = subprocess.run(
        inside(empty_root, "--version"), capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("pocketbase version "), done.stderr
    words = ("superuser", "upsert", "a@example.com", "1234567890", "--dir=/data/pb_data")
    done = subprocess.run(inside(empty_root, *words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    port = free_port()
    serve = inside(empty_root, "serve", f"--http=127.0.0.1:{port}", "--dir=/data/pb_data")
    process = subprocess.Popen(serve, stdout=subprocess.DEVNULL)
    try:
        assert health(port) == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def health(port):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5) as answer:
                return answer.status
        except OSError:
            time.sleep(0.05)
    return 0


def test_data_lies_beside_the_executable(tmp_path):
    """`pb_data` belongs to the folder of the executable, wherever it is started from."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(EXECUTABLE, home / "pocketbase")
    line = [str(home / "pocketbase"), "superuser", "upsert", "a@example.com", "1234567890"]
    subprocess.run(line, cwd=tmp_path, check=True, capture_output=True)
    assert (home / "pb_data" / "data.db").exists()
    assert not (tmp_path / "pb_data").exists()
