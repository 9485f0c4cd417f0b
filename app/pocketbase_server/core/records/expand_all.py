"""Every relation expanded without being asked for: level by level, each record once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from pocketbase_server.core.errors import AppError
from pocketbase_server.core.fields import RelationField
from pocketbase_server.core.records.levels import DictLevel, RecordLevel
from pocketbase_server.core.records.links import MAX_DEPTH, Node, find_link

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.levels import Level
    from pocketbase_server.core.records.links import Link
    from pocketbase_server.core.request_info import RequestInfo

MAX_RECORDS: Final = 5000
"""Related records in one answer; beyond them nothing more is expanded."""
_BELOW: Final = (Node("", ()),)
"""Stands for: there may be more below."""


class _Walk(Protocol):
    @property
    def app(self) -> App: ...

    @property
    def request(self) -> RequestInfo: ...

    def _may_view(self, collection: Collection) -> bool: ...

    def _fetch(
        self, target: Collection, related: list[list[str]], below: tuple[Node, ...]
    ) -> Level: ...


def is_wanted(app: App, collection: Collection, request: RequestInfo) -> bool:
    """Tell whether relations are to be expanded that nobody asked for.

    A request that says what to expand gets that, and no more.
    """
    return (
        app.config.expand_all
        and "expand" not in request.query
        and request.context != "realtime"
        and has_relations(collection)
    )


def has_relations(collection: Collection) -> bool:
    """Tell whether a collection has relation fields."""
    known: bool | None = collection.cache.get("has relations")
    if known is None:
        known = any(isinstance(field, RelationField) for field in collection.fields)
        collection.cache["has relations"] = known
    return known


class AllExpander:
    """Expands everything below one level, breadth first.

    A record that stands further up is not repeated below, so circles end. At most six levels.
    """

    def __init__(self, walk: _Walk) -> None:
        self._walk = walk
        self._seen: dict[str, set[str]] = {}
        self._left = MAX_RECORDS

    def expand(self, root: Level) -> None:
        """Fill the `expand` of every record, and leave it out where it stays empty."""
        levels, made = [root], [root]
        for depth in range(MAX_DEPTH):
            below = [found for level in levels for found in self._expand_level(level)]
            # NOTE: two records of one page may be related; below that, what is on the page is seen
            for level in [*levels, *below] if depth == 0 else below:
                self._seen.setdefault(level.collection.id, set()).update(level.ids())
            made += below
            levels = [level for level in below if len(level)]
        for level in made:
            _tidy(level)

    def _expand_level(self, level: Level) -> list[Level]:
        found = []
        if len(level):
            level.begin()
            for name, link in self._links(level.collection):
                one = self._expand_one(level, name, link)
                found += [one] if one is not None else []
        return found

    def _links(self, collection: Collection) -> list[tuple[str, Link]]:
        sees_all = self._walk.request.is_superuser
        names = (
            field.name
            for field in collection.fields
            if isinstance(field, RelationField) and (sees_all or not field.hidden)
        )
        links = ((name, find_link(self._walk.app, collection, name)) for name in names)
        return [(name, link) for name, link in links if link is not None]

    def _expand_one(self, level: Level, name: str, link: Link) -> Level | None:
        if self._left <= 0 or not self._walk._may_view(link.target):
            return None
        seen = self._seen.get(link.target.id, set())
        related = [[one for one in held if one not in seen] for held in level.held(link.field)]
        if not any(related):
            return None
        try:
            found = self._walk._fetch(link.target, related, _BELOW)
        except AppError:
            return None
        self._left -= len(found)
        level.attach(name, link, found, related)
        return found


def _tidy(level: Level) -> None:
    """Remove what was kept ready for related records and is empty."""
    if isinstance(level, DictLevel):
        for item in level.dicts:
            if not item["expand"]:
                del item["expand"]
    elif isinstance(level, RecordLevel):
        for record in level.records:
            record.expand = record.expand or None
