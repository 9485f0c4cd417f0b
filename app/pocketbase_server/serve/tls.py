"""TLS: which certificate to serve with, the process that keeps it valid, and `www.` names."""

from __future__ import annotations

import multiprocessing
import os
import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pocketbase_server.serve.acme.cache import Cache, read_file, write_private
from pocketbase_server.serve.acme.certificates import self_signed
from pocketbase_server.serve.acme.process import Pipes, run

if TYPE_CHECKING:
    import socket
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from pocketbase_server.serve.acme.plan import TlsPlan
    from pocketbase_server.serve.edge import Begin, Rest


_STOP_SECONDS: Final = 3.0
_SHORT_LIFE: Final = 5.0
"""A process that dies sooner is replaced after as long a pause."""


class TlsFront:
    """The parent's side: gives the workers a certificate and looks after the process beside them."""

    def __init__(self, plan: TlsPlan, sock: socket.socket) -> None:
        self._plan = plan
        self._socket = sock
        self._cache = Cache(plan.folder, plan.names[0])
        self._is_stopping = threading.Event()
        self._process: BaseProcess
        self._watcher: threading.Thread | None = None

    def pem(self) -> Path:
        """Return the file to serve with: the certificate, or a stopgap while there is none.

        NOTE: one that has ended is still served: it names the right server, and tells what is wrong.
        """
        self._cache.prepare()
        path = self._cache.certificate_path
        held = self._cache.certificate()
        if held is not None and not held.names.isdisjoint(self._plan.names) and _loads(path):
            return path
        return self._stopgap()

    def _stopgap(self) -> Path:
        path = self._cache.self_signed_path
        held = read_file(path)
        names = self._plan.names
        if held is None or not held.covers(names) or held.renewal_at().timestamp() < time.time():
            write_private(path, self_signed(names))
        return path

    def start(self, alive: int, dying: int, on_new: Callable[[], object]) -> None:
        """Start the process; *on_new* is called when there is a new certificate."""
        news, tell = os.pipe()
        pipes = Pipes(alive, dying, tell)
        self._process = self._begin(pipes)
        self._watcher = threading.Thread(target=self._watch, args=(pipes,), daemon=True)
        self._watcher.start()
        threading.Thread(target=_hear, args=(news, on_new), daemon=True).start()

    def stop(self) -> None:
        """End the process."""
        self._is_stopping.set()
        if self._watcher is None:
            return
        self._process.terminate()
        self._watcher.join(_STOP_SECONDS)
        if self._watcher.is_alive():
            self._process.kill()

    def _begin(self, pipes: Pipes) -> BaseProcess:
        process = multiprocessing.Process(
            target=run, args=(self._plan, self._socket, pipes), name="front"
        )
        process.start()
        return process

    def _watch(self, pipes: Pipes) -> None:
        """Replace the process when it dies."""
        while not self._is_stopping.is_set():
            began = time.monotonic()
            self._process.join()
            pause = _SHORT_LIFE if time.monotonic() - began < _SHORT_LIFE else 0.0
            if not self._is_stopping.wait(pause):
                self._process = self._begin(pipes)


def _hear(news: int, on_new: Callable[[], object]) -> None:
    while os.read(news, 1):
        on_new()


def _loads(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    except (OSError, ValueError):
        return False
    return True


def without_www(begin: Begin, names: frozenset[str]) -> Begin:
    """Return *begin* with requests to *names* sent to the same without `www.`."""

    def redirect(scope: Any, proto: Any) -> Rest:
        # NOTE: HTTP/2 has no header for it
        host: str = scope.authority or scope.headers.get("host") or ""
        name = host.partition(":")[0].lower()
        if name not in names:
            return begin(scope, proto)
        path = quote(scope.path, safe="/!$&'()*+,;=:@~")
        query = f"?{scope.query_string}" if scope.query_string else ""
        location = f"https://{host[len('www.') :]}{path}{query}"
        proto.response_empty(307, [("location", location)])
        return None

    return redirect
