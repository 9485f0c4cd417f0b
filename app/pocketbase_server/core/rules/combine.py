"""Conditions put together, in their simplest form."""

from __future__ import annotations

from dataclasses import replace

from pocketbase_server.core.rules.terms import (
    OPPOSITE,
    All,
    Any,
    Blank,
    Chain,
    Compare,
    Fixed,
    Match,
    Not,
    Term,
)


def all_of(*terms: Term) -> Term:
    """Return the conjunction, flattened and without what is always true."""
    flat: dict[object, Term] = {}
    for term in terms:
        for part in term.terms if isinstance(term, All) else (term,):
            if isinstance(part, Fixed) and not part.value:
                return Fixed(value=False)
            if not isinstance(part, Fixed):
                flat.setdefault(_same_as(part), part)
    if not flat:
        return Fixed(value=True)
    kept = tuple(flat.values())
    return kept[0] if len(kept) == 1 else All(kept)


def any_of(*terms: Term) -> Term:
    """Return the disjunction, flattened and without what is never true."""
    flat: dict[object, Term] = {}
    for term in terms:
        for part in term.terms if isinstance(term, Any) else (term,):
            if isinstance(part, Fixed) and part.value:
                return part
            if not isinstance(part, Fixed):
                flat.setdefault(_same_as(part), part)
    if not flat:
        return Fixed(value=False)
    kept = tuple(flat.values())
    return kept[0] if len(kept) == 1 else Any(kept)


def _same_as(part: Term) -> object:
    """Return a key under which equal conditions are found again."""
    # PERF: what is made of many conditions is not compared
    return id(part) if isinstance(part, Chain) else part


def opposite(term: Term) -> Term:
    """Return the opposite, null staying null; comparisons are turned round."""
    match term:
        case Fixed(value):
            return Fixed(None if value is None else not value)
        case Compare(test, left, right):
            return Compare(OPPOSITE[test], left, right)
        case Match():
            return replace(term, negated=not term.negated)
        case Blank():
            return replace(term, negated=not term.negated)
        case Not(condition):
            return condition
        case _:
            return Not(term)
