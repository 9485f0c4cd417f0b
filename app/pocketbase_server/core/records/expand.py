"""`?expand=`: related records inside a record, level by level, each as its view rule allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import orjson

from pocketbase_server.core.errors import AppError
from pocketbase_server.core.fields import RelationField
from pocketbase_server.core.hooks.events import RecordEnrichEvent
from pocketbase_server.core.records.encoder import encoder
from pocketbase_server.core.records.model import Record, Row
from pocketbase_server.core.records.shape import shape
from pocketbase_server.storage.sql import rows as sql

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.request_info import RequestInfo

MAX_DEPTH = 6
MAX_BACK = 1000
"""How many records refer back to one record at most."""
_MOST_LINKS = 500
_NO_LINKS: tuple[int, dict[str, Any]] = (-1, {})

_BACK = re.compile(r"(\w+)_via_(\w+)|(\w+)\((\w+)\)")
_UNIQUE = re.compile(r"\s*create\s+unique\s+index\b[^(]*\(\s*[`\"\[']?(\w+)[`\"\]']?[^,()]*\)", re.I)


class Node(NamedTuple):
    """One name of an expand expression and what is to be expanded below it."""

    name: str
    below: tuple[Node, ...]


@lru_cache(maxsize=1024)
def parse_expand(expression: str) -> tuple[Node, ...]:
    """Return what `a,b.c` asks for as a tree, names sorted; levels beyond the sixth are left out."""
    paths = {_path(text) for text in expression.split(",")} - {()}
    return _tree([p for p in paths if not _is_prefix(p, paths)], 1)


def _path(text: str) -> tuple[str, ...]:
    text = text.strip().strip(".")
    return tuple(name.strip() for name in text.split(".")) if text else ()


def _is_prefix(path: tuple[str, ...], paths: Iterable[tuple[str, ...]]) -> bool:
    """Tell whether a longer path makes *path* redundant."""
    # COMPAT: the shorter one is dropped even if the longer one fails: `a,a.wrong` gives nothing
    return any(len(other) > len(path) and other[: len(path)] == path for other in paths)


def _tree(paths: list[tuple[str, ...]], depth: int) -> tuple[Node, ...]:
    if depth > MAX_DEPTH:
        return ()
    names = sorted({path[0] for path in paths})
    tails = {name: [p[1:] for p in paths if p[0] == name and len(p) > 1] for name in names}
    return tuple(Node(name, _tree(tails[name], depth + 1)) for name in names)


@dataclass(slots=True, frozen=True)
class Link:
    """How a name of an expand expression leads from one collection to another."""

    target: Collection
    is_single: bool
    field: str
    """The relation field: of this collection, or of the target when it is a back-relation."""
    is_back: bool = False
    is_multiple: bool = False
    """Whether the relation field holds a list."""


def find_link(app: App, collection: Collection, name: str) -> Link | None:
    """Return where *name* (a relation field, or `coll_via_field`) leads, or None if nowhere."""
    version, links = collection.cache.get("links", _NO_LINKS)
    if version != app.collections.version:
        links = {}
        collection.cache["links"] = (app.collections.version, links)
    if name not in links:
        if len(links) >= _MOST_LINKS:
            links.clear()
        links[name] = _find_link(app, collection, name)
    found: Link | None = links[name]
    return found


def _find_link(app: App, collection: Collection, name: str) -> Link | None:
    relation = _relation(collection, name)
    if relation is not None:
        target = app.collections.get(relation.collection_id)
        many = relation.is_multiple
        return Link(target, not many, name, is_multiple=many) if target is not None else None
    found = _BACK.fullmatch(name)
    if found is None:
        return None
    target = app.collections.get(found[1] or found[3])
    return _back_link(collection, target, found[2] or found[4]) if target is not None else None


def _relation(collection: Collection, name: str) -> RelationField | None:
    field = collection.field(name)
    return field if isinstance(field, RelationField) else None


def _back_link(collection: Collection, target: Collection, name: str) -> Link | None:
    relation = _relation(target, name)
    if relation is None or relation.collection_id != collection.id:
        return None
    return Link(target, _is_unique(target, name), name, is_back=True, is_multiple=relation.is_multiple)


def _is_unique(collection: Collection, name: str) -> bool:
    """Tell whether an index lets no two records have the same value of the field."""
    found = (_UNIQUE.match(index) for index in collection.indexes)
    return any(index is not None and index[1].lower() == name.lower() for index in found)


# -- the records of one level: as dicts when no code looks at them, as `Record`s when some does


class Level(Protocol):
    """Records of one collection at one depth of the tree."""

    collection: Collection

    def __len__(self) -> int: ...

    def ids(self) -> list[str]:
        """Return the records' ids."""
        ...

    def held(self, field: str) -> list[list[str]]:
        """Return the ids that each record's relation holds."""
        ...

    def begin(self) -> None:
        """Give every record an empty `expand`, if it has none."""
        ...

    def attach(self, key: str, link: Link, found: Self, related: list[list[str]]) -> None:
        """Put into each record's `expand` those of *found* that it is related to."""
        ...


