"""Granian's process server: one parent, workers that answer; the only import of granian."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from granian import _futures, _signals
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes, SSLProtocols, TaskImpl
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from pocketbase_server.kit.memory import release_soon
from pocketbase_server.serve.address import Address, listen, parse_address
from pocketbase_server.serve.restart import SIGNAL, inherited_sockets, start_anew
from pocketbase_server.serve.retire import QUIET_SECONDS, stop_accepting
from pocketbase_server.serve.retire import SIGNAL as RETIRE
from pocketbase_server.serve.worker import Job, Worker, load_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from contextvars import Context

    from pocketbase_server.app import App
    from pocketbase_server.serve.acme.plan import TlsPlan
    from pocketbase_server.serve.tls import TlsFront

BACKLOG: Final = 1024
CONNECTIONS: Final = 1 << 16
"""How many may be open in one worker; realtime clients keep theirs, so it is far more than wait."""
KILL_SECONDS: Final = 6
"""A worker that has not ended by then is killed; longer than requests in flight are waited for."""
_START_SECONDS: Final = 30.0
"""How long a worker may take to answer before the next is replaced."""
_AGAIN_SECONDS: Final = 0.5
"""After that a worker is told again to make room."""
_MOMENT: Final = 0.01
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
        self.ready = threading.Semaphore(0)
        """Told by every worker that answers."""
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

    def replace_workers(self) -> None:
        """Have the workers replaced by new ones, which read the certificate again."""
        self.reload_signal = True
        self.main_loop_interrupt.set()

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        """Replace one worker after the other; callers wait in the socket's queue meanwhile.

        NOTE: granian would let two run with the same number for a while, and run jobs twice.
        """
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        self._call_hooks(self.hooks_reload)  # type: ignore[no-untyped-call]
        for index in range(self.workers):
            while self.ready.acquire(blocking=False):
                pass
            self._retire(self.wrks[index])
            new: Any = self._spawn_worker(index, spawn_target, target_loader)
            self.wrks[index] = new
            new.start()
            self.ready.acquire(timeout=_START_SECONDS)

    @staticmethod
    def _retire(worker: Any) -> None:
        worker.interrupt_by_parent = True
        last = time.monotonic() + QUIET_SECONDS + KILL_SECONDS
        while RETIRE is not None and _is_alive(worker) and time.monotonic() < last:
            # NOTE: a signal may come while it cannot be told to the loop; a second does no harm
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.inner.pid, RETIRE)
            worker.join(_AGAIN_SECONDS)
        if _is_alive(worker):
            worker.kill()
            worker.join()

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
        self, idx: int, target: Any, callback_loader: Callable[..., Any]
    ) -> Any:
        load = partial(callback_loader, idx, is_first_time=not self.respawn_failed_workers)
        return super()._spawn_worker(idx, target, load)


def _is_alive(worker: Any) -> bool:
    # NOTE: for a moment a process seems alive whose end another thread of ours just noticed
    if worker.is_alive():
        time.sleep(_MOMENT)
    return bool(worker.is_alive())


def serve(
    make_app: Callable[[], App], http: str, workers: int = 1, tls: TlsPlan | None = None
) -> int:
    """Answer requests at the address *http*, or as *tls* says, until told to stop; return the exit code.

    Raises `ListenError` when an address cannot be used.
    """
    address = tls.secure if tls else parse_address(http)
    listening = _listen([address, tls.plain] if tls else [address])
    front = _front(tls, listening[1]) if tls else None
    alive, dying = os.pipe()
    is_ready, ready = os.pipe()
    names = tls.optional if tls else frozenset()
    job = Job(make_app, tls.url if tls else address.url, alive, ready, os.getpid(), names)
    if os.name == "posix":
        # NOTE: handlers that a program has bound come along only when workers are forked
        multiprocessing.set_start_method("fork", force=True)
    server = _server(listening[0].dup(), workers, front)
    if SIGNAL is not None:
        signal.signal(SIGNAL, server.restart)
    if front is not None:
        front.start(alive, dying, server.replace_workers)
    threading.Thread(target=_await_ready, args=(server, is_ready), daemon=True).start()
    try:
        server.serve(
            target_loader=partial(_load, job, dying, listening[0].getsockname()), wrap_loader=False
        )
    except SystemExit as stop:
        if not server.is_restarting:
            return stop.code if isinstance(stop.code, int) else 1
    finally:
        if front is not None:
            front.stop()
        with contextlib.suppress(OSError):
            os.close(dying)
    if server.is_restarting:
        start_anew(listening)
    return 0


def _listen(addresses: Sequence[Address]) -> list[socket.socket]:
    """Return sockets at *addresses*: those that we had before a restart, or new ones."""
    sockets = inherited_sockets()
    return sockets + [listen(address) for address in addresses[len(sockets) :]]


def _front(tls: TlsPlan, sock: socket.socket) -> TlsFront:
    # PERF: most servers leave TLS to somebody else
    from pocketbase_server.serve.tls import TlsFront

    return TlsFront(tls, sock)


def _server(sock: socket.socket, workers: int, front: TlsFront | None) -> _Server:
    server = _Server(
        sock,
        interface=Interfaces.RSGI,
        workers=workers,
        loop=Loops.auto,
        runtime_mode=RuntimeModes.st,
        task_impl=TaskImpl.asyncio,
        http=HTTPModes.auto if front else HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEADER_TIMEOUT_MS, max_buffer_size=_HEADER_BYTES
        ),
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        log_enabled=False,
        workers_kill_timeout=KILL_SECONDS,
    )
    if front is not None:
        use = partial(_use_certificate, server, front)
        use()
        server.on_reload(use)
    return server


def _use_certificate(server: _Server, front: TlsFront) -> None:
    """Have workers that start from now on read the certificate that there is now."""
    pem = front.pem()
    server.build_ssl_context(pem, pem, None, SSLProtocols.tls12, None, [], client_verify=False)


def _await_ready(server: _Server, is_ready: int) -> None:
    """Replace workers that die, once they have shown that they can start at all."""
    while os.read(is_ready, 1):
        server.respawn_failed_workers = True
        server.ready.release()
        release_soon()


def _load(job: Job, dying: int, where: object, index: int, *, is_first_time: bool) -> Any:
    # NOTE: a forked worker has its parent's handlers, which would swallow a stop that comes before its own
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.close(dying)  # the parent alone keeps it open, so that its death is noticed
    worker = load_worker(job, index, is_first_time=is_first_time)
    _on_signals(worker, where)
    _futures._cbsched_aioschedule = partial(_taking, worker)
    return worker


def _taking(worker: Worker, loop: asyncio.AbstractEventLoop, context: Context, _: object) -> Any:
    """Return what granian calls with every request, on the thread that brings them to the loop.

    NOTE: granian's own would send each to the loop, although most need nothing of it.
    """

    async def finish(rest: Coroutine[Any, Any, None], watcher: Any) -> None:
        try:
            await rest
        except BaseException as ex:  # noqa: BLE001 - granian tells it
            watcher.err(ex)
            return
        watcher.done()

    def go_on(rest: Coroutine[Any, Any, None], watcher: Any) -> None:
        watcher.taskref(loop.create_task(finish(rest, watcher)))

    def take(watcher: Any) -> None:
        try:
            rest = worker.begin(watcher.scope, watcher.proto)
        except BaseException as ex:  # noqa: BLE001 - granian tells it
            watcher.err(ex)
            return
        if rest is not None:
            loop.call_soon_threadsafe(go_on, rest, watcher, context=context)

    return take


def _on_signals(worker: Worker, where: object) -> None:
    """Let *worker* know as soon as it is told to stop, or to make room for another.

    NOTE: granian itself tells us when the last connection has ended, and some stay open on purpose.
    """
    set_signals = _signals.set_loop_signals

    def set_loop_signals(loop: asyncio.AbstractEventLoop) -> Any:
        event = set_signals(loop)  # type: ignore[no-untyped-call]

        def stop() -> None:
            worker.hang_up(loop).add_done_callback(lambda _: event.set())

        def retire() -> None:
            if worker.retire():
                stop_accepting(where)
                loop.call_later(QUIET_SECONDS, stop)

        with contextlib.suppress(NotImplementedError):
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
            if RETIRE is not None:
                loop.add_signal_handler(RETIRE, retire)
        return event

    _signals.set_loop_signals = set_loop_signals
