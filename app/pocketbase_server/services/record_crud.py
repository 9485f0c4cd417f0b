"""List, view, create, update and delete records as a caller is allowed to."""

from __future__ import annotations

from contextlib import contextmanager
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import (
    AppError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    OffloadError,
    RuleSyntaxError,
    ValidationErrors,
)
from pocketbase_server.core.fields.password import NewPassword
from pocketbase_server.core.hooks.events import RecordRequestEvent, RecordsListRequestEvent
from pocketbase_server.core.records.cascade import RequiredReferenceError
from pocketbase_server.core.records.expand import enrich, print_rows
from pocketbase_server.core.records.files import UploadFailedError, has_upload
from pocketbase_server.core.records.form import Access, RecordForm
from pocketbase_server.core.records.lifecycle import patience
from pocketbase_server.core.records.model import Record, Row
from pocketbase_server.kit.ids import random_id
from pocketbase_server.kit.passwords import MAX_BYTES
from pocketbase_server.services.page import Page
from pocketbase_server.services.rule_checks import holds
from pocketbase_server.storage.sql.errors import DatabaseError, WouldBlock
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.hooks import HookTable
    from pocketbase_server.core.hooks.hook import Hook
    from pocketbase_server.core.request_info import RequestInfo

SUPERUSERS_ONLY = "Only superusers can perform this action."
NO_CONTEXT = "Missing collection context."
UNSUPPORTED = "Unsupported collection type."
CREATE_FAILED = "Failed to create record."
UPDATE_FAILED = "Failed to update record."
DELETE_FAILED = (
    "Failed to delete record."
    " Make sure that the record is not part of a required relation reference."
)
_INLINE_MOST = 200
"""Longest page that is made on a thread on which everybody waits."""
_RESERVED = ("@collection.", "@request.")


def find_collection(app: App, name_or_id: str, message: str = NO_CONTEXT) -> Collection:
    """Return the collection a request speaks of; raises `NotFoundError` with *message*."""
    found = app.collections.get(name_or_id)
    if found is None:
        raise NotFoundError(message)
    return found


def find_writable(app: App, name_or_id: str, message: str = NO_CONTEXT) -> Collection:
    """Return the collection as `find_collection()` does; raises `BadRequestError` for a view."""
    found = find_collection(app, name_or_id, message)
    _refuse_view(found)
    return found


# -- reading


def list_records(app: App, collection: Collection, request: RequestInfo) -> Any:
    """Return a page of the records the caller may see, as the API prints it."""
    rule = _rule(collection.list_rule, request)
    _refuse_reserved(request)
    hooks = app.hooks
    is_followed = hooks.records_list_request.is_bound or hooks.record_enrich.is_bound
    if is_followed:
        _offload_for(hooks.records_list_request, hooks.record_enrich)
    page = Page.asked(request.query)
    if MODE.active and page.per_page > _INLINE_MOST:
        raise OffloadError
    rows = _page_rows(app, collection, request, rule, page)
    if not is_followed:
        return page.export(print_rows(app, collection, rows, request))
    records = [Record.from_row(collection, row) for row in rows]
    event = RecordsListRequestEvent(app, request, collection, records, page)
    hooks.records_list_request.trigger(event, _answer_list)
    return event.answer


def _page_rows(
    app: App, collection: Collection, request: RequestInfo, rule: str, page: Page
) -> list[Row]:
    query = request.query
    filter_, sort = query.get("filter", ""), query.get("sort", "")
    asked = collection, request, rule, filter_, sort
    offset, limit = page.offset, page.per_page
    try:
        if page.skip_total:
            return app.queries.list(*asked, offset=offset, limit=limit)
        rows, page.total_items = app.queries.list_and_count(*asked, offset=offset, limit=limit)
    except (RuleSyntaxError, DatabaseError) as ex:
        raise BadRequestError from ex
    return rows


def _answer_list(event: RecordsListRequestEvent) -> None:
    enrich(event.app, event.records, event.request)
    event.answer = event.page.export([record.export() for record in event.records])


