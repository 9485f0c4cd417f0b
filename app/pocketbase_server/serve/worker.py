"""What one worker process does: open the application, answer requests, close it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import AppError
from pocketbase_server.kit.memory import release_soon
from pocketbase_server.serve.banner import print_banner, print_error, print_installer
from pocketbase_server.serve.handles import raise_limit
from pocketbase_server.serve.restart import ask_for_restart
from pocketbase_server.storage.datadir import DataDirError
from pocketbase_server.storage.sql.errors import DatabaseError

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.serve.edge import Begin, Edge, Rest
    from pocketbase_server.web.endpoint import Endpoint, Match

DRAIN_SECONDS: Final = 3.0
"""How long requests in flight may take to end after we are told to stop."""


@dataclass(slots=True, frozen=True)
class Job:
    """What every worker needs to know; the first of them speaks for all."""

    make_app: Callable[[], App]
    url: str
    parent: int
    """The reading end of a pipe that breaks when the parent process dies."""
    ready: int
    """The writing end of a pipe by which the first worker tells that it answers."""
    parent_pid: int
    www_names: frozenset[str] = frozenset()
    """Hosts whose requests are sent to the same without `www.`."""


class Worker:
    """One worker's side of the server: granian calls `begin` with requests, the others around its life."""

    def __init__(self, job: Job, index: int, *, is_first_time: bool = True) -> None:
        self._job = job
        self._is_first = index == 0
        self._is_first_time = is_first_time
        self._is_retiring = False
        self._closing = threading.Lock()
        self._app = job.make_app()
        self._app.restart = partial(ask_for_restart, job.parent_pid)
        self._app.bootstrap()
        self._edge = _edge(self._app)
        self.begin: Begin = self._begin
        """Answers one request at once, or returns what answers it on the loop."""
        if job.www_names:
            from pocketbase_server.serve.tls import without_www

            self.begin = without_www(self._begin, job.www_names)
        _calm_collector()

    def _begin(self, scope: Any, proto: Any) -> Rest:
        return self._edge.begin(scope, proto)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        raise_limit()
        self._edge.start(loop)
        loop.add_reader(self._job.parent, _stop_as_orphan, loop, self._job.parent)
        os.write(self._job.ready, b"1")
        release_soon()
        if self._is_first:
            self._app.crons.start()
        if self._is_first and self._is_first_time:
            _announce(self._app, self._job.url)

    def retire(self) -> bool:
        """Get ready to be replaced: begin nothing that the next would begin too; True the first time."""
        is_first_time = not self._is_retiring
        if is_first_time:
            self._is_retiring = True
            self._app.crons.stop()
            self._edge.retire()
        return is_first_time

    def hang_up(self, loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Get ready to stop: end what stays open on purpose, and set a time limit for the rest.

        Return what is done once granian may end the connections that it knows nothing to do for.
        """
        last = threading.Timer(DRAIN_SECONDS, self._give_up)
        last.daemon = True
        last.start()
        self._ending = loop.create_task(self._edge.hang_up())
        return self._ending

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._edge.drain(DRAIN_SECONDS))
        self._edge.close()
        self._terminate()

    def _terminate(self) -> None:
        with self._closing:
            self._app.terminate()

    def _give_up(self) -> None:
        """End with requests unanswered; granian would wait for them until it is killed."""
        print_error(f"stopped without the answers that took longer than {DRAIN_SECONDS:g} seconds")
        self._terminate()
        os._exit(0)


def _calm_collector() -> None:
    """Keep the garbage collector from looking at what stays for ever.

    PERF: requests leave few cycles behind, yet the collector took a twentieth of their time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _edge(app: App) -> Edge:
    from pocketbase_server.core.hooks.events import ServeEvent
    from pocketbase_server.serve.edge import Edge
    from pocketbase_server.web.endpoint import Lane
    from pocketbase_server.web.factory import make_app
    from pocketbase_server.web.router import Router

    api = make_app(app)
    router = Router(app, api)
    for add in app.routes:
        add(router)
    app.hooks.serve.trigger(ServeEvent(app, router))
    quick = quick_actions(app)
    has_middlewares = api.around.is_bound

    @cache
    def is_quick(endpoint: Endpoint) -> bool:
        return not has_middlewares and all(quick[tag] for tag in endpoint.tags)

    def may_inline(match: Match) -> bool:
        endpoint = match.endpoint
        if endpoint.lane is Lane.SHARED and _is_followed(app, match):
            return False
        return is_quick(endpoint)

    return Edge(api, may_inline=may_inline)


def _is_followed(app: App, match: Match) -> bool:
    """Tell whether rules say who hears of a write: these are asked on a thread."""
    collection = app.collections.get(match.params.get("collection", ""))
    return collection is not None and app.realtime.has_to_ask(collection)


_READ_HOOKS: Final = frozenset({"records_list_request", "record_view_request", "record_enrich"})
_READS: Final = frozenset({"list", "view"})


class _Quick(dict[str, bool]):
    def __init__(self, *, reads: bool, others: bool) -> None:
        super().__init__(dict.fromkeys(_READS, reads))
        self._others = others

    def __missing__(self, action: str) -> bool:
        return self._others


def quick_actions(app: App) -> Mapping[str, bool]:
    """Return for every record action whether none of other people's handlers can slow it down."""
    bound = {name for name, hook in app.hooks if hook.has_user_handlers}
    touched = {name for name in bound if name.startswith(("record", "model", "mailer"))}
    return _Quick(reads=touched.isdisjoint(_READ_HOOKS), others=not touched)


def _announce(app: App, url: str) -> None:
    print_banner(url)
    # PERF: the installer's account gets a password, and hashing that takes longer than all the rest
    threading.Thread(target=_offer_installer, args=(app, url), name="installer").start()


def _offer_installer(app: App, url: str) -> None:
    from pocketbase_server.services.installer import installer_link

    try:
        link = installer_link(app, url)
    except AppError as error:
        print_error(f"cannot make the link for the first superuser: {error}")
        return
    if link is not None:
        print_installer(link)


def _stop_as_orphan(loop: asyncio.AbstractEventLoop, parent: int) -> None:
    """Stop as if told to: the parent process is gone and nobody else will tell us."""
    loop.remove_reader(parent)
    os.kill(os.getpid(), signal.SIGTERM)


def load_worker(job: Job, index: int, *, is_first_time: bool = True) -> Worker:
    """Return the worker, ready to answer; end the process with code 1 when that fails."""
    try:
        return Worker(job, index, is_first_time=is_first_time)
    except (AppError, DataDirError, DatabaseError, OSError, ValueError) as error:
        print_error(str(error))
        raise SystemExit(1) from error
