"""Several record requests as one: all are carried out, in order, or none is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import (
    REQUIRED,
    AppError,
    BadRequestError,
    ForbiddenError,
    Issue,
)
from pocketbase_server.core.hooks.events import BatchRequestEvent
from pocketbase_server.core.records.files import put_uploads
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.core.settings.validate import IN_INVALID, without_blanks
from pocketbase_server.kit.members import RepeatedMemberError, members
from pocketbase_server.kit.payloads import PayloadError, merged, read_pairs
from pocketbase_server.kit.query import is_whole_query, parse_form, parse_query
from pocketbase_server.services.batch_uploads import Coming, UploadsAhead
from pocketbase_server.services.rate_limit import Asked
from pocketbase_server.services.realtime.clients import together
from pocketbase_server.services.record_crud import (
    delete_record,
    find_collection,
    make_record,
    update_record,
)
from pocketbase_server.storage.sql.errors import WouldBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.kit.upload import Upload

READING: Final = "Failed to read the submitted batch data."
INVALID: Final = "Invalid batch request data."
FAILED: Final = "Batch transaction failed."
DEFAULT_BODY_SIZE: Final = 128 << 20
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PATH: Final = re.compile(
    r"/api/collections/([^/?]+)/records(?:/([^/?]+))?(?:\?(.*))?\Z", re.DOTALL
)
_FILE_KEY: Final = re.compile(
    r"requests(?:\.(0|[1-9]\d{0,8})\.|\[(0|[1-9]\d{0,8})\]\.)(.+)\Z", re.DOTALL
)
_KINDS: Final[Mapping[str, type]] = {"method": str, "url": str, "headers": dict, "body": dict}
_NAMES: Final = tuple(_KINDS)
_ODD: Final = re.compile(r"\W", re.ASCII)

Files = Mapping[str, "list[Upload]"]
Finish = Callable[[Any, Mapping[str, str]], Any]
"""Makes of a record's answer what is printed, given the query of its request."""


@dataclass(slots=True)
class BatchItem:
    """One request of a batch."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    files: dict[str, list[Upload]] = field(default_factory=dict)


class BatchItemError(Exception):
    """One request of a batch failed: which, and (as the cause) why."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(FAILED)
        self.index = index
        self.error = error


def check_enabled(app: App) -> None:
    """Raise `ForbiddenError` unless the settings allow batches."""
    batch = app.settings.current.batch
    if not batch.enabled or batch.max_requests <= 0:
        raise ForbiddenError("Batch requests are not allowed.")


def body_limit(app: App) -> int:
    """Return how many bytes the body of a batch may have."""
    return app.settings.current.batch.max_body_size or DEFAULT_BODY_SIZE


# -- reading


def read_items(body: Mapping[str, Any], files: Files) -> list[BatchItem]:
    """Return the requests of a batch; raises `BadRequestError` when they are none."""
    raw = _members(body, ("requests",)).get("requests")
    if raw is not None and not isinstance(raw, list):
        raise BadRequestError(READING)
    items = [_read_item(entry) for entry in raw or ()]
    for key, uploads in files.items():
        _keep_files(items, key, uploads)
    return items


def _read_item(raw: Any) -> BatchItem:
    if not isinstance(raw, dict):
        raise BadRequestError(READING)
    item = BatchItem()
    for name, value in _members(raw, _NAMES).items():
        if value is None:
            continue
        if not isinstance(value, _KINDS[name]):
            raise BadRequestError(READING)
        setattr(item, name, value)
    if item.headers:
        item.headers = _headers(item.headers)
    return item


def _headers(raw: Mapping[str, Any]) -> dict[str, str]:
    headers = {name: "" if text is None else text for name, text in raw.items()}
    if not all(isinstance(text, str) for text in headers.values()):
        raise BadRequestError(READING)
    return headers


