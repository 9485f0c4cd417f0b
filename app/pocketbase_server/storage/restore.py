"""Putting other data in place of a data directory's own, so that a crash leaves one or the other.

What is new is prepared beside the old. A marker tells how far the exchange has come; whoever opens
the directory next carries on from there.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.kit.ids import random_id
from pocketbase_server.storage.pending import locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pocketbase_server.storage.datadir import DataDir

MARKER: Final = ".pb_restore"
KEPT: Final = frozenset(
    (
        "backups",
        ".pb_temp_to_delete",
        ".autocert_cache",
        ".notify",
        ".pb_pending",
        "lost+found",
        MARKER,
    )
)
"""What is no part of a backup and stays as it is when one is restored."""

_OUT, _IN, _DONE, _BACK_OUT, _BACK_IN = "out", "in", "done", "back-out", "back-in"


@dataclass(slots=True)
class Exchange:
    """An exchange under way: where it takes place and how far it has come."""

    root: Path
    place: Path
    """The folder with `new` and `old`."""
    phase: str

    @property
    def new(self) -> Path:
        """What comes in, or came out again."""
        return self.place / "new"

    @property
    def old(self) -> Path:
        """What was there before."""
        return self.place / "old"

    def note(self, phase: str) -> None:
        """Take down, on disk, how far it has come."""
        self.phase = phase
        text = orjson.dumps({"place": self.place.name, "phase": phase})
        temporary = self.root / f"{MARKER}.{random_id(6)}"
        with temporary.open("xb", buffering=0) as out:
            out.write(text)
            os.fsync(out.fileno())
        temporary.replace(self.root / MARKER)


def stage(directory: DataDir, new: Path) -> None:
    """Have the content of the folder *new* take the place of the data when it is opened next."""
    place = directory.temp / f"restore-{random_id(10)}"
    exchange = Exchange(directory.path, place, _OUT)
    exchange.old.mkdir(parents=True)
    new.rename(exchange.new)
    if hasattr(os, "sync"):
        os.sync()  # NOTE: all of what was unpacked, before anything points to it
    exchange.note(_OUT)


def carry_out(directory: DataDir) -> bool:
    """Do, or carry on with, the exchange that was staged; return whether there was one.

    It must be followed by `confirm()`, or by `undo()` when the new data cannot be used.
    """
    if not (directory.path / MARKER).exists():
        return False
    with _alone(directory):
        exchange = _read(directory)
        if exchange is None:
            return False
        if exchange.phase == _OUT:
            _move(exchange.root, exchange.old)
            exchange.note(_IN)
        if exchange.phase == _IN:
            _move(exchange.new, exchange.root)
            exchange.note(_DONE)
        if exchange.phase in {_BACK_OUT, _BACK_IN}:
            _go_back(exchange)
            return False
        return True


def undo(directory: DataDir) -> None:
    """Put the old data back."""
    with _alone(directory):
        exchange = _read(directory)
        if exchange is not None and exchange.phase == _DONE:
            exchange.note(_BACK_OUT)
            _go_back(exchange)


def _go_back(exchange: Exchange) -> None:
    if exchange.phase == _BACK_OUT:
        _move(exchange.root, exchange.new)
        exchange.note(_BACK_IN)
    _move(exchange.old, exchange.root)
    _forget(exchange)


def confirm(directory: DataDir) -> None:
    """Throw the old data away: the new is in use."""
    with _alone(directory):
        exchange = _read(directory)
        if exchange is not None and exchange.phase == _DONE:
            _forget(exchange)


def _forget(exchange: Exchange) -> None:
    with suppress(FileNotFoundError):
        (exchange.root / MARKER).unlink()
    shutil.rmtree(exchange.place, ignore_errors=True)


def _read(directory: DataDir) -> Exchange | None:
    try:
        raw: Any = orjson.loads((directory.path / MARKER).read_bytes())
        return Exchange(directory.path, directory.temp / raw["place"], raw["phase"])
    except FileNotFoundError:
        return None


def _move(source: Path, target: Path) -> None:
    """Move what is in one folder to another; what was moved already is not there any more."""
    for entry in sorted(source.iterdir()):
        if entry.name in KEPT or entry.name.startswith(MARKER):
            continue
        place = target / entry.name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        entry.replace(place)


@contextmanager
def _alone(directory: DataDir) -> Iterator[None]:
    with locked(directory.pending / "exchange"):
        yield
