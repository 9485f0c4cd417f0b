"""What is still to be done with files, noted on disk so that a killed process leaves no litter.

A note is written before files are put or rows change, and torn up when both are in step again. A
note that nobody holds belonged to a process that died; whoever finds it finishes the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from pocketbase_server.kit.ids import random_id

try:
    import fcntl
except (
    ImportError
):  # pragma: no cover - Windows: an open file cannot be removed there, which will do
    fcntl = None  # type: ignore[assignment]

_SUFFIX: Final = ".note"
_FROZEN: Final = "frozen"


class Note:
    """One piece of work under way: keys of files, and prefixes of keys (ending in a slash)."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file

    def add(self, *keys: str) -> None:
        """Note more keys; they are on disk when this returns (a crash of the process, not of power)."""
        if keys:
            self._file.write("".join(f"{key}\n" for key in keys).encode())

    def tear_up(self) -> None:
        """Forget the note: all is done."""
        with suppress(OSError):
            self._path.unlink()
        self.let_go()

    def let_go(self) -> None:
        """Leave the work to whoever looks for notes next."""
        self._file.close()


class PendingWork:
    """The notes of all processes that share one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self) -> Note:
        """Return a new, empty note that is ours."""
        path = self._folder / f"{random_id(12)}{_SUFFIX}"
        try:
            file = path.open("xb", buffering=0)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = path.open("xb", buffering=0)
        _lock(file, wait=True)
        return Note(path, file)

    def abandoned(self) -> Iterator[tuple[Note, list[str]]]:
        """Give every note that nobody holds, now ours, with its keys."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                file = path.open("r+b", buffering=0)
            except OSError:
                continue
            if not _lock(file, wait=False) or not path.exists():
                file.close()
                continue
            # NOTE: a line that breaks off was never acted upon
            lines = file.read().decode(errors="replace").split("\n")[:-1]
            yield Note(path, file), lines

    @property
    def is_frozen(self) -> bool:
        """Whether files must not be removed just now, in any process."""
        try:
            file = (self._folder / _FROZEN).open("rb")
        except OSError:
            return False
        with file:
            return not _lock(file, wait=False)

    @contextmanager
    def frozen(self) -> Iterator[bool]:
        """Keep all files where they are during the block.

        Gives False, and freezes nothing, when someone else does so already.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / _FROZEN).open("ab") as file:
            yield _lock(file, wait=False)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on the file at *path* during the block, waiting for whoever has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        _lock(file, wait=True)
        yield


class Presence:
    """Tells the processes that use a data directory of each other."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "present"
        self._file: IO[bytes] | None = None

    def enter(self) -> bool:
        """Be present from now on; return whether nobody else was."""
        if self._file is not None or fcntl is None:
            return False
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab")
        is_first = _lock(self._file, wait=False)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        return is_first

    def leave(self) -> None:
        """Be gone."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _lock(file: IO[bytes], *, wait: bool) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
