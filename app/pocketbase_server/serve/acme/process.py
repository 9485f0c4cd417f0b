"""The process beside the workers: it answers the plain port and keeps the certificate valid."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from pocketbase_server.serve.acme.cache import Cache
from pocketbase_server.serve.acme.plain_port import HEAD_BYTES, PlainPort
from pocketbase_server.serve.banner import print_error

if TYPE_CHECKING:
    from pocketbase_server.serve.acme.plan import Directory, TlsPlan

_LAST_SECONDS: Final = 1.0
"""How long connections may take to end after we are told to stop."""


@dataclass(slots=True, frozen=True)
class Pipes:
    """How the process and its parent hear of each other."""

    parent: int
    """The reading end of a pipe that breaks when the parent process dies."""
    dying: int
    """Its other end, which only the parent keeps open."""
    news: int
    """The writing end of a pipe by which the parent learns of a new certificate."""


def run(plan: TlsPlan, sock: socket.socket, pipes: Pipes) -> None:
    """Do the work of the process until the parent ends, or tells it to."""
    os.close(pipes.dying)
    # NOTE: what a terminal sends goes to all of us; the parent decides
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    asyncio.run(_run(plan, sock, pipes))


async def _run(plan: TlsPlan, sock: socket.socket, pipes: Pipes) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(pipes.parent, stop.set)
    tokens: dict[str, str] = {}
    secure, plain = plan.secure.port, sock.getsockname()[1]
    port = PlainPort(plan.names, tokens, ports=(plain, secure))
    server = await asyncio.start_server(port.serve, sock=sock, limit=HEAD_BYTES)
    if plan.directory is not None:
        renew = partial(_renew, plan, plan.directory, tokens, pipes.news)
        threading.Thread(target=renew, name="renewer", daemon=True).start()
    await stop.wait()
    loop.remove_reader(pipes.parent)
    server.close()
    await port.drain(_LAST_SECONDS)


def _renew(plan: TlsPlan, directory: Directory, tokens: dict[str, str], news: int) -> None:
    from pocketbase_server.serve.acme.renewer import Renewer, Wish

    cache = Cache(plan.folder, plan.names[0])

    def order(names: Sequence[str]) -> bytes:
        # PERF: the library is loaded when it is needed, some times a year
        from pocketbase_server.serve.acme.authority import Authority

        return Authority(directory, cache.account_key(), tokens).order(names)

    Renewer(
        Wish(plan.names, directory.url),
        cache,
        order,
        on_new=lambda: os.write(news, b"1"),
        say=print_error,
    ).run(threading.Event())
