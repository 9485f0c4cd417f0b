"""Requests run inline, in the pool or in the slow pool; bodies are read with a limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pocketbase_server.core.errors import BadRequestError, OffloadError, TooLargeError
from pocketbase_server.serve.bodies import SMALL, read_body
from pocketbase_server.serve.edge import Edge
from pocketbase_server.serve.pool import Pool
from pocketbase_server.storage.sql.engine import DatabaseError, Engine
from pocketbase_server.storage.sql.inline import MODE
from pocketbase_server.web.endpoint import Endpoint, Lane, Match

from scripts.servers import LIMIT


class Wire:
    """The sending side of one request: a body in pieces, and what was answered."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self.pieces = pieces
        self.breaks = breaks
        self.answer: tuple[int, bytes] = (0, b"")
        self.headers: list[tuple[str, str]] = []

    async def __call__(self) -> bytes:
        return b"".join([piece async for piece in self])

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if self.breaks:
            raise RuntimeError("connection lost")

    def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
        self.answer = (status, body)
        self.headers = headers


class Scope:
    proto = "http"
    method = "GET"
    path = "/"
    query_string = ""
    scheme = "http"
    http_version = "1.1"
    client = "127.0.0.1:5000"

    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class App:
    """A WSGI application that answers with the name of the thread it runs on."""

    def __init__(self, lane: Lane, act: Callable[[], None] = lambda: None) -> None:
        self.app = SimpleNamespace(
            dir=SimpleNamespace(temp=None),
            data=SimpleNamespace(
                is_wanted=False, join=lambda _: True, part=lambda: None, commit_shared=lambda: None
            ),
        )
        self.endpoint = Endpoint(lambda *_: None, "/", lane, limit=1 << 20)
        self.act = act

    def match(self, method: str, path: str) -> Match:
        return Match(self.endpoint, {})

    def __call__(self, env: dict[str, Any], start: Any) -> list[bytes]:
        self.act()
        start("200 OK", [])
        return [threading.current_thread().name.encode()]


def wait(modes: list[bool]) -> None:
    """Refuse to do so where nothing may wait, and note how it was each time."""
    modes.append(MODE.active)
    if MODE.active:
        raise OffloadError


def ask(app: App, scope: Scope | None = None, *, inline: bool = True) -> str:
    async def run() -> bytes:
        edge = Edge(app, may_inline=lambda _: inline)  # type: ignore[arg-type]
        edge.start(asyncio.get_running_loop())
        wire = Wire(b"x" * (SMALL + 1))
        await edge.answer(scope or Scope(), wire)
        edge.close()
        return wire.answer[1]

    return asyncio.run(run()).decode()


def test_quick_requests_run_on_the_loop() -> None:
    """A quick request costs no change of threads."""
    assert ask(App(Lane.INLINE)) == "MainThread"


@pytest.mark.parametrize(
    ("app", "options", "thread"),
    [
        (App(Lane.POOL), {}, "request-1"),
        (App(Lane.SLOW), {}, "slow-request-1"),
        (App(Lane.INLINE), {"inline": False}, "request-1"),
        (App(Lane.INLINE), {"scope": Scope(content_length=str(SMALL + 1))}, "slow-request-1"),
        (App(Lane.INLINE), {"scope": Scope(transfer_encoding="chunked")}, "slow-request-1"),
        (
            App(Lane.INLINE),
            {"scope": Scope(content_length="9", content_type="multipart/form-data")},
            "slow-request-1",
        ),
    ],
    ids=["pool", "slow", "not inline now", "large body", "large chunked body", "upload"],
)
def test_other_requests_run_on_threads(app: App, options: dict[str, Any], thread: str) -> None:
    """What may wait, waits elsewhere."""
    assert ask(app, **options) == thread


def test_work_that_would_wait_is_done_again_elsewhere() -> None:
    """A request that finds out on the loop that it must wait runs again on a thread."""
    modes: list[bool] = []
    assert ask(App(Lane.INLINE, partial(wait, modes))) == "request-1"
    assert modes == [True, False]