class DictLevel:
    """Rows and what is printed for them."""

    __slots__ = ("collection", "dicts", "rows")

    def __init__(self, collection: Collection, rows: list[Row], dicts: list[dict[str, Any]]) -> None:
        self.collection = collection
        self.rows = rows
        self.dicts = dicts

    def __len__(self) -> int:
        return len(self.rows)

    def ids(self) -> list[str]:
        """Return the records' ids."""
        at = shape(self.collection).names.index("id")
        return [row[at] for row in self.rows]

    def held(self, field: str) -> list[list[str]]:
        """Return the ids that each record's relation holds."""
        relation = self.collection.by_name[field]
        # PERF: what the encoder has made of the rows serves, unless it is hidden
        if relation.hidden:
            at = shape(self.collection).names.index(field)
            values = [relation.from_db(row[at]) for row in self.rows]
        else:
            values = [item[field] for item in self.dicts]
        if relation.is_multiple:
            return values
        return [[value] if value else [] for value in values]

    def begin(self) -> None:
        """Nothing to do: the encoder has put an empty `expand` at its place."""

    def attach(self, key: str, link: Link, found: DictLevel, related: list[list[str]]) -> None:
        """Put into each dict's `expand` those of *found* that it is related to."""
        _attach(
            [item["expand"] for item in self.dicts],
            key,
            related,
            dict(zip(found.ids(), found.dicts, strict=True)),
            is_single=link.is_single,
        )


class RecordLevel:
    """Records, for handlers to look at."""

    __slots__ = ("collection", "records")

    def __init__(self, collection: Collection, records: Sequence[Record]) -> None:
        self.collection = collection
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def ids(self) -> list[str]:
        """Return the records' ids."""
        return [record.id for record in self.records]

    def held(self, field: str) -> list[list[str]]:
        """Return the ids that each record's relation holds."""
        values = (record.get(field) for record in self.records)
        return [_items(value) for value in values]

    def begin(self) -> None:
        """Give every record an empty `expand`, if it has none."""
        for record in self.records:
            record.expand = {} if record.expand is None else record.expand

    def attach(self, key: str, link: Link, found: RecordLevel, related: list[list[str]]) -> None:
        """Put into each record's `expand` those of *found* that it is related to."""
        expands = [record.expand or {} for record in self.records]
        _attach(expands, key, related, {r.id: r for r in found.records}, is_single=link.is_single)
        for record, expand in zip(self.records, expands, strict=True):
            record.expand = expand


def _items(value: Any) -> list[str]:
    if isinstance(value, list):
        return value
    return [value] if value else []


def _attach(
    expands: list[dict[str, Any]],
    key: str,
    related: list[list[str]],
    found: dict[str, Any],
    *,
    is_single: bool,
) -> None:
    for expand, ids in zip(expands, related, strict=True):
        items = [found[one] for one in ids if one in found]
        if items:
            expand[key] = items[0] if is_single else items


# -- walking