def view_record(app: App, collection: Collection, record_id: str, request: RequestInfo) -> Any:
    """Return one record that the caller may see; raises `NotFoundError`."""
    rule = _rule(collection.view_rule, request)
    hooks = app.hooks
    is_followed = hooks.record_view_request.is_bound or hooks.record_enrich.is_bound
    if is_followed:
        _offload_for(hooks.record_view_request, hooks.record_enrich)
    row = _row(app, collection, record_id, request, rule)
    if not is_followed:
        return print_rows(app, collection, [row], request)[0]
    event = RecordRequestEvent(app, request, collection, Record.from_row(collection, row))
    hooks.record_view_request.trigger(event, _answer)
    return event.answer


def _row(app: App, collection: Collection, record_id: str, request: RequestInfo, rule: str) -> Row:
    try:
        row: Row | None = app.queries.view(collection, record_id, request, rule)
    except (RuleSyntaxError, DatabaseError) as ex:
        raise NotFoundError from ex
    if row is None:
        raise NotFoundError
    return row


def _answer(event: RecordRequestEvent) -> None:
    record = event.record
    if record is not None:
        enrich(event.app, [record], event.request)
        event.answer = record.export()


def _rule(rule: str | None, request: RequestInfo) -> str:
    """Return the rule the caller is subject to, "" for none; raises `ForbiddenError` if locked."""
    if request.is_superuser:
        return ""
    if rule is None:
        raise ForbiddenError(SUPERUSERS_ONLY)
    return rule


def _refuse_reserved(request: RequestInfo) -> None:
    if request.is_superuser:
        return
    asked = request.query.get("filter", ""), request.query.get("sort", "")
    for name in _RESERVED:
        if name in asked[0] or name in asked[1]:
            raise ForbiddenError(f"Only superusers can filter by {name}")


# -- writing


def create_record(app: App, collection: Collection, request: RequestInfo) -> Any:
    """Create a record from the request's body; return it as the caller may see it."""
    return make_record(app, collection, request).answer


def make_record(
    app: App,
    collection: Collection,
    request: RequestInfo,
    prepare: Callable[[Record], None] = lambda _: None,
) -> RecordRequestEvent:
    """Create a record from the request's body; return the event with the record and the answer.

    *prepare* may touch up the record once it holds what the body says.
    """
    _refuse_view(collection)
    rule = _rule(collection.create_rule, request)
    _offload_write(app.hooks, collection, request, _CREATE)
    form = RecordForm(Record(collection), _access(request), app.passwords.verify)
    form.load(request.body)
    prepare(form.record)
    if _is_seen(app.hooks.record_create_request, app.hooks, collection, request, rule):
        _show_values(form, request)
    if not request.is_superuser:
        _check_create(app, form, request, rule)
    event = RecordRequestEvent(app, request, collection, form.record)
    app.hooks.record_create_request.trigger(event, _saving(form, CREATE_FAILED))
    return event


def _check_create(app: App, form: RecordForm, request: RequestInfo, rule: str) -> None:
    """Ask the create rule about the row as it would be; raises `BadRequestError`."""
    if _has_endless_password(form.record):
        # COMPAT: the reference makes the whole row first, the hash included, and gives up
        raise BadRequestError(CREATE_FAILED)
    manage_rule = _manage_rule(form.record.collection, request)
    if not rule and not manage_rule:
        return
    coming = would_be(form.record)
    if rule and not holds(lambda: app.queries.matches_unsaved(coming, request, rule)):
        raise BadRequestError(CREATE_FAILED)
    if manage_rule and holds(lambda: app.queries.matches_unsaved(coming, request, manage_rule)):
        form.access = Access.MANAGER


def would_be(record: Record) -> Record:
    """Return a new record as its create rule is to see it, before it is saved."""
    coming = record.clone()
    if not coming.id:
        coming.values["id"] = random_id()
    if coming.collection.is_auth:
        # SECURITY: a rule must not take the caller's word for it
        coming.values["verified"] = False
    for name, value in coming.values.items():
        if isinstance(value, NewPassword):
            # PERF: the hash is not made yet; a rule may ask no more than whether there is one
            coming.values[name] = "*"
    return coming


