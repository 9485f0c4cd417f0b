"""Walks over terms: what is in them, and copies with something else in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pocketbase_server.core.rules.terms import (
    Chain,
    Column,
    NoRow,
    OfRows,
    Term,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pocketbase_server.core.rules.joins import Source


def walk(term: Term) -> Iterator[Term]:
    """Give the term and everything it is made of."""
    todo = [term]
    while todo:
        at = todo.pop()
        yield at
        todo.extend(at.parts())


def changed(term: Term, leaf: Callable[[Term], Term]) -> Term:
    """Return the term with *leaf* applied to everything that has no parts."""
    parts = term.parts()
    if not parts:
        return leaf(term)
    made = tuple(changed(part, leaf) for part in parts)
    return term if all(a is b for a, b in zip(made, parts, strict=True)) else term.with_parts(made)


def moved(term: Term, places: Mapping[Source, Source]) -> Term:
    """Return a value with its columns taken from other sources."""

    def move(leaf: Term) -> Term:
        if isinstance(leaf, Column) and leaf.source in places:
            return replace(leaf, source=places[leaf.source])
        return leaf

    return changed(term, move)


def sources(term: Term) -> frozenset[Source]:
    """Return the sources that the term needs from outside: of its columns and of its own row sets."""
    match term:
        case Column(source):
            return frozenset({source})
        case OfRows(own) | NoRow(own):
            inner = frozenset().union(*map(sources, term.parts()))
            outside = frozenset(source for source in inner if not source.is_under(own))
            return outside if own.parent is None else outside | {own.parent}
        case Chain(terms):
            if not term.known:
                term.known.append(frozenset().union(*map(sources, terms)))
            return term.known[0]
        case _:
            return frozenset().union(*map(sources, term.parts()))


def all_sources(term: Term) -> frozenset[Source]:
    """Return every source that the term reads, also those of its own row sets."""
    parts = list(walk(term))
    named = {part.source for part in parts if isinstance(part, (Column, OfRows, NoRow))}
    return frozenset(named)
