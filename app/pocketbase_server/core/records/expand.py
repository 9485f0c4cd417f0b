"""Records made ready for the one who asked: emails, hidden fields, enrich handlers, expand."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.hooks.events import RecordEnrichEvent
from pocketbase_server.core.records.encoder import encoder
from pocketbase_server.core.records.expand_all import AllExpander, is_wanted
from pocketbase_server.core.records.levels import DictLevel, RecordLevel
from pocketbase_server.core.records.links import Node, parse_expand
from pocketbase_server.core.records.model import Record, Row
from pocketbase_server.core.records.shape import shape
from pocketbase_server.core.records.walk import Expander
from pocketbase_server.storage.sql.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.request_info import RequestInfo


def shown_emails(
    app: App, collection: Collection, ids: Sequence[str], request: RequestInfo
) -> set[str]:
    """Return those *ids* whose email the caller sees anyway: its own, and those it manages."""
    auth = request.auth
    seen = {auth.id} if auth is not None and auth.collection.id == collection.id else set()
    rule = collection.auth.manage_rule if collection.auth is not None else None
    if rule and ids:
        at = shape(collection).names.index("id")
        # COMPAT: a rule that cannot be evaluated any more makes nobody a manager
        with suppress(RuleSyntaxError, DatabaseError):
            seen.update(row[at] for row in app.queries.by_ids(collection, ids, request, rule))
    return seen


def encode_rows(
    app: App, collection: Collection, rows: list[Row], request: RequestInfo, *, has_expand: bool
) -> list[dict[str, Any]]:
    """Return the rows as the caller may see them, ready for orjson."""
    if request.is_superuser:
        return encoder(collection).encode(rows, everything=True, with_expand=has_expand)
    emails: set[str] = set()
    if collection.is_auth and rows:
        at = shape(collection).names.index("id")
        emails = shown_emails(app, collection, [row[at] for row in rows], request)
    return encoder(collection).encode(rows, emails_of=emails, with_expand=has_expand)


def print_rows(
    app: App, collection: Collection, rows: list[Row], request: RequestInfo
) -> list[dict[str, Any]]:
    """Return the rows as the caller may see them, with what `?expand=` asks for, ready for orjson.

    Only for when no enrich handler is bound: see `enrich()`.
    """
    nodes = parse_expand(request.query.get("expand", "")) if "expand" in request.query else ()
    if app.config.expand_all and is_wanted(app, collection, request):
        return _print_all(app, collection, rows, request)
    dicts = encode_rows(app, collection, rows, request, has_expand=bool(nodes))
    if nodes:
        level = DictLevel(collection, rows, dicts)
        if not Expander(app, request, _make_dicts).expand(level, nodes):
            for item in dicts:
                del item["expand"]
    return dicts


def _print_all(
    app: App, collection: Collection, rows: list[Row], request: RequestInfo
) -> list[dict[str, Any]]:
    dicts = encode_rows(app, collection, rows, request, has_expand=True)
    AllExpander(Expander(app, request, _make_dicts)).expand(DictLevel(collection, rows, dicts))
    return dicts


def _make_dicts(
    walk: Expander,
    collection: Collection,
    rows: list[Row],
    below: tuple[Node, ...],
) -> DictLevel:
    dicts = encode_rows(walk.app, collection, rows, walk.request, has_expand=bool(below))
    return DictLevel(collection, rows, dicts)


def enrich(app: App, records: Sequence[Record], request: RequestInfo) -> None:
    """Make records ready for the caller: emails, hidden fields, enrich handlers, expand."""
    paths = request.query.get("expand", "")
    _enrich(app, records, request, lambda: expand(app, records, paths, request))


def expand(app: App, records: Sequence[Record], paths: str, request: RequestInfo) -> None:
    """Fill `Record.expand` with what *paths* (`a,b.c`) asks for and the caller may see."""
    nodes = parse_expand(paths) if paths else ()
    if not records:
        return
    level = RecordLevel(records[0].collection, records)
    if nodes:
        Expander(app, request, _make_records).expand(level, nodes)
    elif app.config.expand_all and is_wanted(app, level.collection, request):
        AllExpander(Expander(app, request, _make_records)).expand(level)


def _make_records(
    walk: Expander,
    collection: Collection,
    rows: list[Row],
    _below: tuple[Node, ...],
) -> RecordLevel:
    records = [Record.from_row(collection, row) for row in rows]
    _enrich(walk.app, records, walk.request, lambda: None)
    return RecordLevel(collection, records)


def _enrich(
    app: App, records: Sequence[Record], request: RequestInfo, act: Callable[[], None]
) -> None:
    """Run the enrich handlers of the records, around *act* when there is one record.

    COMPAT: the reference nests the handlers of all records around one act. That would be deeper
    than Python's stack; so the act comes first for several records.
    """
    if not records:
        return
    _show(app, records, request)
    hook = app.hooks.record_enrich
    if len(records) == 1:
        hook.trigger(RecordEnrichEvent(app, request, records[0]), lambda _: act())
        return
    act()
    if hook.is_bound:
        for record in records:
            hook.trigger(RecordEnrichEvent(app, request, record))


def _show(app: App, records: Sequence[Record], request: RequestInfo) -> None:
    if request.is_superuser:
        for record in records:
            record.unhide_all()
        return
    collection = records[0].collection
    if collection.is_auth:
        seen = shown_emails(app, collection, [r.id for r in records], request)
        for record in records:
            record.ignore_email_visibility = record.ignore_email_visibility or record.id in seen
