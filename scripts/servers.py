"""
Start, measure and stop the servers that tests and the bench talk to.

A server is a command in front of `serve --http=… --dir=…`; ours and the reference differ in
nothing else. `OURS_CMD` and `REFERENCE_CMD` in the environment replace the commands.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parent.parent
EXECUTABLE = ROOT / ".builds" / "pocketbase"
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts import reference  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
EMAIL, PASSWORD = "root@example.com", "1234567890"
LIMIT = 60.0
"""Seconds after which what does not happen never will; far over what a loaded machine needs."""


class StartError(RuntimeError):
    """A server did not answer in time or ended; the message holds the end of its log."""


def split(text: str) -> list[str]:
    """Return the words of a command; a relative path to a program becomes absolute."""
    first, *rest = shlex.split(text)
    path = Path(first)
    return [str(path.resolve()) if path.is_file() else first, *rest]


def ours_command() -> list[str]:
    """Return the command of the server under test: OURS_CMD, or the one of this checkout."""
    chosen = os.environ.get("OURS_CMD")
    if chosen:
        return split(chosen)
    local = ROOT / ".venv" / "bin" / "pocketbase"
    found = str(local) if local.is_file() else shutil.which("pocketbase")
    if found is None:
        raise StartError("no pocketbase command: run `make setup` or set OURS_CMD")
    return [found]


def reference_command() -> list[str]:
    """Return the command of the reference, installing it when it is missing."""
    chosen = os.environ.get("REFERENCE_CMD")
    return split(chosen) if chosen else [str(reference.binary())]


def free_port() -> int:
    """
    Return a loopback port that nobody listens on, and that no other test process is given.

    NOTE: it is none of those that the system gives to outgoing connections: one of these could be
    taken between now and the start of the server, or while the server is started anew.
    """
    for port in _PORTS:
        if _is_ours(port) and _can_bind(port):
            return port
    raise StartError("no free port")


_PORTS = itertools.cycle(random.sample(range(12_000, 32_000), 20_000))


def _is_ours(port: int) -> bool:
    """Take a port for the life of this process, unless another one has it."""
    if fcntl is None:
        return True
    global _taken  # noqa: PLW0603
    if _taken is None:
        path = Path(tempfile.gettempdir()) / f"pb_ports.{os.getuid()}"
        _taken = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(_taken, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


_taken: int | None = None
"""The file whose bytes stand for ports; a locked byte is a port in use."""


def _can_bind(port: int) -> bool:
    with socket.socket() as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def run(
    command: list[str], *args: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a sub-command (superuser, migrate, …) to its end and return what it said."""
    with tempfile.TemporaryDirectory(prefix="pb_cwd_") as scratch:
        return subprocess.run(
            [*command, *args],
            cwd=cwd or scratch,
            capture_output=True,
            text=True,
            timeout=2 * LIMIT,
            check=False,
        )


def make_superuser(command: list[str], data: Path) -> None:
    """Create (or reset) the superuser that tests and the bench log in with."""
    done = run(command, "superuser", "upsert", EMAIL, PASSWORD, f"--dir={data}")
    if done.returncode != 0:
        raise StartError(f"superuser upsert: {done.stdout}{done.stderr}")


def _die_with_parent() -> None:
    """Ask Linux to end the server when the test run dies, however it dies."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


@dataclass
class Server:
    """One running server on a data directory; use as a context manager or start()/stop()."""

    command: list[str]
    data: Path
    args: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    patience: float = LIMIT
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the root URL without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        """Return the working directory, kept apart so that stray pb_* folders do not matter."""
        return self.data.parent / f"{self.data.name}.home"

    @property
    def log(self) -> str:
        """Return what the server printed so far."""
        path = self.home / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, *texts: str, seconds: float = LIMIT) -> str:
        """
        Return what the server printed once all *texts* are in it.

        Answers and printed lines come in no order that could be relied on.
        """
        end = time.monotonic() + seconds
        while not all(text in (log := self.log) for text in texts):
            if time.monotonic() > end:
                raise AssertionError(f"{texts} not in the log after {seconds} s:\n{log[-4000:]}")
            time.sleep(0.02)
        return log

    def start(self) -> Self:
        """Start the process and return once it answers."""
        self.spawn()
        self.wait_ready()
        return self

    def spawn(self) -> None:
        """Start the process without waiting for it."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "pb_public").mkdir(exist_ok=True)
        line = [
            *self.command,
            "serve",
            f"--http=127.0.0.1:{self.port}",
            f"--dir={self.data}",
            f"--publicDir={self.home / 'pb_public'}",
            *self._plain(),
            *self.args,
        ]
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                line,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509
            )

    def _plain(self) -> tuple[str, ...]:
        """Return the flag that makes us answer as the reference, which does not know it."""
        is_ours = self.command in (ours_command(), [str(EXECUTABLE)])
        return ("--no-expand-all",) if is_ours and "--expand-all" not in self.args else ()

    def wait_ready(self, pause: float = 0.01) -> float:
        """Return the seconds until the first answer; raise StartError when none comes."""
        begin = time.perf_counter()
        while time.perf_counter() - begin < self.patience:
            if answers(self.port):
                return time.perf_counter() - begin
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(pause)
        code = self.process.poll() if self.process else None
        self.kill()
        raise StartError(f"{self.command[0]} (exit code {code}): {self.log[-2000:]}")

    def stop(self) -> None:
        """Stop the way an operator does (SIGTERM), and by force when that takes too long."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        self.kill()

    def kill(self) -> None:
        """End the whole process group at once, as a power cut of the process would."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process = None

    def __enter__(self) -> Self:
        return self if self.process else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def pids(self) -> list[int]:
        """Return the process and all its living descendants."""
        return _tree(self.process.pid) if self.process else []

    def cpu_seconds(self) -> float:
        """Return user plus system time spent so far by the whole process tree."""
        return sum(_cpu_ticks(pid) for pid in self.pids()) / TICKS

    def memory_mb(self) -> float:
        """Return the proportional memory of the whole process tree."""
        return sum(_pss_kb(pid) for pid in self.pids()) / 1024


def answers(port: int) -> bool:
    """Say whether an HTTP answer of any kind comes from the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return sock.recv(5) == b"HTTP/"
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _tree(root: int) -> list[int]:
    parents = {
        int(entry.name): int(stat[1])
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (stat := _stat(int(entry.name)))
    }
    tree = [root]
    for pid in tree:
        tree += [child for child, parent in parents.items() if parent == pid]
    return tree


def _cpu_ticks(pid: int) -> int:
    """Own time plus that of children already reaped."""
    stat = _stat(pid)
    return sum(int(part) for part in stat[11:15]) if stat else 0


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
