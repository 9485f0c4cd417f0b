"""A file that came with a request."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from pocketbase_server.kit.file_names import stored_name
from pocketbase_server.kit.file_types import SNIFFED, FileType, detect

if TYPE_CHECKING:
    from typing import Any, Self

_CHUNK: Final = 1 << 18


class FilePart:
    """A stretch of a file, read when asked for; keeps the file open as long as it lives."""

    __slots__ = ("_file", "_start", "nbytes")

    _seeking: Final = threading.Lock()

    def __init__(self, file: IO[bytes], start: int, nbytes: int) -> None:
        self._file = file
        self._start = start
        self.nbytes = nbytes

    def __getitem__(self, wanted: slice) -> bytes:
        start, stop, _ = wanted.indices(self.nbytes)
        return read_at(self._file, self._start + start, max(0, stop - start))

    def tobytes(self) -> bytes:
        """Return all bytes."""
        return self[:]


def read_at(file: IO[bytes], start: int, size: int) -> bytes:
    """Return up to *size* bytes of *file* from *start* on, wherever its position is."""
    if hasattr(os, "pread"):
        return os.pread(file.fileno(), size, start)
    with FilePart._seeking:
        file.seek(start)
        return file.read(size)


class Upload:
    """One uploaded file: the name it had at the caller's, and its bytes.

    Large ones lie in a temporary file that lives as long as this object.
    """

    __slots__ = ("_file_name", "_type", "content_type", "data", "name")

    def __init__(self, name: str, content_type: str, data: memoryview | FilePart) -> None:
        self.name = name
        self.content_type = content_type
        """As the caller says, which may be wrong or empty."""
        self.data = data
        self._type: FileType | None = None
        self._file_name = ""

    @classmethod
    def from_bytes(cls, name: str, data: bytes) -> Self:
        """Return an upload of bytes in memory."""
        return cls(name, "", memoryview(data))

    @classmethod
    def from_path(cls, path: Path, name: str = "") -> Self:
        """Return an upload of a file on disk, under its own name or *name*."""
        file = path.open("rb")
        return cls(name or path.name, "", FilePart(file, 0, os.fstat(file.fileno()).st_size))

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.data.nbytes

    @property
    def type(self) -> FileType:
        """What its content looks like, whatever the caller says."""
        if self._type is None:
            self._type = detect(bytes(self.data[:SNIFFED]))
        return self._type

    @property
    def file_name(self) -> str:
        """The name it is kept under: tidied, with something random in it, always the same."""
        if not self._file_name:
            self._file_name = stored_name(self.name, lambda: self.type.extension)
        return self._file_name

    @file_name.setter
    def file_name(self, name: str) -> None:
        self._file_name = name

    def read(self) -> bytes:
        """Return all bytes."""
        return self.data.tobytes()

    def chunks(self, size: int = _CHUNK) -> Iterator[memoryview | bytes]:
        """Give the bytes in pieces of *size*."""
        for start in range(0, self.size, size):
            yield self.data[start : start + size]

    def open(self) -> io.RawIOBase:
        """Return the bytes as a file to read from."""
        return _Reader(self.data)


class _Reader(io.RawIOBase):
    """Reads an upload's bytes as a file."""

    def __init__(self, data: memoryview | FilePart) -> None:
        self._data = data
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._data.nbytes}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        piece = self._data[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