def test_errors_of_the_application_are_answered() -> None:
    """Even an error in the handling of errors is an answer."""
    assert "Something went wrong" in ask(App(Lane.POOL, lambda: 1 / 0))  # type: ignore[arg-type, return-value]


class Bringer:
    """What brings requests to an edge: one thread of its own, as granian has it."""

    def __init__(self, app: App) -> None:
        self.edge = Edge(app, may_inline=lambda _: True)  # type: ignore[arg-type]

    async def bring(self, scope: Scope) -> tuple[Wire, bool]:
        """Return the answer to a request, and whether it was there before the loop did anything."""
        wire = Wire(b"abc")
        rest: list[Any] = []

        def take() -> None:
            rest.append(self.edge.begin(scope, wire))

        thread = threading.Thread(target=take, name="bringer")
        thread.start()
        thread.join(LIMIT)
        if rest[0] is not None:
            await rest[0]
        return wire, rest[0] is None

    def ask(self, scope: Scope | None = None) -> tuple[str, bool]:
        async def run() -> tuple[Wire, bool]:
            self.edge.start(asyncio.get_running_loop())
            answered = await self.bring(scope or Scope())
            self.edge.close()
            return answered

        wire, at_once = asyncio.run(run())
        return wire.answer[1].decode(), at_once


def posted(**headers: str) -> Scope:
    scope = Scope(**headers)
    scope.method = "POST"
    return scope


@pytest.mark.parametrize(
    ("app", "scope", "thread"),
    [
        (App(Lane.INLINE), Scope(), "bringer"),
        (App(Lane.INLINE), posted(), "bringer"),
        (App(Lane.INLINE), posted(content_length="0"), "bringer"),
        (App(Lane.INLINE), posted(content_length="3"), "MainThread"),
        (App(Lane.INLINE), posted(transfer_encoding="chunked"), "MainThread"),
        (App(Lane.SHARED), Scope(), "MainThread"),
        (App(Lane.POOL), Scope(), "request-1"),
    ],
    ids=["read", "nothing to read", "empty body", "body", "chunked body", "write", "pool"],
)
def test_what_needs_nothing_of_the_loop_is_answered_where_it_arrives(
    app: App, scope: Scope, thread: str
) -> None:
    """Quick requests without a body cost no wake-up of the loop; all others go there."""
    assert Bringer(app).ask(scope) == (thread, thread == "bringer")


def test_what_would_wait_leaves_the_thread_that_brings_requests() -> None:
    """A request that finds out that it must wait runs again elsewhere; no other waits for it."""
    modes: list[bool] = []
    assert Bringer(App(Lane.INLINE, partial(wait, modes))).ask() == ("request-1", False)
    assert modes == [True, False]


def test_errors_are_answered_where_they_happen() -> None:
    """An error in the handling of errors does not stop the thread that brings requests."""
    text, at_once = Bringer(App(Lane.INLINE, lambda: 1 / 0)).ask()  # type: ignore[arg-type, return-value]
    assert "Something went wrong" in text
    assert at_once


def test_a_worker_that_makes_room_says_so_in_every_answer() -> None:
    """Whoever keeps a connection open makes a new one, which another worker takes."""
    bringer = Bringer(App(Lane.INLINE))

    async def run() -> list[bool]:
        bringer.edge.start(asyncio.get_running_loop())
        wires = [(await bringer.bring(Scope()))[0]]
        bringer.edge.retire()
        wires.append((await bringer.bring(Scope()))[0])
        bringer.edge.close()
        return [("connection", "close") in wire.headers for wire in wires]

    assert asyncio.run(run()) == [False, True]


