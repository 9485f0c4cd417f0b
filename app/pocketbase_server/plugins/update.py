"""Self-update: a newer executable from a release feed, checked and swapped in."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

FEED_VARIABLE: Final = "POCKETBASE_UPDATE_FEED"
EXECUTABLE_VARIABLE: Final = "POCKETBASE_EXECUTABLE"
"""Set by the launcher of a released executable: the file that was started."""

_TIMEOUT: Final = 30
_MANIFEST_MOST: Final = 1 << 20
_ARCHIVE_MOST: Final = 1 << 29
_CHUNK: Final = 1 << 18
_ARCHES: Final = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?\Z")

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes that are to come in all."""


class UpdateError(Exception):
    """The update cannot go on; nothing was changed."""


@dataclass(slots=True, frozen=True)
class Release:
    """A release that the feed offers for this machine."""

    version: str
    url: str
    sha256: str
    size: int
    notes: str = ""


def own_executable() -> Path:
    """Return the file that was started; raises `UpdateError` when we run from source."""
    path = os.environ.get(EXECUTABLE_VARIABLE, "")
    if not path:
        raise UpdateError("only a released executable can update itself; this one runs from source")
    return Path(path)


def target() -> tuple[str, str]:
    """Return operating system and architecture of this machine, as release files name them."""
    machine = platform.machine().lower()
    return sys.platform.replace("win32", "windows"), _ARCHES.get(machine, machine)


def latest(feed: str) -> Release:
    """Ask the feed, the address of a release's `manifest.json`, what it has for this machine.

    Raises `UpdateError` when it cannot be read, is malformed, or has nothing for us.
    """
    _check_address(feed)
    with _opened(feed) as answer:
        text = answer.read(_MANIFEST_MOST + 1)
    try:
        manifest = json.loads(text)
        wanted = target()
        for file in manifest["files"]:
            if (file["os"], file["arch"]) == wanted:
                return _release(feed, manifest, file)
    except (ValueError, KeyError, TypeError, AttributeError) as ex:
        raise UpdateError(f"the release feed is malformed: {ex!r}") from ex
    raise UpdateError(f"release {manifest['version']} has no file for {wanted[0]}/{wanted[1]}")


def _release(feed: str, manifest: dict[str, Any], file: dict[str, Any]) -> Release:
    url = urljoin(feed, str(file["name"]))
    _check_address(url)
    digest = str(file["sha256"]).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError("sha256 is no checksum")
    if _VERSION.match(str(manifest["version"])) is None:
        raise ValueError("version is no version")
    return Release(
        version=str(manifest["version"]).removeprefix("v"),
        url=url,
        sha256=digest,
        size=int(file["size"]),
        notes=str(manifest.get("notes") or ""),
    )


def is_newer(version: str, than: str) -> bool:
    """Tell whether one version comes after another; a pre-release comes before its release."""
    return _order(version) > _order(than)


def _order(version: str) -> tuple[Any, ...]:
    found = _VERSION.match(version)
    if found is None:
        return (0, 0, 0, 0, ())
    major, minor, patch, pre = found.groups()
    parts = tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in (pre or "").split(".")
    )
    return (int(major), int(minor), int(patch), 0 if pre else 1, parts)


def install(release: Release, executable: Path, progress: Progress | None = None) -> Path:
    """Replace *executable* by the release's; return where the old one is kept.

    The archive is downloaded beside the executable, its size and checksum are compared, and the new
    file has to tell its version before it takes the place of the old one in a single step. Raises
    `UpdateError`; nothing was changed then.
    """
    folder = executable.parent
    archive = folder / f".{executable.name}.{os.getpid()}.zip"
    fresh = folder / f".{executable.name}.{os.getpid()}.new"
    try:
        _download(release, archive, progress)
        _unzip(archive, executable.name, fresh)
        _try_out(fresh, release.version)
        return _swap(fresh, executable)
    except OSError as ex:
        raise UpdateError(f"cannot replace {executable}: {ex}") from ex
    finally:
        archive.unlink(missing_ok=True)
        fresh.unlink(missing_ok=True)


def _download(release: Release, archive: Path, progress: Progress | None) -> None:
    if not 0 < release.size <= _ARCHIVE_MOST:
        raise UpdateError(f"the release feed announces an archive of {release.size} bytes")
    digest, count = hashlib.sha256(), 0
    with _opened(release.url) as answer, archive.open("xb") as file:
        while chunk := answer.read(_CHUNK):
            count += len(chunk)
            if count > release.size:
                break
            digest.update(chunk)
            file.write(chunk)
            if progress is not None:
                progress(count, release.size)
    if count != release.size or digest.hexdigest() != release.sha256:
        raise UpdateError("the downloaded archive is not the one that the release feed describes")


def _unzip(archive: Path, name: str, fresh: Path) -> None:
    suffix = Path(name).suffix if sys.platform == "win32" else ""
    try:
        with zipfile.ZipFile(archive) as bundle, fresh.open("xb") as file:
            member = bundle.getinfo("pocketbase" + suffix)
            if member.file_size > _ARCHIVE_MOST:
                raise UpdateError("the executable in the archive is too large")
            with bundle.open(member) as source:
                while chunk := source.read(_CHUNK):
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, KeyError) as ex:
        raise UpdateError(f"the archive holds no executable: {ex}") from ex
    fresh.chmod(0o755)


def _try_out(fresh: Path, version: str) -> None:
    """Let the new executable tell its version: it must be able to run here."""
    try:
        said = subprocess.run(  # noqa: S603 - its checksum is the announced one
            [str(fresh), "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as ex:
        raise UpdateError(f"the new executable does not run here: {ex}") from ex
    if said.returncode or version not in said.stdout:
        raise UpdateError(f"the new executable does not run here: {said.stderr or said.stdout}")


def _swap(fresh: Path, executable: Path) -> Path:
    kept = executable.with_name(f"{executable.name}.previous")
    kept.unlink(missing_ok=True)
    try:
        kept.hardlink_to(executable)
    except OSError:  # a file system without links
        kept.write_bytes(executable.read_bytes())
        kept.chmod(0o755)
    fresh.replace(executable)
    return kept


def _check_address(url: str) -> None:
    """Refuse what somebody on the way could change: plain HTTP, except to this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and _is_here(parts.hostname or ""):
        return
    raise UpdateError(f"the release feed must be an https address: {url}")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _opened(url: str) -> Any:
    request = urllib.request.Request(url, headers={"User-Agent": "pocketbase-update"})  # noqa: S310 - checked above
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT)  # noqa: S310
    except (OSError, ValueError) as ex:
        raise UpdateError(f"cannot read {url}: {ex}") from ex
