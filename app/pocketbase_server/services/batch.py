"""Several record requests as one: all are carried out, in order, or none is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from pocketbase_server.core.errors import REQUIRED, BadRequestError, ForbiddenError, Issue
from pocketbase_server.core.hooks.events import BatchRequestEvent
from pocketbase_server.core.records.files import add_uploads
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.core.settings.validate import IN_INVALID, without_blanks
from pocketbase_server.kit.query import parse_query
from pocketbase_server.services.rate_limit import Asked
from pocketbase_server.services.record_crud import (
    create_record,
    delete_record,
    find_collection,
    update_record,
)
from pocketbase_server.storage.sql.errors import WouldBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.kit.upload import Upload

READING: Final = "Failed to read the submitted batch data."
INVALID: Final = "Invalid batch request data."
FAILED: Final = "Batch transaction failed."
DEFAULT_BODY_SIZE: Final = 128 << 20
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_PATH: Final = re.compile(
    r"/api/collections/([^/?]+)/records(?:/([^/?]+))?(?:\?(.*))?\Z", re.DOTALL
)
_FILE_KEY: Final = re.compile(r"requests(?:\.(\d{1,9})\.|\[(\d{1,9})\]\.)(.+)\Z", re.DOTALL)
_KINDS: Final[Mapping[str, type]] = {"method": str, "url": str, "headers": dict, "body": dict}
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
    raw = next((v for k, v in body.items() if k.lower() == "requests"), None)
    if raw is not None and not isinstance(raw, list):
        raise BadRequestError(READING)
    items = [_read_item(entry) for entry in raw or ()]
    for key, uploads in files.items():
        _keep_files(items, key, uploads)
    return items


def _read_item(raw: Any) -> BatchItem:
    if not isinstance(raw, dict):
        raise BadRequestError(READING)
    plain = {key.lower(): value for key, value in raw.items() if value is not None}
    values: dict[str, Any] = {name: plain.get(name, kind()) for name, kind in _KINDS.items()}
    is_sound = all(isinstance(values[name], kind) for name, kind in _KINDS.items())
    if not is_sound or not all(isinstance(text, str) for text in values["headers"].values()):
        raise BadRequestError(READING)
    return BatchItem(**values)


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


class _Batch:
    """Carries out the requests of one batch."""

    def __init__(self, app: App, request: RequestInfo, finish: Finish) -> None:
        self._app = app
        self._request = request
        self._finish = finish

    def carry_out(self, items: Sequence[BatchItem]) -> list[dict[str, Any]]:
        """Return the answers, in order."""
        until = monotonic() + self._app.settings.current.batch.timeout
        answers: list[dict[str, Any]] = []
        with self._app.data.transaction():
            for at, item in enumerate(items):
                if monotonic() > until:
                    raise BadRequestError(FAILED)
                answers.append(self._try(at, item))
        return answers

    def _try(self, at: int, item: BatchItem) -> dict[str, Any]:
        try:
            return self._run(item)
        except WouldBlock:
            raise
        except Exception as ex:
            raise BatchItemError(at, ex) from ex

    def _run(self, item: BatchItem) -> dict[str, Any]:
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
            answer = create_record(self._app, collection, request)
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
        body = add_uploads(item.body, item.files, collection) if item.files else dict(item.body)
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


_ACTIONS: Final = {"POST": "create", "PATCH": "update", "DELETE": "delete"}
_NEEDS_ID: Final = {"POST": False, "PUT": False, "PATCH": True, "DELETE": True}


def _target(item: BatchItem) -> _Target:
    found = _PATH.match(item.url)
    if found is None or _NEEDS_ID.get(item.method) is not (found[2] is not None):
        raise BadRequestError
    return _Target(unquote(found[1]), unquote(found[2] or ""), parse_query(found[3] or ""))


def _own_headers(item: BatchItem) -> dict[str, str]:
    # SECURITY: who asks is settled for the whole batch
    own = {_ODD.sub("_", name.lower()): value for name, value in item.headers.items()}
    own.pop("authorization", None)
    return own