def _members(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    try:
        return members(body, names)
    except RepeatedMemberError as ex:
        raise BadRequestError(READING) from ex


def _keep_files(items: list[BatchItem], key: str, uploads: list[Upload]) -> None:
    found = _FILE_KEY.match(key)
    at = int(found[1] or found[2]) if found is not None else len(items)
    if found is not None and at < len(items):
        items[at].files.setdefault(found[3], []).extend(uploads)


# -- carrying out


def run_batch(app: App, request: RequestInfo, items: list[BatchItem], finish: Finish) -> Any:
    """Carry out the requests in one transaction and return what each answers.

    Raises `BadRequestError` for a batch that makes no sense or takes too long, `BatchItemError`
    when one of the requests fails; then nothing was changed.
    """
    _check_items(app, items)
    event = BatchRequestEvent(app, request, items)

    def act(event: BatchRequestEvent) -> None:
        event.answer = _Batch(app, event.request, finish).carry_out(event.batch)

    app.hooks.batch_request.trigger(event, act)
    return event.answer


def _check_items(app: App, items: Sequence[BatchItem]) -> None:
    most = app.settings.current.batch.max_requests
    if not items:
        raise BadRequestError(INVALID, {"requests": REQUIRED})
    if len(items) > most:
        message = f"The length must be no more than {most}."
        issue = Issue("validation_length_too_long", message, {"max": most, "min": 0})
        raise BadRequestError(INVALID, {"requests": issue})
    issues = without_blanks({str(at): _item_issues(item) for at, item in enumerate(items)})
    if issues:
        raise BadRequestError(INVALID, {"requests": issues})


def _item_issues(item: BatchItem) -> dict[str, Any]:
    method = None if item.method in _METHODS else IN_INVALID
    return without_blanks(
        {
            "method": method if item.method else REQUIRED,
            "url": None if item.url else REQUIRED,
        }
    )


@dataclass(slots=True, frozen=True)
class _Target:
    """What a request of a batch speaks of."""

    collection: str
    record_id: str
    query: dict[str, str]
    pairs: tuple[tuple[str, str], ...] = ()
    """All of the query, for what is repeated in it."""


class _Batch:
    """Carries out the requests of one batch."""

    def __init__(self, app: App, request: RequestInfo, finish: Finish) -> None:
        self._app = app
        self._request = request
        self._finish = finish

    def carry_out(self, items: Sequence[BatchItem]) -> list[dict[str, Any]]:
        """Return the answers, in order."""
        ahead = self._ahead(items)
        answers: list[dict[str, Any]] = []
        with ahead.stored(), together(), self._app.data.transaction():
            until = monotonic() + self._app.settings.current.batch.timeout
            for at, item in enumerate(items):
                if monotonic() > until:
                    raise BadRequestError(FAILED)
                try:
                    answers.append(self._run(item, ahead.ids.get(at, "")))
                except WouldBlock:
                    raise
                except Exception as ex:
                    raise BatchItemError(at, ex) from ex
        return answers

    def _ahead(self, items: Sequence[BatchItem]) -> UploadsAhead:
        """Return what is to be stored before the transaction begins."""
        ahead = UploadsAhead(self._app, self._request)
        if not self._app.files.storage.is_remote:
            return ahead
        for at, item in enumerate(items):
            if item.files and item.method != "DELETE":
                # NOTE: what is wrong with a request is told when its turn has come
                with suppress(AppError):
                    ahead.add(at, self._coming(item))
        return ahead

    def _coming(self, item: BatchItem) -> Coming:
        target = _target(item)
        collection = find_collection(self._app, target.collection)
        known_id = target.record_id or self._known_id(item, collection)
        own_id = item.body.get("id")
        record_id = known_id or (own_id if isinstance(own_id, str) else "")
        body = _body(item, target)
        return Coming(collection, record_id, body, item.files, is_new=not known_id)

    def _run(self, item: BatchItem, new_id: str) -> dict[str, Any]:
        target = _target(item)
        if item.method == "DELETE":
            return self._delete(item, target)
        collection = find_collection(self._app, target.collection)
        record_id = target.record_id or self._known_id(item, collection)
        if record_id:
            request = self._inner(item, target, collection, "PATCH")
            answer = update_record(self._app, collection, record_id, request)
        else:
            request = self._inner(item, target, collection, "POST")
            answer = make_record(self._app, collection, request, _with_id(new_id)).answer
        return {"body": self._finish(answer, target.query), "status": 200}

    def _delete(self, item: BatchItem, target: _Target) -> dict[str, Any]:
        collection = find_collection(self._app, target.collection)
        request = self._inner(item, target, collection, "DELETE")
        delete_record(self._app, collection, target.record_id, request)
        return {"body": None, "status": 204}

    def _known_id(self, item: BatchItem, collection: Collection) -> str:
        """Return the id in the body of a PUT when there is such a record, else ""."""
        record_id = item.body.get("id")
        if item.method != "PUT" or not isinstance(record_id, str) or not record_id:
            return ""
        known = self._app.records.get(collection, record_id)
        return record_id if known is not None else ""

    def _inner(
        self, item: BatchItem, target: _Target, collection: Collection, method: str
    ) -> RequestInfo:
        """Return the request as rules and hooks see it; raises `TooManyRequestsError`."""
        outer = self._request
        self._count(item, collection, method)
        body = _body(item, target)
        if item.files:
            body = put_uploads(body, item.files, collection)
        return RequestInfo(
            method=method,
            query=target.query,
            body=body,
            auth=outer.auth,
            context="batch",
            ip=outer.ip,
            url=item.url,
            read_headers=lambda: {**outer.headers, **_own_headers(item)},
        )

    def _count(self, item: BatchItem, collection: Collection, method: str) -> None:
        limits = self._app.rate_limits
        if limits.is_enabled:
            action = _ACTIONS[method]
            path = item.url.partition("?")[0]
            outer = self._request
            asked = Asked(method, path, outer.ip, outer.auth, collection, action, "batch")
            limits.check(asked)


def _with_id(new_id: str) -> Callable[[Record], None]:
    """Return what gives a new record the id under which its files are stored, unless it has one."""

    def prepare(record: Record) -> None:
        if new_id and not record.id:
            record.values["id"] = new_id

    return prepare


_ACTIONS: Final = {"POST": "create", "PATCH": "update", "DELETE": "delete"}
_NEEDS_ID: Final = {"POST": False, "PUT": False, "PATCH": True, "DELETE": True}


def _target(item: BatchItem) -> _Target:
    collection, record_id, query = _parts(item.url)
    if _NEEDS_ID.get(item.method) is not (record_id is not None):
        raise BadRequestError
    if not query:
        return _Target(collection, record_id or "", {})
    return _Target(collection, record_id or "", parse_query(query), tuple(parse_form(query)))


def _body(item: BatchItem, target: _Target) -> dict[str, Any]:
    """Return the body of a request, which the query of its address is part of."""
    # COMPAT: the reference reads it as a form, in which the query counts too
    if not target.pairs:
        return dict(item.body)
    try:
        return merged(read_pairs(target.pairs), item.body)
    except PayloadError as ex:
        raise BadRequestError from ex


@lru_cache(maxsize=512)
def _parts(url: str) -> tuple[str, str | None, str]:
    """Return the collection, the id if there is one, and the query of a record's URL."""
    # PERF: the requests of a batch are mostly about one collection
    found = _PATH.match(url)
    if found is None or _CONTROL.search(url) or not is_whole_query(found[3] or ""):
        raise BadRequestError
    # COMPAT: names and ids count as they are written, escapes too
    return found[1], found[2], found[3] or ""


def _own_headers(item: BatchItem) -> dict[str, str]:
    # SECURITY: who asks is settled for the whole batch
    own = {_ODD.sub("_", name.lower()): value for name, value in item.headers.items()}
    own.pop("authorization", None)
    return own
