"""`/api/collections/{collection}/records`: records of one collection."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import orjson

from pocketbase_server.core.errors import AppError
from pocketbase_server.core.records.body import LARGE, parse_record_body
from pocketbase_server.core.records.files import add_uploads
from pocketbase_server.kit.json import dumps
from pocketbase_server.services.enumeration import EmptyListWatch
from pocketbase_server.services.record_crud import (
    create_record,
    delete_record,
    find_collection,
    find_writable,
    list_records,
    update_record,
    view_record,
)
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.web.exchange import DELAY_KEY
from pocketbase_server.web.fields_picker import pick, pick_page
from pocketbase_server.web.media import JSON, body_bytes, read_files
from pocketbase_server.web.request_info import request_info

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.request_info import RequestInfo
    from pocketbase_server.web.endpoint import Responder
    from pocketbase_server.web.exchange import Request, Response

_NO_COLLECTION = "Missing or invalid collection context."


def _once_more(responder: Responder) -> Responder:
    """Answer again when the database refused because a collection changed in the meantime.

    That is known once the writer is free: whoever changes a collection publishes it before.
    """

    @wraps(responder)
    def respond(self: Any, req: Request, resp: Response, **params: str) -> None:
        collections = self._app.collections
        version = collections.version
        try:
            responder(self, req, resp, **params)
        except AppError as error:
            if not isinstance(error.__cause__, DatabaseError) or self._app.data.in_transaction:
                raise
            with self._app.data.transaction():
                is_same = collections.version == version
            if is_same:
                raise
            req.info = None
            responder(self, req, resp, **params)

    return respond


class RecordsResource:
    """All records of a collection."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._watch = EmptyListWatch()

    @_once_more
    def on_get(self, req: Request, resp: Response, collection: str) -> None:
        """List the records the caller may see."""
        found = find_collection(self._app, collection)
        info = request_info(req)
        page = list_records(self._app, found, info)
        pause = self._watch.pause(found, info, page)
        if pause:
            req.env[DELAY_KEY] = pause
        _send(req, resp, page, is_page=True)

    @_once_more
    def on_post(self, req: Request, resp: Response, collection: str) -> None:
        """Create a record."""
        found = find_writable(self._app, collection, _NO_COLLECTION)
        _send(req, resp, create_record(self._app, found, _record_request(req, found)))


class RecordResource:
    """One record of a collection."""

    def __init__(self, app: App) -> None:
        self._app = app

    @_once_more
    def on_get(self, req: Request, resp: Response, collection: str, id: str) -> None:
        """View a record the caller may see."""
        found = find_collection(self._app, collection)
        _send(req, resp, view_record(self._app, found, id, request_info(req)))

    @_once_more
    def on_patch(self, req: Request, resp: Response, collection: str, id: str) -> None:
        """Change a record."""
        found = find_writable(self._app, collection, _NO_COLLECTION)
        _send(req, resp, update_record(self._app, found, id, _record_request(req, found)))

    @_once_more
    def on_delete(self, req: Request, resp: Response, collection: str, id: str) -> None:
        """Delete a record."""
        found = find_writable(self._app, collection)
        delete_record(self._app, found, id, request_info(req))
        resp.status = 204


def _record_request(req: Request, collection: Collection) -> RequestInfo:
    """Return the caller's side of a request whose body is a record."""
    length = req.header("content-length") or "0"
    if int(length) > LARGE and (req.header("content-type") or "").startswith(JSON):
        req.body = parse_record_body(body_bytes(req), collection)
    info = request_info(req)
    files = read_files(req)
    if files:
        info.body = add_uploads(info.body, files, collection)
    return info


def _send(req: Request, resp: Response, answer: Any, *, is_page: bool = False) -> None:
    """Answer with JSON, reduced to what `?fields=` asks for: in a page, its items are."""
    wanted = req.query.get("fields") if req.query_string else None
    if wanted:
        answer = pick_page(answer, wanted) if is_page else pick(answer, wanted)
    resp.send_json_bytes(_text(answer))


def _text(answer: Any) -> bytes:
    # PERF: numbers of fields were made ready with their values; only handlers may add odd ones
    try:
        return orjson.dumps(answer)
    except TypeError:
        return dumps(answer)