def _has_endless_password(record: Record) -> bool:
    values = [record.values.get(name) for name in _secrets(record.collection)]
    return any(v.__class__ is NewPassword and len(v.plain.encode()) > MAX_BYTES for v in values)


def update_record(app: App, collection: Collection, record_id: str, request: RequestInfo) -> Any:
    """Change a record as the request's body says; return it as the caller may see it."""
    _refuse_view(collection)
    rule = _rule(collection.update_rule, request)
    _offload_write(app.hooks, collection, request, _UPDATE)
    with _exclusive(app, collection, request.body):
        record = Record.from_row(collection, _row(app, collection, record_id, request, ""))
        record.keep_original()
        form = RecordForm(record, _access(request), app.passwords.verify)
        form.load(request.body)
        if _is_seen(app.hooks.record_update_request, app.hooks, collection, request, rule):
            _show_values(form, request)
        if not request.is_superuser:
            _check_update(app, form, request, rule)
        event = RecordRequestEvent(app, request, collection, record)
        app.hooks.record_update_request.trigger(event, _saving(form, UPDATE_FAILED))
    return event.answer


def _check_update(app: App, form: RecordForm, request: RequestInfo, rule: str) -> None:
    """Ask the update rule about the row as it is; raises `NotFoundError`."""
    queries, collection, record_id = app.queries, form.record.collection, form.record.id
    record_id = (form.record.original or {}).get("id", record_id)
    if rule and not holds(lambda: queries.matches(collection, record_id, request, rule)):
        raise NotFoundError
    manage_rule = _manage_rule(collection, request)
    # COMPAT: asked of the id that is asked for; a change of it is refused in any case
    asked = form.record.id
    if manage_rule and holds(lambda: queries.matches(collection, asked, request, manage_rule)):
        form.access = Access.MANAGER


def delete_record(app: App, collection: Collection, record_id: str, request: RequestInfo) -> None:
    """Delete a record that the caller may delete."""
    _refuse_view(collection)
    rule = _rule(collection.delete_rule, request)
    _offload_write(app.hooks, collection, request, _DELETE)
    record = Record.from_row(collection, _row(app, collection, record_id, request, rule))
    event = RecordRequestEvent(app, request, collection, record)
    app.hooks.record_delete_request.trigger(event, _delete)


def _delete(event: RecordRequestEvent) -> None:
    if event.record is not None:
        with _explained(DELETE_FAILED):
            event.app.records.delete(event.record)


def _refuse_view(collection: Collection) -> None:
    if collection.is_view:
        raise BadRequestError(UNSUPPORTED)


def _access(request: RequestInfo) -> Access:
    return Access.SUPERUSER if request.is_superuser else Access.DEFAULT


def _manage_rule(collection: Collection, request: RequestInfo) -> str:
    """Return the rule by which the caller may be a manager, "" when there is no chance."""
    if collection.auth is None or request.auth is None:
        return ""
    return collection.auth.manage_rule or ""


def _is_seen(
    hook: Hook[Any], hooks: HookTable, collection: Collection, request: RequestInfo, rule: str
) -> bool:
    """Tell whether any rule or handler may look at the request's body."""
    return bool(
        rule
        or collection.is_auth
        or "expand" in request.query
        or hook.is_bound
        or hooks.record_enrich.is_bound
    )


def _show_values(form: RecordForm, request: RequestInfo) -> None:
    """Let rules and handlers see the body as the record does: values, no modifiers, nothing hidden."""
    body = request.body
    hidden = form.ignored() - {"expand", "passwordConfirm", "oldPassword"}
    seen = {key: raw for key, raw in body.items() if key not in hidden} if hidden else body
    request.body = {n: _plain(v) for n, v in form.record.resolved(seen).items()}


def _plain(value: Any) -> Any:
    # NOTE: JSON and places stay what they are, because rules compare their texts
    return value.plain if isinstance(value, NewPassword) else value


