"""Files in a folder of this machine; what is known of each lies beside it in `<name>.attrs`."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

import orjson

from pocketbase_server.kit.ids import random_id
from pocketbase_server.kit.read_file import read_at_once
from pocketbase_server.kit.upload import Upload
from pocketbase_server.storage.files.base import (
    CHUNK,
    DEFAULT_TYPE,
    RESERVED,
    FileInfo,
    FileMissingError,
    FileStore,
    FileStoreError,
)

TEMPORARY: Final = ".tmp~"
"""The end of the names of files that are not whole yet; no upload keeps a name with this end."""
_GONE: Final = frozenset((errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG))
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_DOTS: Final = frozenset(("", ".", ".."))


class LocalStore(FileStore):
    """Files below the folder *root*, which is made when the first file comes."""

    name: ClassVar[str] = "local"

    def __init__(self, root: Path) -> None:
        self.root = root

    # -- reading

    def _place(self, key: str) -> str:
        if key.endswith(RESERVED):
            raise FileStoreError(f'[key: {key}] file extension "{RESERVED}" is reserved')
        relative = escaped(key)
        # SECURITY: whatever the key, the file is below the root
        if any(part in _DOTS for part in relative.split("/")) or "\0" in relative:
            raise FileMissingError(f"[key: {key}] no such file")
        return f"{self.root}/{relative}"

    def path(self, key: str) -> Path:
        """Return where the file lies, or would lie."""
        return Path(self._place(key))

    def exists(self, key: str) -> bool:
        """Tell whether there is such a file."""
        try:
            # PERF: `Path` objects cost more than asking the system
            return os.path.isfile(self._place(key))  # noqa: PTH113
        except FileMissingError:
            return False

    def info(self, key: str) -> FileInfo:
        """Return what is known of a file; raises `FileMissingError`."""
        place = self._place(key)
        try:
            found = os.stat(place)  # noqa: PTH116
        except OSError as ex:
            raise _explanation(key, ex) from ex
        if not stat.S_ISREG(found.st_mode):
            raise FileMissingError(f"[key: {key}] no such file")
        kind, metadata = _read_attributes(place)
        return FileInfo(key, found.st_size, found.st_mtime, kind, metadata, place)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Give the bytes of a file from *start* up to *end*; raises `FileMissingError`."""
        with _explained(key), self.path(key).open("rb") as file:
            file.seek(start)
            left = float("inf") if end is None else end - start
            while left > 0 and (piece := file.read(int(min(CHUNK, left)))):
                left -= len(piece)
                yield piece

    def entries(self, prefix: str = "") -> list[FileInfo]:
        """Return the files whose keys begin with *prefix*, sorted by key, without content types."""
        found = []
        for folder, _, names in os.walk(self._folder_of(prefix)):
            for name in names:
                entry = self._entry(Path(folder, name))
                if entry is not None and entry.key.startswith(prefix):
                    found.append(entry)
        return sorted(found, key=lambda info: info.key)

    def _folder_of(self, prefix: str) -> Path:
        folder = prefix.rpartition("/")[0]
        return self.path(folder) if folder else self.root

    def _entry(self, path: Path) -> FileInfo | None:
        if path.name.endswith((RESERVED, TEMPORARY)):
            return None
        try:
            found = path.stat()
        except OSError:
            return None  # gone while we looked
        key = unescaped(path.relative_to(self.root).as_posix())
        return FileInfo(key, found.st_size, found.st_mtime)

    # -- writing

    def put(self, key: str, upload: Upload, metadata: Mapping[str, str] | None = None) -> None:
        """Keep a file under *key*, in place of one that was there."""
        target = self.path(key)
        with _explained(key):
            parents = _make_folder(target.parent, self.root.parent)
            temporary = target.with_name(f"{target.name}.{random_id(8)}{TEMPORARY}")
            try:
                digest = _copy(upload, temporary)
                _write_attributes(target, upload.type.mime, metadata or {}, digest)
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync_folders(target.parent, *parents)

    def put_path(self, key: str, path: Path, metadata: Mapping[str, str] | None = None) -> None:
        """Keep the file at *path* under *key*; it is moved there."""
        target = self.path(key)
        with _explained(key):
            parents = _make_folder(target.parent, self.root.parent)
            upload = Upload.from_path(path)
            _write_attributes(target, upload.type.mime, metadata or {}, _digest(upload))
            with path.open("rb") as file:
                os.fsync(file.fileno())
            try:
                path.replace(target)
            except OSError as ex:
                if ex.errno != errno.EXDEV:
                    raise
                self.put(key, upload, metadata)
            _sync_folders(target.parent, *parents)

    # -- removing

    def delete(self, key: str) -> None:
        """Remove a file; raises `FileMissingError`."""
        path = self.path(key)
        with _explained(key):
            path.unlink()
        _attributes_path(path).unlink(missing_ok=True)
        self._remove_empty(path.parent)

    def delete_prefix(self, prefix: str) -> None:
        """Remove every file whose key begins with *prefix*; fine when there is none."""
        if not prefix.strip("/"):
            raise FileStoreError("refusing to delete everything")
        if prefix.endswith("/"):
            folder = self.path(prefix.rstrip("/"))
            with suppress(FileNotFoundError, NotADirectoryError):
                shutil.rmtree(folder)
            self._remove_empty(folder.parent)
            return
        for entry in self.entries(prefix):
            with suppress(FileMissingError):
                self.delete(entry.key)

    def delete_unfinished(self, prefix: str) -> None:
        """Remove what is left below the folder *prefix* of files that never became whole."""
        folder = self.path(prefix.rstrip("/"))
        for path in folder.glob(f"*{TEMPORARY}"):
            path.unlink(missing_ok=True)
        for path in folder.glob(f"*{RESERVED}"):
            if not path.with_name(path.name.removesuffix(RESERVED)).exists():
                path.unlink(missing_ok=True)
        self._remove_empty(folder)

    def _remove_empty(self, folder: Path) -> None:
        """Remove a folder that has become empty, and those above it."""
        while folder != self.root and self.root in folder.parents:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