def test_whoever_stops_waits_for_the_request_being_answered() -> None:
    """The application is not closed under a request on the thread that brings them."""
    begun, may_end = threading.Event(), threading.Event()
    order: list[str] = []

    def act() -> None:
        begun.set()
        may_end.wait(LIMIT)
        order.append("answered")

    edge = Edge(App(Lane.INLINE, act), may_inline=lambda _: True)  # type: ignore[arg-type]

    async def run() -> None:
        edge.start(asyncio.get_running_loop())
        thread = threading.Thread(target=edge.begin, args=(Scope(), Wire()))
        thread.start()
        begun.wait(LIMIT)
        drained = asyncio.create_task(edge.drain(LIMIT))
        await asyncio.sleep(0.02)
        may_end.set()
        await drained
        order.append("drained")
        thread.join(LIMIT)
        edge.close()

    asyncio.run(run())
    assert order == ["answered", "drained"]


def body_of(wire: Wire, length: str | None, limit: int = 0) -> bytes:
    async def run() -> bytes:
        return (await read_body(wire, length, limit)).read()

    return asyncio.run(run())


def test_bodies() -> None:
    """Bodies of every size and announcement come through whole."""
    assert body_of(Wire(b"abc"), "3") == b"abc"
    assert body_of(Wire(b"a", b"bc"), None) == b"abc"
    assert body_of(Wire(b"a" * SMALL, b"bc"), None) == b"a" * SMALL + b"bc"


def test_refused_bodies() -> None:
    """Too large is known at once when announced, else while reading; a broken body is a bad request."""
    with pytest.raises(TooLargeError):
        body_of(Wire(b"never read", breaks=True), "11", 10)
    with pytest.raises(TooLargeError):
        body_of(Wire(b"123456", b"78901"), None, 10)
    with pytest.raises(BadRequestError):
        body_of(Wire(b"1", breaks=True), None, 10)


@pytest.mark.parametrize(("length", "is_last"), [("3", False), (str(2 << 20), True)])
def test_nothing_follows_a_refused_body(length: str, is_last: bool) -> None:
    """What is left of such a body may still come: the caller is told to make a new connection."""

    async def run() -> Wire:
        edge = Edge(App(Lane.INLINE), may_inline=lambda _: True)  # type: ignore[arg-type]
        edge.start(asyncio.get_running_loop())
        wire = Wire(b"abc")
        await edge.answer(Scope(content_length=length), wire)
        edge.close()
        return wire

    assert (("connection", "close") in asyncio.run(run()).headers) is is_last


def test_the_pool_runs_at_once_what_it_has_threads_for() -> None:
    """Waiting work does not hold up other work while there are threads."""
    together = threading.Barrier(3, timeout=LIMIT)

    async def run() -> None:
        pool = Pool(asyncio.get_running_loop(), 3, "test")
        jobs: list[Awaitable[Any]] = [pool.run(together.wait) for _ in range(3)]
        await asyncio.gather(*jobs)
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 / 0)
        pool.close()

    asyncio.run(run())


def test_writes_wait_for_writes_of_threads() -> None:
    """A write waits a moment for the writer instead of going to a thread."""
    app = App(Lane.SHARED)
    app.app.data.is_wanted = True

    def end() -> None:
        app.app.data.is_wanted = False

    scope = Scope()

    async def run() -> tuple[bytes, float]:
        loop = asyncio.get_running_loop()
        edge = Edge(app, may_inline=lambda _: True)  # type: ignore[arg-type]
        edge.start(loop)
        wire, began = Wire(), loop.time()
        loop.call_later(0.02, end)
        await edge.answer(scope, wire)
        edge.close()
        return wire.answer[1], loop.time() - began

    thread, seconds = asyncio.run(run())
    assert thread == b"MainThread"
    assert seconds >= 0.015


