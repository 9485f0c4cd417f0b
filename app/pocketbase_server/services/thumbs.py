"""Thumbs: small copies of images, made when first asked for and kept beside the original."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import NotFoundError, OffloadError
from pocketbase_server.core.records.files import ServedFile
from pocketbase_server.kit.lru import Lru
from pocketbase_server.kit.program import is_executable
from pocketbase_server.services import thumb_maker
from pocketbase_server.services.thumb_headers import ThumbError
from pocketbase_server.services.thumb_maker import BusyError, Outcome
from pocketbase_server.storage.files.base import FileStoreError
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from pocketbase_server.app import App

IMAGES: Final = frozenset(
    ("image/png", "image/jpg", "image/jpeg", "image/gif", "image/webp", "image/avif")
)
"""Types of files that have thumbs."""
WAIT_SECONDS: Final = 60.0
JOB_SECONDS: Final = 30.0
"""How long one thumb may take, waiting included, before its process is ended."""
MOST_MAKERS: Final = 8
"""Processes that make thumbs, at most, unless PB_THUMBS_MAX_WORKERS says otherwise."""
_REMEMBERED: Final = 1024


def find_thumb(app: App, original: ServedFile, size: str) -> ServedFile | None:
    """Return the thumb of an image, making it when it is asked for the first time.

    None when there can be none: the file is no image, too large, broken, or too many wait. Raises
    `NotFoundError` when there is no such file.
    """
    folder, _, name = original.key.rpartition("/")
    thumb = ServedFile(f"{folder}/thumbs_{name}/{size}_{name}", f"{size}_{name}")
    store = app.files.storage
    if not store.is_remote and store.exists(thumb.key):
        return thumb
    if MODE.active:
        raise OffloadError
    try:
        if app.thumbs.make(original.key, thumb.key, size):
            return thumb
    except FileStoreError as ex:
        if not store.exists(original.key):
            raise NotFoundError from ex
        app.logs.write(4, "a thumb could not be made", {"file": original.key, "error": str(ex)})
    return None


class Thumbs:
    """Makes thumbs in a few processes of their own, each thumb once however many ask for it."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._makers = _Makers(_whole("PB_THUMBS_MAX_WORKERS", _cores()))
        self._wait = float(_whole("PB_THUMBS_MAX_WAIT", int(WAIT_SECONDS)))
        self._lock = threading.Lock()
        self._running: dict[str, threading.Event] = {}
        self._hopeless: Lru[str, str] = Lru(_REMEMBERED)
        """Thumbs that could not be made: nobody needs to try again."""

    def make(self, original: str, thumb: str, size: str) -> bool:
        """Make a thumb unless it is there; return whether it is there now."""
        if self._app.files.storage.exists(thumb):
            return True
        while True:
            with self._lock:
                if self._hopeless.get(thumb):
                    return False
                running = self._running.get(thumb)
                if running is None:
                    mine = self._running[thumb] = threading.Event()
                    break
            if not running.wait(self._wait):
                return False
            if self._app.files.storage.exists(thumb):
                return True
        try:
            return self._make(original, thumb, size)
        finally:
            with self._lock:
                del self._running[thumb]
            mine.set()

    def _make(self, original: str, thumb: str, size: str) -> bool:
        store = self._app.files.storage
        info = store.info(original)
        if info.content_type not in IMAGES:
            return False
        self._app.dir.temp.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="thumb-", dir=self._app.dir.temp) as folder:
            source, target = Path(info.place or Path(folder, "original")), Path(folder, "thumb")
            if not info.place:
                store.fetch(original, source)
            if not self._is_made(thumb, source, target, size):
                return False
            store.put_path(thumb, target)
        if not store.exists(original):
            # NOTE: removed meanwhile; the thumb must not outlive it
            with suppress(FileStoreError):
                store.delete(thumb)
            return False
        return True

    def _is_made(self, thumb: str, source: Path, target: Path, size: str) -> bool:
        job = {
            "source": str(source),
            "target": str(target),
            "size": size,
            "lock": str(self._app.dir.temp / "thumbs.lock"),
        }
        try:
            self._makers.make(job, self._wait)
        except BusyError:
            return False
        except ThumbError:
            with self._lock:
                self._hopeless.put(thumb, size)
            return False
        return True

    def close(self) -> None:
        """End the processes."""
        self._makers.close()


class _Makers:
    """The processes that make thumbs: started when needed, ended by themselves when idle."""

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()

    def make(self, job: dict[str, str], wait: float) -> None:
        """Carry out a job; raises `ThumbError`, or `BusyError` after *wait* seconds in line."""
        if not self._free.acquire(timeout=wait):
            raise BusyError
        try:
            outcome = self._ask(job)
        finally:
            self._free.release()
        if "busy" in outcome:
            raise BusyError(outcome["busy"])
        if "error" in outcome:
            raise ThumbError(outcome["error"])

    def _ask(self, job: dict[str, str]) -> Outcome:
        maker = self._take_idle()
        outcome = _asked(maker, job) if maker is not None else None
        if outcome is None:
            # NOTE: a process that was idle may have ended just now, or die of this very image
            maker = _start()
            if maker is None:
                return _made_here(job)
            outcome = _asked(maker, job)
        if outcome is None or maker is None:
            return {"error": "the process that makes thumbs has ended"}
        if "last" in outcome:
            _end(maker)
            return outcome
        with self._lock:
            self._idle.append(maker)
        return outcome

    def _take_idle(self) -> subprocess.Popen[str] | None:
        with self._lock:
            while self._idle:
                maker = self._idle.pop()
                if maker.poll() is None:
                    return maker
        return None

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for maker in idle:
            _end(maker)


def _start() -> subprocess.Popen[str] | None:
    """Return a new process; None where there is nothing to start it with."""
    environment = dict(os.environ)
    if is_executable():
        executable = os.environ.get("POCKETBASE_EXECUTABLE")
        if not executable:
            return None
        environment[thumb_maker.ROLE_VARIABLE] = thumb_maker.ROLE
        command = [executable]
    else:
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        command = [sys.executable, "-P", thumb_maker.__file__]
    return subprocess.Popen(  # noqa: S603 - our own file
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        start_new_session=True,
    )


def _end(maker: subprocess.Popen[str]) -> None:
    maker.kill()
    maker.communicate()


def _asked(maker: subprocess.Popen[str], job: dict[str, str]) -> Outcome | None:
    """Return the outcome of a job; None when the process has ended. Raises `BusyError`."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        maker.kill()

    timer = threading.Timer(JOB_SECONDS, give_up)
    timer.start()
    try:
        if maker.stdin is None or maker.stdout is None:
            return None
        maker.stdin.write(json.dumps(job) + "\n")
        maker.stdin.flush()
        line = maker.stdout.readline()
    except OSError:
        line = ""
    finally:
        timer.cancel()
    if line:
        outcome: Outcome = json.loads(line)
        return outcome
    _end(maker)
    if late.is_set():
        # NOTE: it is the machine that is slow; the image may be fine another time
        raise BusyError("the thumb took too long")
    return None


_HERE: Final = threading.Lock()


def _made_here(job: dict[str, str]) -> Outcome:
    """Make a thumb in this process, one at a time."""
    with _HERE:
        return thumb_maker.answer(job)


def _cores() -> int:
    return min(MOST_MAKERS, os.cpu_count() or 1)


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default
