"""The server's entry: asks the WSGI application at once, on the event loop or on a thread, as a request needs it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections.abc import Callable, Coroutine
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.serve.bodies import Body, read_body
from pocketbase_server.serve.environ import make_environ
from pocketbase_server.serve.pool import Pool
from pocketbase_server.serve.send_file import FileSender
from pocketbase_server.serve.sse import Lines
from pocketbase_server.storage.sql.inline import MODE
from pocketbase_server.web.content import FileBody
from pocketbase_server.web.endpoint import Lane, Match
from pocketbase_server.web.errors import OFFLOAD
from pocketbase_server.web.exchange import DELAY_KEY, NO_BODY, REFUSAL_KEY
from pocketbase_server.web.media import MULTIPART
from pocketbase_server.web.sse import EventStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.web.api import Api
    from pocketbase_server.web.exchange import NativeHeaders

POOL_THREADS: Final = 8
SLOW_THREADS: Final = 8
_PATIENCE_MS: Final = 100
"""How long a write that could run on the loop waits for the threads' writes to end."""
_READS: Final = frozenset({"GET", "HEAD"})
_NO_LENGTH: Final = frozenset({"", "0"})
_MOMENT: Final = 0.005

Headers = list[tuple[str, str]]
Rest = Coroutine[Any, Any, None] | None
"""What is still to be done for a request on the loop; None when it is answered."""
Begin = Callable[[Any, Any], Rest]


class Answer:
    """What the application answered; called by it as WSGI's `start_response`."""

    __slots__ = ("body", "delay", "headers", "status")

    def __init__(self) -> None:
        self.delay = 0.0
        self.status = 500
        self.headers: Headers = []
        self.body: Iterable[bytes] = ()

    def __call__(
        self,
        status: str,
        headers: Headers,
        exc_info: Any = None,  # noqa: ARG002
        /,
    ) -> Callable[[bytes], object]:
        """Take status and headers."""
        self.status = int(status[:3])
        self.headers = headers
        return _no_write


def _no_write(data: bytes) -> None:
    """Nobody calls what WSGI keeps for programs of another time."""


