"""Files of records as callers may have them: where they lie, who may see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.collections.select_list import ViewQueryError, read_select
from pocketbase_server.core.collections.view_fields import normalise_query
from pocketbase_server.core.errors import NotFoundError, OffloadError
from pocketbase_server.core.fields.file import FileField, plain_thumb
from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.core.records.files import ServedFile, file_fields, folder_of
from pocketbase_server.services.auth.superuser_ips import may_ask_from
from pocketbase_server.services.auth.tokens import FILE, new_token, record_by_token
from pocketbase_server.services.record_crud import find_collection
from pocketbase_server.services.rule_checks import holds
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

ALWAYS: Final = "100x100"
"""The one thumb size that need not be listed."""
_VIEWS_DEEP: Final = 10


def file_token(app: App, request: RequestInfo, caller: Record) -> str:
    """Return a token by which *caller* may see protected files for a short while."""
    event = DetailedRequestEvent(app, request, caller.collection, caller)
    event.details["token"] = new_token(caller, FILE)
    app.hooks.file_token_request.trigger(event)
    token: str = event.details["token"]
    return token


def download(
    app: App, request: RequestInfo, place: tuple[str, str, str], serve: Callable[[ServedFile], None]
) -> None:
    """Have *serve* send the file that *place* (collection, record id, file name) means.

    Raises `NotFoundError` when there is none, or the caller may not see it.
    """
    name_or_id, record_id, name = place
    collection = find_collection(app, name_or_id, "Missing or invalid collection context.")
    record = app.records.get(collection, record_id)
    field = _holder(record, name) if record is not None else None
    if record is None or field is None:
        raise NotFoundError
    if field.protected and not _may_see(app, request, record):
        raise NotFoundError
    if MODE.active and app.files.storage.is_remote:
        raise OffloadError
    file = _file(app, record, field, name, request.query.get("thumb", ""))
    hook = app.hooks.file_download_request
    if not hook.is_bound:
        serve(file)
        return
    if MODE.active and hook.has_user_handlers:
        raise OffloadError
    event = DetailedRequestEvent(app, request, collection, record)
    event.details |= {"fileField": field, "servedPath": file.key, "servedName": file.name}
    hook.trigger(event, lambda e: serve(_chosen(e.details)))


def _chosen(details: dict[str, Any]) -> ServedFile:
    return ServedFile(details["servedPath"], details["servedName"])


def _holder(record: Record, name: str) -> FileField | None:
    """Return the field of *record* that holds the file."""
    for field in file_fields(record.collection):
        if name in field.items(record.get(field.name)):
            return field
    return None


# -- who may see it


def _may_see(app: App, request: RequestInfo, record: Record) -> bool:
    """Tell whether the owner of the request's file token may view the record."""
    caller = record_by_token(app, request.query.get("token", ""), FILE)
    if not may_ask_from(app, caller, request.ip):
        return False
    asking = replace(request, auth=caller, context="protectedFile")
    if asking.is_superuser:
        return True
    rule = record.collection.view_rule
    if not rule:
        return rule is not None
    return holds(lambda: app.queries.matches(record.collection, record.id, asking, rule))


def superuser_by_file_token(app: App, token: str, ip: str) -> Record | None:
    """Return the superuser whose file token this is; None for others, or at the wrong address."""
    caller = record_by_token(app, token, FILE)
    if caller is None or not caller.is_superuser or not may_ask_from(app, caller, ip):
        return None
    return caller


# -- where it lies


def _file(app: App, record: Record, field: FileField, name: str, size: str) -> ServedFile:
    folder = _folder(app, record, field, name)
    original = ServedFile(folder + name, name)
    if size and size not in field.thumbs:
        size = plain_thumb(size)
    if not size or (size != ALWAYS and size not in field.thumbs):
        return original
    from pocketbase_server.services.thumbs import find_thumb

    return find_thumb(app, original, size) or original


def _folder(app: App, record: Record, field: FileField, name: str) -> str:
    if not record.collection.is_view:
        return folder_of(record.collection, record.id)
    owner = _owner(app, record.collection, field.name, name)
    if owner is None:
        raise NotFoundError
    return folder_of(owner.collection, owner.id)


def _owner(app: App, view: Collection, field: str, name: str) -> Record | None:
    """Return the record whose file a view shows."""
    for _ in range(_VIEWS_DEEP):
        origin = _origin(app, view, field)
        if origin is None:
            return None
        view, field = origin
        if not view.is_view:
            return _record_with(app, view, field, name)
    return None


def _origin(app: App, view: Collection, field: str) -> tuple[Collection, str] | None:
    """Return the collection and the field that a column of a view is taken from."""
    query = view.view.view_query if view.view is not None else ""
    try:
        parts = read_select(normalise_query(query))
    except ViewQueryError:
        return None
    path = next((column.path for column in parts.columns if column.alias == field), None)
    if not path or not parts.tables:
        return None
    wanted = path[0] if len(path) > 1 else parts.tables[0].alias
    table = next((t.original for t in parts.tables if t.alias == wanted), "")
    found = app.collections.get(table)
    return (found, path[-1]) if found is not None else None


def _record_with(app: App, collection: Collection, field: str, name: str) -> Record | None:
    holder = collection.field(field)
    if not isinstance(holder, FileField):
        return None
    if not holder.is_multiple:
        return app.records.first_by(collection, field, name)
    found = app.records.find_by_filter(collection, f"{field} ~ {{:name}}", params={"name": name})
    return next((r for r in found if name in holder.items(r.get(field))), None)