def _saving(form: RecordForm, message: str) -> Callable[[RecordRequestEvent], None]:
    """Return the act of a create or update request: save, then answer."""

    def save(event: RecordRequestEvent) -> None:
        if event.record is None:
            return
        form.record = event.record
        with _explained(message):
            form.submit(event.app)
        with patience():
            _answer(event)

    return save


class _explained:  # noqa: N801 - reads as the function that it is
    """Turn what went wrong inside into the answer of a request that failed."""

    __slots__ = ("_message",)

    def __init__(self, message: str) -> None:
        self._message = message

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, ex: BaseException | None, trace: object) -> None:
        if ex is None or isinstance(ex, WouldBlock):
            return
        if isinstance(ex, ValidationErrors):
            raise BadRequestError(self._message, ex.issues) from ex
        if type(ex) in _SILENT or isinstance(ex, DatabaseError):
            raise BadRequestError(self._message) from ex


_SILENT = frozenset((AppError, RuleSyntaxError, RequiredReferenceError, UploadFailedError))
"""Errors of which the caller learns no more than that it failed; others say themselves."""


# -- where it may run


_READ_HOOKS = ("record_enrich",)
_CREATE_NAMES = [
    "record_create_request",
    "model_create",
    "record_create",
    "model_validate",
    "record_validate",
    "model_create_execute",
    "record_create_execute",
    "model_after_create_success",
    "record_after_create_success",
    "model_after_create_error",
    "record_after_create_error",
    "record_enrich",
]
_UPDATE_NAMES = [name.replace("create", "update") for name in _CREATE_NAMES]
_DELETE_NAMES = [
    *(name.replace("create", "delete") for name in _CREATE_NAMES if "validate" not in name),
    *_UPDATE_NAMES,
]
_CREATE, _UPDATE, _DELETE = (
    attrgetter(*names) for names in (_CREATE_NAMES, _UPDATE_NAMES, _DELETE_NAMES)
)
"""What finds all hooks of a kind of write in a `HookTable`."""


def _offload_for(*hooks: Hook[Any]) -> None:
    """Raise `OffloadError` where waiting is forbidden and other people's code is bound."""
    if MODE.active and _are_bound(hooks):
        raise OffloadError


def _are_bound(hooks: Iterable[Hook[Any]]) -> bool:
    return any([hook.has_user_handlers for hook in hooks])  # noqa: C419 - quicker than a generator


def _offload_write(
    hooks: HookTable,
    collection: Collection,
    request: RequestInfo,
    find: Callable[[HookTable], tuple[Hook[Any], ...]],
) -> None:
    """Raise `OffloadError` where waiting is forbidden and the write may have to wait."""
    if not MODE.active:
        return
    if collection.is_auth or "expand" in request.query or _has_secret(collection, request.body):
        raise OffloadError
    if _are_bound(find(hooks)):
        raise OffloadError


def _has_secret(collection: Collection, body: Mapping[str, Any]) -> bool:
    """Tell whether a password is to be hashed, which takes its time."""
    names = _secrets(collection)
    return any(name in body for name in names) if names else False


def _secrets(collection: Collection) -> tuple[str, ...]:
    """Return the names of the password fields."""
    names: tuple[str, ...] | None = collection.cache.get("secrets")
    if names is None:
        names = tuple(field.name for field in collection.fields if field.type == "password")
        collection.cache["secrets"] = names
    return names


@contextmanager
def _exclusive(app: App, collection: Collection, body: Mapping[str, Any]) -> Iterator[None]:
    """Let nobody else write while a body with modifiers is judged and carried out.

    Not where other people's code takes part: the writer must not wait for that.
    """
    if not _has_modifier(collection, body) or _has_guests(app.hooks):
        yield
        return
    with app.data.transaction():
        yield


def _has_modifier(collection: Collection, body: Mapping[str, Any]) -> bool:
    plain = collection.by_name
    if any(has_upload(value) for value in body.values()):
        # NOTE: nobody should wait until files are stored; the write works modifiers out again
        return False
    return any(key not in plain and key in collection.setters for key in body)


def _has_guests(hooks: HookTable) -> bool:
    return _are_bound(_UPDATE(hooks))
