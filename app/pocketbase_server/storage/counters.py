"""Counters of what happens within a while, in a table of fixed size that processes can share."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager, suppress
from hashlib import blake2b
from mmap import mmap
from struct import Struct
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SLOT: Final = Struct("<QIII4x")
"""Key, first second of the window, first second after it, count."""
_SLOTS: Final = 8
_BUCKET: Final = Struct("<" + "QIII4x" * _SLOTS)
_FIELDS: Final = 4
_BUCKETS: Final = 4096
SIZE: Final = _BUCKETS * _BUCKET.size


class Counters:
    """Counts by name, in windows of whole seconds that begin with the first hit.

    A name that finds its bucket full takes the place of the one whose window ends first: memory is
    bounded, and a flood of names costs nobody more than a window started anew.
    """

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = monotonic) -> None:
        """Share the table in the file at *path* with other processes, or keep one in memory."""
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._file = -1
        self._table: mmap | None = None

    def hit(self, name: str, limit: int, seconds: int) -> bool:
        """Count one more of *name*; False, uncounted, when its window already has *limit* of them."""
        with self._exclusive() as table:
            return _hit(table, _key(name), limit, seconds, int(self._clock()))

    def forget(self, name: str) -> None:
        """Begin anew with *name*: its next hit starts a window."""
        with self._exclusive() as table:
            _forget(table, _key(name))

    @contextmanager
    def _exclusive(self) -> Iterator[mmap]:
        with self._lock:
            table = self._table if self._table is not None else self._open()
            if self._file < 0:
                yield table
                return
            _lock(self._file)
            try:
                yield table
            finally:
                _unlock(self._file)

    def _open(self) -> mmap:
        if self._path is not None:
            with suppress(OSError):
                self._file = _open_file(self._path)
        # NOTE: without the file each process counts for itself, which is better than not at all
        self._table = mmap(self._file, SIZE)
        return self._table

    def close(self) -> None:
        """Let go of the table; the next hit opens it again."""
        with self._lock:
            table, self._table = self._table, None
            file, self._file = self._file, -1
        if table is not None:
            table.close()
        if file >= 0:
            os.close(file)


def _key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


def _forget(table: mmap, key: int) -> None:
    at = _find(table, key)
    if _SLOT.unpack_from(table, at)[0] == key:
        _SLOT.pack_into(table, at, 0, 0, 0, 0)


def _hit(table: mmap, key: int, limit: int, seconds: int, now: int) -> bool:
    at = _find(table, key)
    found, start, end, count = _SLOT.unpack_from(table, at)
    # NOTE: a start in the future is from before the machine was started anew
    if found != key or now >= end or now < start:
        start, end, count = now, now + seconds, 0
    if count >= limit:
        return False
    _SLOT.pack_into(table, at, key, start, end, count + 1)
    return True


def _find(table: mmap, key: int) -> int:
    """Return where the slot of *key* is, or the one it should take."""
    bucket = key % _BUCKETS * _BUCKET.size
    values = _BUCKET.unpack_from(table, bucket)
    keys = values[::_FIELDS]
    ends = values[2::_FIELDS]
    place = keys.index(key) if key in keys else ends.index(min(ends))
    return bucket + place * _SLOT.size


def _open_file(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            # NOTE: a hole in the file on a full disk would kill the process that writes to it
            os.posix_fallocate(file, 0, SIZE)
        else:
            os.ftruncate(file, SIZE)
    except OSError:
        os.close(file)
        raise
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, SIZE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_LOCK, 1)

    def _unlock(file: int) -> None:
        os.lseek(file, SIZE, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> None:
        # NOTE: the system lets go of it when the process dies, however it dies
        fcntl.flock(file, fcntl.LOCK_EX)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