class Writing:
    """An application each of whose requests writes its own path; and who has carried them out."""

    def __init__(self, engine: Engine) -> None:
        self.app = SimpleNamespace(dir=SimpleNamespace(temp=None), data=engine)
        self.seen: list[tuple[str, str]] = []

    def match(self, method: str, path: str) -> Match:
        return Match(Endpoint(lambda *_: None, "/", Lane.SHARED), {"path": path})

    def __call__(self, env: dict[str, Any], start: Any) -> list[bytes]:
        path = env["PATH_INFO"]
        self.seen.append((path, threading.current_thread().name))
        answer = b"ok"
        try:
            self.app.data.run("INSERT INTO t VALUES (?)", (path,))
        except DatabaseError:
            answer = b"refused"
        start("200 OK", [])
        return [answer]


def write_at_once(
    tmp_path: Path, *paths: str, gone: tuple[str, ...] = (), body: bytes = b"x"
) -> tuple[dict[str, bytes], list[str], Writing]:
    """Send a write to each path in one turn of the loop; those with a body find somebody else there."""
    engine = Engine(tmp_path / "data.db")
    engine.open()
    engine.run("CREATE TABLE t (id TEXT PRIMARY KEY, CHECK (id != '/refused'))")
    engine.run("CREATE TABLE late (id TEXT REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)")
    engine.run(
        "CREATE TRIGGER x AFTER INSERT ON t WHEN NEW.id = '/late'"
        " BEGIN INSERT INTO late VALUES ('nobody'); END"
    )
    app = Writing(engine)

    async def run() -> dict[str, bytes]:
        edge = Edge(app, may_inline=lambda _: True)  # type: ignore[arg-type]
        edge.start(asyncio.get_running_loop())
        wires = {path: Wire(body) for path in paths}
        tasks = {}
        for path, wire in wires.items():
            scope = Scope(content_length=str(len(body)))
            scope.path = path
            tasks[path] = asyncio.create_task(edge.answer(scope, wire))
        edge._running += bool(body)
        await asyncio.sleep(0)
        for path in gone:
            tasks[path].cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        edge.close()
        return {path: wire.answer[1] for path, wire in wires.items()}

    answers = asyncio.run(run())
    stored = [row[0] for row in engine.all("SELECT id FROM t ORDER BY id")]
    engine.close()
    return answers, stored, app


def test_writes_of_one_turn_are_answered_when_committed(tmp_path: Path) -> None:
    """All run on the loop, once; a refused one is told so and the others are kept."""
    answers, stored, app = write_at_once(tmp_path, "/a", "/refused", "/b", "/a")
    assert answers == {"/a": b"ok", "/refused": b"refused", "/b": b"ok"}
    assert stored == ["/a", "/b"]
    assert [thread for _, thread in app.seen] == ["MainThread"] * 3


def test_who_is_gone_holds_nobody_up(tmp_path: Path) -> None:
    """A client that hangs up before the commit is the only one without an answer."""
    answers, stored, _ = write_at_once(tmp_path, "/a", "/b", "/c", gone=("/a", "/b"))
    assert answers == {"/a": b"", "/b": b"", "/c": b"ok"}
    assert stored == ["/a", "/b", "/c"]


def test_writes_without_a_body_find_each_other(tmp_path: Path, monkeypatch: Any) -> None:
    """Nobody who has company commits alone."""
    alone: list[Engine] = []
    monkeypatch.setattr(Engine, "commit_shared", alone.append)
    answers, stored, _ = write_at_once(tmp_path, "/a", "/b", body=b"")
    assert answers == {"/a": b"ok", "/b": b"ok"}
    assert (stored, alone) == (["/a", "/b"], [])


def test_a_commit_that_fails_is_the_trouble_of_one(tmp_path: Path) -> None:
    """Everybody writes again, alone, on a thread; the one whose commit fails is told so."""
    answers, stored, app = write_at_once(tmp_path, "/a", "/late", "/b")
    assert answers == {"/a": b"ok", "/late": b"refused", "/b": b"ok"}
    assert stored == ["/a", "/b"]
    assert len(app.seen) == 6
    assert all(thread.startswith("request") for _, thread in app.seen[3:])
