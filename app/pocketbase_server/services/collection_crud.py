"""Collections as superusers use them: list, view, create, update, delete, empty, import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.collections.form import collection_from_body, load_body, scaffold
from pocketbase_server.core.collections.legacy import modern_body
from pocketbase_server.core.collections.model import Collection
from pocketbase_server.core.errors import (
    REQUIRED,
    AppError,
    BadRequestError,
    Issue,
    RuleSyntaxError,
    ValidationErrors,
)
from pocketbase_server.core.fields import BoolField, TextField
from pocketbase_server.core.hooks.events import (
    CollectionRequestEvent,
    CollectionsImportRequestEvent,
    CollectionsListRequestEvent,
)
from pocketbase_server.core.rules.parser import references
from pocketbase_server.core.rules.sort import parse_sort
from pocketbase_server.kit.text import sentence
from pocketbase_server.services.page import Page
from pocketbase_server.storage.sql.errors import DatabaseError, WouldBlock
from pocketbase_server.storage.sql.view_trial import raw_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.hooks import Hook
    from pocketbase_server.core.request_info import RequestInfo

TYPES: Final = ("base", "auth", "view")
_IMPORTING: Final = "Failed to import collections."
_LOADING: Final = "An error occurred while loading the submitted data."
_VALIDATING: Final = "An error occurred while validating the submitted data."


def _listing() -> Collection:
    """Return the table of collections as a collection, with what one may filter and sort by."""
    fields = [TextField(name=name) for name in ("id", "created", "updated", "name", "type")]
    return Collection(
        id="_collections", name="_collections", fields=[*fields, BoolField(name="system")]
    )


def list_collections(app: App, request: RequestInfo) -> dict[str, Any]:
    """Return a page of collections as the API prints it.

    Raises `BadRequestError` for parameters that make no sense.
    """
    page = Page.asked(request.query)
    found = _find_page(app, request.query, page)
    event = CollectionsListRequestEvent(app, request, page)

    def act(event: CollectionsListRequestEvent) -> None:
        event.answer = page.export([c.export() for c in found])

    app.hooks.collections_list_request.trigger(event, act)
    answer: dict[str, Any] = event.answer
    return answer


def _find_page(app: App, query: Mapping[str, str], page: Page) -> list[Collection]:
    filter, sort = query.get("filter", ""), query.get("sort", "")
    listing = _listing()
    at = app.queries.columns(listing).index("id")
    try:
        _require_plain({*references(filter), *(key.name for key in parse_sort(sort))})
        rows = app.queries.find(listing, filter, sort or "@rowid")
    except RuleSyntaxError as ex:
        raise BadRequestError from ex
    if not page.skip_total:
        page.total_items = len(rows)
    known = {c.id: c for c in app.collections.all()}
    wanted = rows[page.offset : page.offset + page.per_page]
    return [known[row[at]] for row in wanted if row[at] in known]


def _require_plain(names: Iterable[str]) -> None:
    """Raise `BadRequestError` for names that say more than a column of the listing."""
    if any(":" in name or name.startswith(("@request", "@collection")) for name in names):
        raise BadRequestError


def view_collection(app: App, request: RequestInfo, name_or_id: str) -> dict[str, Any]:
    """Return one collection as the API prints it; raises `NotFoundError`."""
    collection = app.collections.find(name_or_id)
    return _answer(app.hooks.collection_view_request, app, request, collection, lambda: None)


def create_collection(app: App, request: RequestInfo) -> dict[str, Any]:
    """Create a collection from the body and return it; raises `BadRequestError`."""
    collection = collection_from_body(modern_body(request.body, app.collections.get))
    hook = app.hooks.collection_create_request

    def act() -> None:
        _save(app, collection, "create")

    return _answer(hook, app, request, collection, act)


def update_collection(app: App, request: RequestInfo, name_or_id: str) -> dict[str, Any]:
    """Change a collection by the body and return it; raises `NotFoundError`, `BadRequestError`."""
    collection = app.collections.find(name_or_id).clone()
    load_body(collection, modern_body(request.body, app.collections.get))
    hook = app.hooks.collection_update_request
    return _answer(hook, app, request, collection, lambda: _save(app, collection, "update"))


def _save(app: App, collection: Collection, verb: str) -> None:
    message = f"Failed to {verb} collection."
    try:
        app.collections.save(collection)
    except ValidationErrors as ex:
        raise BadRequestError(message, ex.issues) from ex
    except WouldBlock:
        raise
    except (AppError, DatabaseError) as ex:
        reason = raw_error(ex) if isinstance(ex, DatabaseError) else ex
        raise BadRequestError(f"{message} Raw error: \n{reason}") from ex


def delete_collection(app: App, request: RequestInfo, name_or_id: str) -> None:
    """Delete a collection; raises `NotFoundError`, and `BadRequestError` while others need it."""
    collection = app.collections.find(name_or_id)
    event = CollectionRequestEvent(app, request, collection)

    def act(_: CollectionRequestEvent) -> None:
        try:
            app.collections.delete(collection)
        except (BadRequestError, WouldBlock):
            raise
        except (AppError, DatabaseError) as ex:
            raise BadRequestError("Failed to delete collection.") from ex

    app.hooks.collection_delete_request.trigger(event, act)


def truncate_collection(app: App, name_or_id: str) -> None:
    """Delete all records of a collection; raises `NotFoundError`, `BadRequestError`."""
    collection = app.collections.find(name_or_id)
    if collection.is_view:
        app.collections.truncate(collection)
    try:
        app.collections.truncate(collection)
    except WouldBlock:
        raise
    except (AppError, DatabaseError) as ex:
        message = (
            "Failed to truncate collection"
            " (most likely due to required cascade delete record references)."
        )
        raise BadRequestError(message) from ex


def import_collections(app: App, request: RequestInfo) -> None:
    """Create and update the collections of the body, all or nothing; raises `BadRequestError`."""
    form = {key.lower(): value for key, value in request.body.items()}
    bodies = form.get("collections")
    delete_missing = form.get("deletemissing")
    if not _is_import(bodies) or not isinstance(delete_missing, bool | None):
        raise BadRequestError(_LOADING)
    if not bodies:
        raise BadRequestError(_VALIDATING, {"collections": REQUIRED})
    event = CollectionsImportRequestEvent(
        app, request, [body or {} for body in bodies], delete_missing=bool(delete_missing)
    )
    app.hooks.collections_import_request.trigger(event, _import)


def _is_import(bodies: Any) -> bool:
    return bodies is None or (
        isinstance(bodies, list) and all(isinstance(item, dict | None) for item in bodies)
    )


def _import(event: CollectionsImportRequestEvent) -> None:
    collections = event.app.collections
    try:
        bodies = [modern_body(body, collections.get) for body in event.collections]
        collections.import_all(bodies, delete_missing=event.delete_missing)
    except WouldBlock:
        raise
    except ValidationErrors as ex:
        raise BadRequestError(_IMPORTING, ex.issues) from ex
    except (AppError, DatabaseError) as ex:
        reason = raw_error(ex) if isinstance(ex, DatabaseError) else str(ex)
        issue = Issue("validation_collections_import_failure", sentence(reason))
        raise BadRequestError(_IMPORTING, {"collections": issue}) from ex


def scaffolds() -> dict[str, Any]:
    """Return what the dashboard starts new collections from, by type."""
    return {name: scaffold(name) for name in TYPES}


def _answer(
    hook: Hook[CollectionRequestEvent],
    app: App,
    request: RequestInfo,
    collection: Collection,
    act: Callable[[], None],
) -> dict[str, Any]:
    event = CollectionRequestEvent(app, request, collection)

    def answer(event: CollectionRequestEvent) -> None:
        act()
        event.answer = event.collection.export()

    hook.trigger(event, answer)
    printed: dict[str, Any] = event.answer
    return printed
