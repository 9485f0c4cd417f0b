"""Granian's process server: one parent, workers that answer; the only import of granian."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from granian import _signals
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from pocketbase_server.serve.address import listen, parse_address
from pocketbase_server.serve.restart import SIGNAL, inherited_socket, start_anew
from pocketbase_server.serve.worker import Job, load_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App

BACKLOG: Final = 1024
KILL_SECONDS: Final = 6
"""A worker that has not ended by then is killed; longer than requests in flight are waited for."""
_HEADER_TIMEOUT_MS: Final = 60_000
_HEADER_BYTES: Final = 1 << 20


class _Server(MPServer):
    """Granian's server on a socket that we opened ourselves.

    NOTE: granian lets every worker bind the address anew, so that a second server on the same port
    would not be noticed, and connections made while workers start would be refused.
    """

    def __init__(self, sock: socket.socket, **options: Any) -> None:
        super().__init__("pocketbase", **options)
        self._listening = sock
        self.is_restarting = False
        hang_up = getattr(signal, "SIGHUP", None)
        self._is_nohup = hang_up is not None and signal.getsignal(hang_up) is signal.SIG_IGN

    def restart(self, *_: object) -> None:
        """Stop, in order to start anew."""
        self.is_restarting = True
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def signal_handler_reload(self, *_: object) -> None:
        """Stop when the terminal closes, unless started with `nohup`; granian would reload."""
        if not self._is_nohup:
            self.signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def _init_shared_socket(self) -> None:
        fd = os.dup(self._listening.fileno())
        holder: Any = SocketHolder
        self._ssp = None
        self._sso = None
        self._sfd: Any = fd
        self._shd: Any = holder(fd, False, BACKLOG)  # noqa: FBT003 - granian's signature

    def _drop_shared_socket(self) -> None:
        self._listening.close()

    def _spawn_worker(  # type: ignore[override]
        self, idx: int, target: Any, callback_loader: Callable[[int], Any]
    ) -> Any:
        return super()._spawn_worker(idx, target, partial(callback_loader, idx))


def serve(make_app: Callable[[], App], http: str, workers: int = 1) -> int:
    """Answer requests at the address *http* until told to stop; return the exit code.

    Raises `ListenError` when that address cannot be used.
    """
    address = parse_address(http)
    sock = inherited_socket() or listen(address)
    listening = sock.dup()
    alive, dying = os.pipe()
    is_ready, ready = os.pipe()
    job = Job(make_app, address.url, alive, ready, os.getpid())
    if os.name == "posix":
        # NOTE: handlers that a program has bound come along only when workers are forked
        multiprocessing.set_start_method("fork", force=True)
    server = _Server(
        sock,
        interface=Interfaces.RSGI,
        workers=workers,
        loop=Loops.auto,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEADER_TIMEOUT_MS, max_buffer_size=_HEADER_BYTES
        ),
        websockets=False,
        backlog=BACKLOG,
        log_enabled=False,
        workers_kill_timeout=KILL_SECONDS,
    )
    if SIGNAL is not None:
        signal.signal(SIGNAL, server.restart)
    threading.Thread(target=_await_ready, args=(server, is_ready), daemon=True).start()
    try:
        server.serve(target_loader=partial(_load, job, dying), wrap_loader=False)
    except SystemExit as stop:
        if not server.is_restarting:
            return stop.code if isinstance(stop.code, int) else 1
    finally:
        with contextlib.suppress(OSError):
            os.close(dying)
    if server.is_restarting:
        start_anew(listening)
    return 0


def _await_ready(server: _Server, is_ready: int) -> None:
    """Replace workers that die, once they have shown that they can start at all."""
    os.read(is_ready, 1)
    server.respawn_failed_workers = True


def _load(job: Job, dying: int, index: int) -> Any:
    os.close(dying)  # the parent alone keeps it open, so that its death is noticed
    worker = load_worker(job, index)
    _before_stop(worker.hang_up)
    return worker


def _before_stop(act: Callable[[asyncio.AbstractEventLoop], None]) -> None:
    """Call *act* with the loop as soon as this worker is told to stop.

    NOTE: granian itself tells us when the last connection has ended, and some stay open on purpose.
    """
    set_signals = _signals.set_loop_signals

    def set_loop_signals(loop: asyncio.AbstractEventLoop) -> Any:
        event = set_signals(loop)  # type: ignore[no-untyped-call]

        def stop() -> None:
            act(loop)
            event.set()

        with contextlib.suppress(NotImplementedError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
        return event

    _signals.set_loop_signals = set_loop_signals