class Edge:
    """Granian's RSGI application."""

    def __init__(self, api: Api, *, may_inline: Callable[[Match], bool]) -> None:
        self._api = api
        self._may_inline = may_inline
        self._data = api.app.data
        self._running = 0
        self._is_answering = False
        """Whether granian's thread is answering a request; it takes one at a time."""
        self._idle: asyncio.Event | None = None
        """Set once nothing is running; made when we are told to stop."""
        self._loop: asyncio.AbstractEventLoop
        self._later: Callable[[Callable[[], None]], object]
        self._pool: Pool
        self._slow: Pool
        self._lines = Lines()
        self._files = FileSender()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Get ready to answer on *loop*."""
        self._loop = loop
        self._later = loop.call_soon
        self._pool = Pool(loop, POOL_THREADS, "request")
        self._slow = Pool(loop, SLOW_THREADS, "slow-request")
        self._lines.start(loop)
        self._files.start(loop)

    async def hang_up(self) -> None:
        """End the connections that stay open, begin no others, and return when large files have left."""
        await self._lines.close()
        await self._files.close()

    def retire(self) -> None:
        """Have clients make a new connection for their next request, which another worker takes."""
        # NOTE: on the loop all of them come by below
        self.begin = self.answer  # type: ignore[method-assign]
        answer = self._answer

        async def last_answer(scope: Any, proto: Any, match: Match | None) -> Answer:
            last = await answer(scope, proto, match)
            last.headers = [*last.headers, ("connection", "close")]
            return last

        # PERF: so that nobody else has to ask whether this is the last answer
        self._answer = last_answer  # type: ignore[method-assign]

    async def drain(self, patience: float) -> None:
        """Return when no request is being answered any more, or after *patience* seconds."""
        until = self._loop.time() + patience
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.hang_up(), patience)
        while self._is_answering and self._loop.time() < until:  # noqa: ASYNC110 - telling costs every request
            await asyncio.sleep(_MOMENT)
        if not self._running:
            return
        self._idle = asyncio.Event()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), patience)

    def close(self) -> None:
        """End the threads."""
        self._pool.close()
        self._slow.close()

    def begin(self, scope: Any, proto: Any) -> Rest:
        """Answer one request at once, or return what answers it on the loop.

        Called on the thread by which granian brings requests, one at a time. PERF: the way to the loop
        and back costs a wake-up and a fight for the interpreter, a third of what a quick request takes.
        """
        busy = self._files.busy
        if busy and scope.client in busy:
            return self.answer(scope, proto)
        headers: NativeHeaders = scope.headers
        method, path = scope.method, scope.path
        match = self._api.match(method, path)
        if (
            match.endpoint.lane is not Lane.INLINE
            or _brings_body(scope, headers, headers.get("content-length"))
            or not self._may_inline(match)
        ):
            return self.answer(scope, proto, match)
        call = _Call(self._api, make_environ(scope, method, path, headers, match, NO_BODY))
        self._is_answering = True
        try:
            answer = call.at_once()
            data = _at_hand(answer)
            if data is None:
                return self._respond(scope, proto, _given(answer))
            proto.response_bytes(answer.status, answer.headers, data)
        except OFFLOAD:
            return self._respond(scope, proto, self._on_thread(Lane.INLINE, call, NO_BODY))
        finally:
            self._is_answering = False
        return None

    async def answer(self, scope: Any, proto: Any, match: Match | None = None) -> None:
        """Answer one request on the loop; *match* is what answers it, where that is known."""
        if self._files.busy:
            await self._files.free(scope.client)
        await self._respond(scope, proto, self._answer(scope, proto, match))

    async def _respond(self, scope: Any, proto: Any, coming: Coroutine[Any, Any, Answer]) -> None:
        self._running += 1
        stream: EventStream | None = None
        try:
            answer = await coming
            if answer.delay:
                await asyncio.sleep(answer.delay)
                answer.delay = 0.0
            data, body = _at_hand(answer), answer.body
            if data is not None:
                proto.response_bytes(answer.status, answer.headers, data)
            elif isinstance(body, EventStream):
                stream = body
            else:
                await self._send(scope, proto, answer)
        finally:
            self._running -= 1
            if self._idle is not None and not self._running:
                self._idle.set()
        if stream is not None:
            await self._lines.serve(scope, proto, answer, stream)

    async def _send(self, scope: Any, proto: Any, answer: Answer) -> None:
        body = answer.body
        if isinstance(body, FileBody):
            if (sending := self._files.send(scope, proto, answer, body)) is not None:
                await sending
            elif body.is_whole:
                proto.response_file(answer.status, answer.headers, body.place)
            else:
                proto.response_file_range(
                    answer.status, answer.headers, body.place, body.start, body.end
                )
            return
        stream = proto.response_stream(answer.status, answer.headers)
        # NOTE: pieces may come from far away, and nobody else should wait for them
        pieces = iter(body)
        while (piece := await self._slow.run(lambda: next(pieces, None))) is not None:
            await stream.send_bytes(piece)

    async def _answer(self, scope: Any, proto: Any, match: Match | None) -> Answer:
        headers: NativeHeaders = scope.headers
        method, path = scope.method, scope.path
        match = match or self._api.match(method, path)
        lane = match.endpoint.lane
        refusal: Exception | None = None
        body: Body = NO_BODY
        length = headers.get("content-length")
        if _brings_body(scope, headers, length):
            try:
                limit = match.endpoint.limit_for(match.params)
                body = await read_body(proto, length, limit, self._api.app.dir.temp)
            except Exception as ex:  # noqa: BLE001 - the application answers it
                refusal = ex
            if body.__class__ is not BytesIO or _is_upload(headers):
                lane = Lane.SLOW
        make = _Call(self._api, make_environ(scope, method, path, headers, match, body))
        if refusal is not None:
            make.refuse(refusal, may_go_on=scope.http_version == "2")
        if lane is Lane.INLINE and self._may_inline(match):
            with contextlib.suppress(*OFFLOAD):
                return make.at_once()
        elif lane is Lane.SHARED and self._may_inline(match):
            if body is NO_BODY:
                # PERF: whoever waited for a body knows how many others there are
                await asyncio.sleep(0)
            quick = await self._write(make)
            if quick is not None:
                return quick
        return await self._on_thread(lane, make, body)

    async def _on_thread(self, lane: Lane, make: _Call, body: Body) -> Answer:
        try:
            answer: Answer = await (self._slow if lane is Lane.SLOW else self._pool).run(make)
        finally:
            if body.__class__ is not BytesIO:
                # NOTE: what is left of a request may live on for a while, and must not keep files open
                body.close()
        return answer

    async def _write(self, make: _Call) -> Answer | None:
        """Answer on the loop, once what was written is committed; None when a thread has to do it."""
        data = self._data
        if data.is_wanted:
            await self._writers_end()
        # PERF: who is alone need not wait for others
        is_alone = self._running == 1
        MODE.active = True
        if not data.join(_never if is_alone else self._later):
            MODE.active = False
            return None
        answer: Answer | None = None
        try:
            answer = make()
        except OFFLOAD:
            pass
        finally:
            MODE.active = False
            member = data.part()
            if is_alone:
                data.commit_shared()
        if member is None or answer is None:
            return answer
        if not is_alone:
            await self._shared_end()
        if not member.is_committed:
            # NOTE: nothing of it has happened; alone it gets an answer of its own
            return None
        if member.error is not None:
            _failed(answer, member.error)
        return answer

    def _shared_end(self) -> asyncio.Future[None]:
        """Return what is done once the writes that belong together are committed, or are not."""
        end = self._loop.create_future()

        def tell() -> None:
            # NOTE: whoever asked may be gone
            if not end.done():
                end.set_result(None)

        self._data.when_shared_ended(tell)
        return end

    async def _writers_end(self) -> None:
        """Return when no thread writes or waits for that any more, or after a while.

        PERF: a write that finds the writer taken costs half its work and goes to a thread, where it is in
        the way of the next: without this, one slow write sends all that follow to the threads.
        """
        for _ in range(_PATIENCE_MS):
            await asyncio.sleep(0.001)
            if not self._data.is_wanted:
                return


class _Call:
    """One call of the application; it may be made twice."""

    __slots__ = ("_api", "_environ", "_is_last")

    def __init__(self, api: Api, environ: dict[str, Any]) -> None:
        self._api = api
        self._environ = environ
        self._is_last = False
        """Whether nothing can follow on this connection."""

    def refuse(self, refusal: Exception, *, may_go_on: bool) -> None:
        """Have the application answer with *refusal*: the body is not what it may be."""
        self._environ[REFUSAL_KEY] = refusal
        # NOTE: the rest of the body may still be coming
        self._is_last = not may_go_on

    def at_once(self) -> Answer:
        """Call it where nothing may wait; raises one of `OFFLOAD` when it would have to."""
        MODE.active = True
        try:
            return self()
        finally:
            MODE.active = False

    def __call__(self) -> Answer:
        environ = self._environ
        answer = Answer()
        try:
            answer.body = self._api(environ, answer)
            answer.delay = environ.get(DELAY_KEY, 0.0)
        except OFFLOAD as ex:
            if MODE.active:
                raise
            _failed(answer, ex)
        except BaseException as ex:  # noqa: BLE001 - an error in the handling of errors, or a handler that exits
            _failed(answer, ex)
        if self._is_last:
            answer.headers = [*answer.headers, ("connection", "close")]
        return answer


def _at_hand(answer: Answer) -> bytes | None:
    """Return the body of an answer that may leave now and in one piece; None of others."""
    body = answer.body
    if answer.delay:
        return None
    # PERF: nearly every body is a list of one piece
    if body.__class__ is list:
        return body[0] if body else b""
    return body.whole_if_small() if isinstance(body, FileBody) else None


async def _given(answer: Answer) -> Answer:
    """Return what is there already."""
    return answer


def _never(act: Callable[[], None]) -> None:
    """Leave it to the caller to commit."""


def _brings_body(scope: Any, headers: NativeHeaders, length: str | None) -> bool:
    """Tell whether a request has a body, or may have one although it names no *length*."""
    if length is not None:
        return length not in _NO_LENGTH
    # NOTE: over HTTP/2 neither header is needed
    return bool(headers.get("transfer-encoding")) or (
        scope.method not in _READS and scope.http_version == "2"
    )


def _is_upload(headers: NativeHeaders) -> bool:
    kind: str = headers.get("content-type") or ""
    return kind.startswith(MULTIPART)


def _failed(answer: Answer, error: BaseException) -> None:
    traceback.print_exception(error, file=sys.stderr)
    answer.status = 500
    answer.headers = [("content-type", "application/json")]
    answer.body = [
        b'{"data":{},"message":"Something went wrong while processing your request.","status":500}'
    ]
