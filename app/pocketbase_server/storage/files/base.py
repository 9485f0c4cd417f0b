"""What every place for files can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from pocketbase_server.kit.upload import Upload

CHUNK: Final = 1 << 18
DEFAULT_TYPE: Final = "application/octet-stream"
RESERVED: Final = ".attrs"
"""COMPAT: the end of the names under which the local store keeps what it knows of its files."""


class FileStoreError(Exception):
    """The place for files cannot do what was asked; the message says why."""


class FileMissingError(FileStoreError):
    """There is no such file."""


@dataclass(slots=True, frozen=True)
class FileInfo:
    """What a store knows of one file."""

    key: str
    size: int
    modified: float
    """Seconds since 1970."""
    content_type: str = DEFAULT_TYPE
    metadata: Mapping[str, str] = field(default_factory=dict)
    place: str = ""
    """Where it lies on this machine's disk; empty when it does not."""


class FileStore(ABC):
    """A place for files under keys with slashes (`collection/record/name`).

    A file is there whole or not at all, and once `put()` has returned it is there to stay. All
    failures are `FileStoreError`s.
    """

    name: ClassVar[str]
    is_remote: ClassVar[bool] = False
    """Whether asking takes so long that nobody should have to wait for it."""

    @abstractmethod
    def info(self, key: str) -> FileInfo:
        """Return what is known of a file; raises `FileMissingError`."""

    @abstractmethod
    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Give the bytes of a file from *start* up to *end*; raises `FileMissingError`."""

    @abstractmethod
    def put(self, key: str, upload: Upload, metadata: Mapping[str, str] | None = None) -> None:
        """Keep a file under *key*, in place of one that was there."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove a file; raises `FileMissingError`."""

    @abstractmethod
    def delete_prefix(self, prefix: str) -> None:
        """Remove every file whose key begins with *prefix*; fine when there is none."""

    @abstractmethod
    def entries(self, prefix: str = "") -> list[FileInfo]:
        """Return the files whose keys begin with *prefix*, sorted by key, without content types."""

    def exists(self, key: str) -> bool:
        """Tell whether there is such a file."""
        try:
            self.info(key)
        except FileMissingError:
            return False
        return True

    def put_path(self, key: str, path: Path, metadata: Mapping[str, str] | None = None) -> None:
        """Keep the file at *path* under *key*; the file at *path* may be gone afterwards."""
        self.put(key, Upload.from_path(path), metadata)

    def fetch(self, key: str, path: Path) -> None:
        """Write a copy of a file to *path*."""
        with path.open("wb") as out:
            for piece in self.read(key):
                out.write(piece)

    def close(self) -> None:  # noqa: B027 - most have none
        """Let go of connections."""
