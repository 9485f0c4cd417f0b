"""How large collections are, and whether a set of all matching records pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.rules.compile import Purpose
from pocketbase_server.core.rules.indexes import is_led_by
from pocketbase_server.core.rules.joins import Link, Source
from pocketbase_server.core.rules.sort import ROW_NUMBER, SortKey
from pocketbase_server.storage.sql import nodes as n
from pocketbase_server.storage.sql.nodes import render

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.storage.sql.statement import Sql

SizeOf = Callable[["Collection"], int]

_PAGE: Final = 30
_ALWAYS: Final = 300
"""Records of which a set is made in no time."""
_ALL_READ: Final = frozenset({Purpose.COUNT, Purpose.COUNTED})
_BACK: Final = frozenset({Link.BACK, Link.BACK_ITEMS})
_KEYED: Final = frozenset({Link.RELATED, Link.RELATED_ITEM})


def size_query(collection: Collection) -> Sql:
    """Return the query that estimates how many records there are, without counting them."""
    largest = n.Largest(n.RowNumber("t"))
    return render(n.Select([largest], n.Table(collection.name, "t")))


class Choice:
    """Decides for one plan, and remembers what it decided."""

    def __init__(
        self, purpose: Purpose, base: Collection, size_of: SizeOf, sort: Sequence[SortKey] = ()
    ) -> None:
        self._purpose = purpose
        self._base = base
        self._reads_all = purpose in _ALL_READ or not _is_in_order(base, sort)
        self._size_of = size_of
        self._decided: dict[tuple[Link, Collection, str], bool] = {}

    def wants(self, source: Source) -> bool:
        """Tell whether a set of a source's records is better than looking for each record's own."""
        if self._purpose in {Purpose.ONE, Purpose.UNSAVED}:
            return False
        if source.collection is None or source.link not in _BACK | _KEYED:
            return True
        field = source.field.name if source.field is not None else ""
        key = (source.link, source.collection, field)
        if key not in self._decided:
            self._decided[key] = self._decide(*key)
        return self._decided[key]

    def _decide(self, link: Link, collection: Collection, field: str) -> bool:
        if collection.is_view:
            # NOTE: each look into a view may work out all of it
            return True
        if link in _BACK and (link is Link.BACK_ITEMS or not is_led_by(collection, field)):
            # NOTE: without an index each record's own would be looked for among all
            return True
        if self._purpose is Purpose.SOME:
            return False
        return self._size_of(collection) <= self._most()

    def _most(self) -> int:
        """Return of how many records a set still pays."""
        if self._base.is_view:
            return 1 << 62
        size = self._size_of(self._base)
        if self._reads_all:
            return 4 * size + _ALWAYS
        # NOTE: a page may need a few records or all of them; this is in between
        return 3 * isqrt(_PAGE * size) + _ALWAYS

    def holds(self) -> bool:
        """Tell whether every decision would be the same now."""
        return all(self._decide(*key) is decided for key, decided in self._decided.items())


def _is_in_order(base: Collection, sort: Sequence[SortKey]) -> bool:
    """Tell whether records can be read in the order that is wanted, so that a page is a few of them."""
    if not sort or sort[0].name == ROW_NUMBER:
        return True
    return sort[0].name == "id" or is_led_by(base, sort[0].name)
