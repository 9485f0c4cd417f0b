"""`?expand=`: related records inside a record, level by level, each as its view rule allows."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import orjson

from pocketbase_server.core.errors import AppError, OffloadError
from pocketbase_server.core.records.links import Link, Node, find_link
from pocketbase_server.storage.sql import rows as sql
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.levels import Level
    from pocketbase_server.core.records.model import Row
    from pocketbase_server.core.request_info import RequestInfo

MAX_BACK = 1000
"""How many records refer back to one record at most."""
INLINE_MOST = 500
"""How many related records may be fetched at once on a thread that must not dawdle."""


class Expander:
    """Expands for one request; *make* decides in which form related records are looked at."""

    __slots__ = ("_app", "_make", "_request")

    def __init__(
        self,
        app: App,
        request: RequestInfo,
        make: Callable[[Expander, Collection, list[Row], tuple[Node, ...]], Level],
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

    def expand(self, level: Level, nodes: tuple[Node, ...]) -> bool:
        """Expand *nodes* on every record of a level; tell whether any of them could be."""
        if not len(level):
            return True
        # NOTE: all are tried, although one success is enough for the caller
        done = [self._expand_one(level, node) for node in nodes]
        return any(done)

    def _expand_one(self, level: Level, node: Node) -> bool:
        link = find_link(self._app, level.collection, node.name)
        if link is None or not self._may_view(link.target):
            return False
        related = self._back_ids(level, link) if link.is_back else level.held(link.field)
        try:
            found = self._fetch(link.target, related, node.below)
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

    def _fetch(
        self, target: Collection, related: list[list[str]], below: tuple[Node, ...]
    ) -> Level:
        ids = list(dict.fromkeys(one for held in related for one in held))
        rows: list[Row] = []
        if MODE.active and len(ids) > INLINE_MOST:
            raise OffloadError
        if ids:
            rule = "" if self._request.is_superuser else target.view_rule
            rows = self._app.queries.by_ids(target, ids, self._request, rule)
        return self._make(self, target, rows, below)

    def _back_ids(self, level: Level, link: Link) -> list[list[str]]:
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
        return [pair for one in ids for pair in self._app.data.all(query, (_json([one]), MAX_BACK))]


def _json(ids: list[str]) -> str:
    return orjson.dumps(ids).decode()
