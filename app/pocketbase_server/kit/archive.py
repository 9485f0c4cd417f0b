"""Zip archives of folders: written file by file, read with suspicion."""

from __future__ import annotations

import shutil
import stat
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

_CHUNK: Final = 1 << 20
_HUGE: Final = 1 << 31
_RATIO: Final = 1100
"""Deflate cannot make anything smaller than this; what claims to be is a trap."""
_SAMPLE: Final = 1 << 16
_WORTH: Final = 0.95
"""A sample that does not get smaller than this part of itself tells that packing is in vain."""

Progress = Callable[[int, int], None]
"""Told how many files, of how many, are done."""


class ArchiveError(Exception):
    """The archive is damaged, or not to be trusted; the message says why."""


def write_archive(
    target: Path, entries: Iterable[tuple[str, Path]], progress: Progress | None = None
) -> None:
    """Write the files of *entries* (name in the archive, path) to a new zip at *target*.

    Files that have gone meanwhile are left out.
    """
    wanted = list(entries)
    with ZipFile(target, "x", ZIP_DEFLATED, compresslevel=4) as archive:
        for number, (name, path) in enumerate(wanted, 1):
            _add(archive, name, path)
            if progress is not None:
                progress(number, len(wanted))


def _add(archive: ZipFile, name: str, path: Path) -> None:
    try:
        source = path.open("rb")
    except FileNotFoundError:
        return
    with source:
        found = path.stat()
        info = ZipInfo(name, time.localtime(max(found.st_mtime, 315_619_200))[:6])
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        info.compress_type = ZIP_DEFLATED if _shrinks(source, found.st_size) else ZIP_STORED
        with archive.open(info, "w", force_zip64=found.st_size > _HUGE) as out:
            shutil.copyfileobj(source, out, _CHUNK)


def _shrinks(source: IO[bytes], size: int) -> bool:
    """Tell whether a file gets smaller, by a piece from its middle.

    PERF: packing costs ten times as much as copying, and pictures and films are packed already.
    """
    if size <= _SAMPLE:
        return True
    source.seek((size - _SAMPLE) // 2)
    sample = source.read(_SAMPLE)
    source.seek(0)
    return len(zlib.compress(sample, 1)) < _WORTH * len(sample)


def extract_archive(
    source: Path, folder: Path, *, limit: int, progress: Progress | None = None
) -> None:
    """Unpack the zip at *source* into *folder*; links and special files are left out.

    Raises `ArchiveError` for names that lead out of the folder, for more than *limit* bytes in
    all, for entries that overlap and for damage; what was unpacked until then stays.
    """
    try:
        with ZipFile(source) as archive:
            entries = archive.infolist()
            _refuse_traps(entries, source.stat().st_size, limit)
            for number, info in enumerate(entries, 1):
                _extract(archive, info, folder)
                if progress is not None:
                    progress(number, len(entries))
    except (BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as ex:
        raise ArchiveError(f"the archive is damaged: {ex}") from ex
    except Exception as ex:
        if type(ex).__name__ == "error":  # zlib's, bz2's
            raise ArchiveError(f"the archive is damaged: {ex}") from ex
        raise


def _refuse_traps(entries: list[ZipInfo], size: int, limit: int) -> None:
    total = sum(info.file_size for info in entries)
    if total > limit:
        raise ArchiveError(f"the archive unpacks to {total} bytes, more than there is room for")
    if sum(info.compress_size for info in entries) > size:
        raise ArchiveError("entries of the archive overlap")
    for info in entries:
        if info.file_size > _RATIO * max(info.compress_size, 1):
            raise ArchiveError(f"{info.filename!r} is not what the archive says of it")
        _check_name(info.filename)


def _check_name(name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in (path.parts[:1] or ("",))[0]:
        raise ArchiveError(f"{name!r} leads out of the folder")


def _extract(archive: ZipFile, info: ZipInfo, folder: Path) -> None:
    mode = info.external_attr >> 16
    if info.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        return
    target = folder.joinpath(*PurePosixPath(info.filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as packed, target.open("xb") as out:
        shutil.copyfileobj(packed, out, _CHUNK)