class Expander:
    """Expands for one request; `level` decides in which form related records are fetched."""

    __slots__ = ("_app", "_make", "_request")

    def __init__(
        self,
        app: App,
        request: RequestInfo,
        make: Callable[[Expander, Collection, list[Row], bool], Any],
    ) -> None:
        self._app = app
        self._make = make
        self._request = copy(request)
        self._request.context = "expand"

    @property
    def app(self) -> App:
        """The application."""
        return self._app

    @property
    def request(self) -> RequestInfo:
        """The request as rules see it while expanding."""
        return self._request

    def expand(self, level: Any, nodes: tuple[Node, ...]) -> bool:
        """Expand *nodes* on every record of a level; tell whether any of them could be."""
        if not len(level):
            return True
        # NOTE: all are tried, although one success is enough for the caller
        return any([self._expand_one(level, node) for node in nodes])

    def _expand_one(self, level: Any, node: Node) -> bool:
        link = find_link(self._app, level.collection, node.name)
        if link is None or not self._may_view(link.target):
            return False
        related = self._back_ids(level, link) if link.is_back else level.held(link.field)
        try:
            found = self._fetch(link.target, related, has_expand=bool(node.below))
        except AppError:
            # COMPAT: a view rule that cannot be evaluated hides the relation, not the answer
            return False
        if node.below and not self.expand(found, node.below):
            return False
        level.begin()
        level.attach(node.name, link, found, related)
        return True

    def _may_view(self, collection: Collection) -> bool:
        return collection.view_rule is not None or self._request.is_superuser

    def _fetch(self, target: Collection, related: list[list[str]], *, has_expand: bool) -> Any:
        ids = list(dict.fromkeys(one for held in related for one in held))
        rows: list[Row] = []
        if ids:
            rule = "" if self._request.is_superuser else target.view_rule
            rows = self._app.queries.by_ids(target, ids, self._request, rule)
        return self._make(self, target, rows, has_expand)

    def _back_ids(self, level: Any, link: Link) -> list[list[str]]:
        """Return for each record the ids of those that refer to it."""
        ids = level.ids()
        found: dict[str, dict[str, None]] = {one: {} for one in ids}
        most = MAX_BACK * len(found)
        for holder, one in self._referring(link, list(found), most):
            found[holder][one] = None
        return [list(found[one])[:MAX_BACK] for one in ids]

    def _referring(self, link: Link, ids: list[str], most: int) -> list[Row]:
        query = sql.referring_ids(link.target.name, link.field, is_multiple=link.is_multiple)
        pairs = self._app.data.all(query, (_json(ids), most))
        if len(pairs) < most or len(ids) == 1:
            return pairs
        # NOTE: one crowded record has used up what is there for all; each gets its own share
        return [
            pair for one in ids for pair in self._app.data.all(query, (_json([one]), MAX_BACK))
        ]


def _json(ids: list[str]) -> str:
    return orjson.dumps(ids).decode()


# -- what callers use


def shown_emails(
    app: App, collection: Collection, ids: Sequence[str], request: RequestInfo
) -> set[str]:
    """Return those *ids* whose email the caller sees although it is not public: its own, and those it manages."""
    auth = request.auth
    seen = {auth.id} if auth is not None and auth.collection.id == collection.id else set()
    rule = collection.auth.manage_rule if collection.auth is not None else None
    if rule and ids:
        at = shape(collection).names.index("id")
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
    dicts = encode_rows(app, collection, rows, request, has_expand=bool(nodes))
    if nodes:
        level = DictLevel(collection, rows, dicts)
        if not Expander(app, request, _make_dicts).expand(level, nodes):
            for item in dicts:
                del item["expand"]
    return dicts


def _make_dicts(
    walk: Expander, collection: Collection, rows: list[Row], has_expand: bool  # noqa: FBT001
) -> DictLevel:
    dicts = encode_rows(walk.app, collection, rows, walk.request, has_expand=has_expand)
    return DictLevel(collection, rows, dicts)


def enrich(app: App, records: Sequence[Record], request: RequestInfo) -> None:
    """Make records ready to be shown to the caller: visible emails and hidden fields, enrich handlers, expand."""
    _enrich(app, records, request, lambda: expand(app, records, request))


def expand(app: App, records: Sequence[Record], request: RequestInfo, paths: str | None = None) -> None:
    """Fill `Record.expand` with what *paths* (else the request's `expand`) asks for and the caller may see."""
    nodes = parse_expand(request.query.get("expand", "") if paths is None else paths)
    if nodes and records:
        level = RecordLevel(records[0].collection, records)
        Expander(app, request, _make_records).expand(level, nodes)


def _make_records(
    walk: Expander, collection: Collection, rows: list[Row], has_expand: bool  # noqa: ARG001, FBT001
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
    if len(hook):
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
