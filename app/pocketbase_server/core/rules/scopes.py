"""Which conditions speak of the same row: `some row` is said as close to them as its meaning allows.

A source with many rows that two conditions share ties them to the same row of it; a condition that
shares none is a question of its own, which the database can answer by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.rules.combine import (
    all_of,
    any_of,
)
from pocketbase_server.core.rules.joins import Link
from pocketbase_server.core.rules.terms import (
    All,
    Any,
    SomeOrNone,
    Term,
)
from pocketbase_server.core.rules.walks import (
    sources,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.core.rules.joins import Source

_OUTSIDE = frozenset({Link.BACK, Link.BACK_ITEMS, Link.FREE})
"""Links whose rows are many and searched for: best asked first."""


def scoped(term: Term, bound: frozenset[Source] = frozenset()) -> Term:
    """Return the condition with every source of many rows, except *bound* ones, asked for `some row`."""
    free = _free(term, bound)
    if not free:
        return term
    if isinstance(term, Any):
        return any_of(*(scoped(part, bound) for part in term.terms))
    if isinstance(term, All):
        groups = _tied(term.terms, bound)
        return all_of(*(_scoped_group(group, bound) for group in groups))
    return _some(_first(free), term, bound)


def _scoped_group(terms: list[Term], bound: frozenset[Source]) -> Term:
    """Return conditions that are tied to each other, at least indirectly."""
    if len(terms) == 1:
        return scoped(terms[0], bound)
    counted = [source for term in terms for source in _free(term, bound)]
    shared = {source for source in counted if counted.count(source) > 1}
    return _some(_first(shared), all_of(*terms), bound)


def _some(source: Source, term: Term, bound: frozenset[Source]) -> Term:
    return SomeOrNone(source, scoped(term, bound | {source}))


def _free(term: Term, bound: frozenset[Source]) -> set[Source]:
    """Return the sources with many rows that the term needs, with those they hang on."""
    return {many for source in sources(term) for many in source.many()} - bound


def _tied(terms: Iterable[Term], bound: frozenset[Source]) -> list[list[Term]]:
    """Return the conditions in groups: two are together when they share a source."""
    groups: list[tuple[set[Source], list[Term]]] = []
    for term in terms:
        free = _free(term, bound)
        members = [term]
        for group in [group for group in groups if group[0] & free]:
            groups.remove(group)
            free |= group[0]
            members = [*group[1], *members]
        groups.append((free, members))
    return [members for _, members in groups]


def _first(free: Iterable[Source]) -> Source:
    """Return the source to ask for first: one that hangs on no other of them."""
    free = set(free)
    outermost = [source for source in free if not any(s in free for s in source.many()[:-1])]
    return min(outermost, key=_rank)


def _rank(source: Source) -> tuple[bool, int, int]:
    # NOTE: sets have no order; the number keeps the statement the same
    return (source.link not in _OUTSIDE, len(source.path()), source.number)


def some_of(free: Iterable[Source], term: Term) -> Term:
    """Return whether the condition holds for some row of all the sources together."""
    left = {source for source in free if source.is_many}
    if not left:
        return term
    first = _first(left)
    return SomeOrNone(first, some_of(left - {first}, term))