# -- keys and paths


def escaped(key: str) -> str:
    """Return a key as a relative path: what would leave the folder, or be lost, becomes hex.

    COMPAT: `../x` is `..__0x2f__x`, as the reference writes it.
    """
    if key.isprintable() and "//" not in key and "../" not in key and not key.endswith("/"):
        return key
    return "".join(_escaped_char(key, at) for at in range(len(key)))


def _escaped_char(key: str, at: int) -> str:
    char = key[at]
    is_odd_slash = char == "/" and (
        at == len(key) - 1 or key[at - 1 : at] == "/" or key[max(0, at - 2) : at] == ".."
    )
    return f"__0x{ord(char):x}__" if ord(char) < ord(" ") or is_odd_slash else char


def unescaped(path: str) -> str:
    """Return the key whose path this is."""
    parts = path.split("__0x")
    done = parts[:1]
    for part in parts[1:]:
        code, end, rest = part.partition("__")
        try:
            done.append(chr(int(code, 16)) + rest if end else "__0x" + part)
        except (ValueError, OverflowError):
            done.append("__0x" + part)
    return "".join(done)


@contextmanager
def _explained(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as ex:
        raise _explanation(key, ex) from ex


def _explanation(key: str, error: OSError) -> FileStoreError:
    if error.errno in _GONE:
        return FileMissingError(f"[key: {key}] no such file")
    return FileStoreError(f"[key: {key}] {error.strerror}")


# -- bytes


def _make_folder(folder: Path, above: Path) -> list[Path]:
    """Make a folder; return the folders in which something was made."""
    made: list[Path] = []
    at = folder
    while at != above and not at.is_dir():
        made.append(at.parent)
        if at.parent == at:
            break
        at = at.parent
    folder.mkdir(parents=True, exist_ok=True)
    return made


def _copy(upload: Upload, path: Path) -> bytes:
    """Write an upload to *path*, down to the disk, and return its MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("xb", buffering=0) as out:
        for piece in upload.chunks(CHUNK):
            digest.update(piece)
            out.write(piece)
        os.fsync(out.fileno())
    return digest.digest()


def _digest(upload: Upload) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in upload.chunks(CHUNK):
        digest.update(piece)
    return digest.digest()


def _sync_folders(*folders: Path) -> None:
    """Make names in folders last through a power cut, where the system can do that."""
    if os.name != "posix":
        return
    for folder in folders:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


# -- attributes


def _attributes_path(path: Path) -> Path:
    return path.with_name(path.name + RESERVED)


def _write_attributes(
    path: Path, content_type: str, metadata: Mapping[str, str], digest: bytes
) -> None:
    # COMPAT: these keys, in this order
    attributes = {
        "user.cache_control": "",
        "user.content_disposition": "",
        "user.content_encoding": "",
        "user.content_language": "",
        "user.content_type": content_type,
        "user.metadata": dict(metadata),
        "md5": b64encode(digest).decode(),
    }
    target = _attributes_path(path)
    temporary = target.with_name(f"{target.name}.{random_id(8)}{TEMPORARY}")
    with temporary.open("xb", buffering=0) as out:
        out.write(orjson.dumps(attributes))
        os.fsync(out.fileno())
    temporary.replace(target)


def _read_attributes(place: str) -> tuple[str, Mapping[str, str]]:
    try:
        text = read_at_once(place + RESERVED, CHUNK)
    except FileNotFoundError:
        return DEFAULT_TYPE, _NOTHING
    except OSError as ex:
        raise FileStoreError(f"cannot read the attributes of {_name(place)}") from ex
    try:
        return _attributes(text)
    except (ValueError, AttributeError, TypeError) as ex:
        # COMPAT: a file whose attributes cannot be read is as good as gone
        raise FileMissingError(f"the attributes of {_name(place)} are damaged") from ex


@lru_cache(maxsize=1024)
def _attributes(text: bytes) -> tuple[str, Mapping[str, str]]:
    raw = orjson.loads(text)
    metadata = MappingProxyType(raw.get("user.metadata") or {})
    return raw.get("user.content_type") or DEFAULT_TYPE, metadata


def _name(place: str) -> str:
    return place.rpartition("/")[2]
