"""Where a condition on other records is asked once for all of them, instead of once per record.

`author.name = "x"` is then `author IN (the ids of all authors called x)`: a set made once, looked up
for each record. A single record is better answered by looking at its own relations only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.rules.combine import (
    all_of,
    any_of,
)
from pocketbase_server.core.rules.joins import Link
from pocketbase_server.core.rules.nulls import without
from pocketbase_server.core.rules.terms import (
    All,
    Any,
    Compare,
    Fixed,
    InJoined,
    InReferred,
    InRelated,
    NoRow,
    Not,
    Some,
    SomeOrNone,
    SomeOuter,
    Term,
    Test,
    ValueIn,
)
from pocketbase_server.core.rules.walks import (
    sources,
    walk,
)

if TYPE_CHECKING:
    from pocketbase_server.core.rules.joins import Source

_RELATED: Final = frozenset({Link.RELATED, Link.RELATED_ITEM})
_BACK: Final = frozenset({Link.BACK, Link.BACK_ITEMS})
_OUTER: Final = frozenset({Link.BASE, Link.GIVEN})

Wants = Callable[["Source"], bool]


@dataclass(slots=True, frozen=True)
class Arranger:
    """Chooses how conditions are asked; *wants* says whether a set of a source's records pays."""

    wants: Wants

    def arrange(self, term: Term, known: frozenset[Source]) -> Term:
        """Return the condition with all row sets decided; *known* are the rows at hand."""
        match term:
            case All(terms):
                return all_of(*self._grouped(terms, known, all_of))
            case Any(terms):
                return any_of(*self._grouped(terms, known, any_of))
            case _:
                return self._grouped((term,), known, all_of)[0]

    def _grouped(
        self, terms: tuple[Term, ...], known: frozenset[Source], combine: Callable[..., Term]
    ) -> list[Term]:
        """Return the conditions, those on the same related record put together."""
        groups: dict[Source | int, list[Term]] = {}
        for number, term in enumerate(terms):
            edge = _edge(term, known)
            key = edge if edge is not None and self.wants(edge) else number
            groups.setdefault(key, []).append(term)
        return [
            self._one(part, known) if isinstance(key, int) else self._related(key, part, known)
            for key, group in groups.items()
            for part in (combine(*group),)
        ]

    def _one(self, term: Term, known: frozenset[Source]) -> Term:
        match term:
            case All() | Any():
                return self.arrange(term, known)
            case Not(condition):
                return Not(self.arrange(condition, known))
            case SomeOrNone(source, condition):
                return self._some_or_none(source, condition, known)
            case _:
                return term

    # -- sets of related records

    def _related(self, source: Source, term: Term, known: frozenset[Source]) -> Term:
        """Return whether the related record is among those for which the condition holds."""
        inside = self.arrange(term, frozenset({source}))
        rest = without(term, source)
        if not isinstance(rest, Fixed):
            missing = InRelated(source, Fixed(value=False), or_missing=True)
            return any_of(InRelated(source, inside), all_of(missing, self.arrange(rest, known)))
        return InRelated(source, inside, or_missing=bool(rest.value))

    # -- some row

    def _some_or_none(self, source: Source, term: Term, known: frozenset[Source]) -> Term:
        rest = without(term, source)
        if any(isinstance(part, SomeOrNone) for part in walk(rest)):
            # PERF: both cases would ask for the rows of other sources, and theirs again for others:
            # the statement would double with each of them
            return SomeOuter(source, self._inside(source, term, known))
        found = self._some(source, term, known)
        if isinstance(rest, Fixed) and not rest.value:
            return found
        return any_of(found, all_of(NoRow(source), self.arrange(rest, known)))

    def _some(self, source: Source, term: Term, known: frozenset[Source]) -> Term:
        if self.wants(source):
            outside = _outside(term, source)
            if source.link in _BACK and source.parent in known:
                return self._referred(source, term, outside, known)
            if outside and not known.intersection(source.path()) and source.root.link not in _OUTER:
                lifted = self._lifted(source, term)
                if lifted is not None:
                    return lifted
        return Some(source, self._inside(source, term, known))

    def _inside(self, source: Source, term: Term, known: frozenset[Source]) -> Term:
        return self.arrange(term, known | set(source.path()))

    def _referred(
        self, source: Source, term: Term, outside: set[Source], known: frozenset[Source]
    ) -> Term:
        """Return whether the record is among those that the source's records point to."""
        if not outside:
            return InReferred(source, self.arrange(term, frozenset({source})))
        parent = source.parent
        assert parent is not None  # noqa: S101 - someone is pointed to
        if parent.link is not Link.GIVEN and all(_is_single(step, parent) for step in outside):
            return InJoined(source, self.arrange(term, frozenset({parent, source})))
        return Some(source, self._inside(source, term, known))

    def _lifted(self, source: Source, term: Term) -> Term | None:
        """Return `outer value in (inner values)` when nothing else ties the rows to the record."""
        parts = term.terms if isinstance(term, All) else (term,)
        ties = [part for part in parts if _outside(part, source)]
        if len(ties) != 1 or not isinstance(ties[0], Compare):
            return None
        sides = _sides(ties[0], source)
        if sides is None:
            return None
        inner, outer = sides
        rest = all_of(*(part for part in parts if part is not ties[0]))
        inside = self.arrange(rest, frozenset(source.path()))
        return ValueIn(outer, source, inner, inside, coalesced=ties[0].test is Test.SAME)


def _edge(term: Term, known: frozenset[Source]) -> Source | None:
    """Return the related record that alone decides about the condition, if there is one."""
    edges: set[Source | None] = set()
    for source in sources(term):
        steps = source.steps_from(known)
        if not steps or steps[0].link is not Link.AUTH:
            edges.add(steps[0] if steps else None)
    edge = edges.pop() if len(edges) == 1 else None
    return edge if edge is not None and edge.link in _RELATED else None


def _outside(term: Term, source: Source) -> set[Source]:
    """Return the sources that change from record to record and do not hang on *source*."""
    return {
        other
        for other in sources(term)
        if other.root.link is not Link.AUTH and not other.is_under(source)
    }


def _is_single(source: Source, parent: Source) -> bool:
    """Tell whether each row of *parent* has one row of the source, whatever else is at hand."""
    return source.is_under(parent) and source.many() == parent.many()


def _sides(tie: Compare, source: Source) -> tuple[Term, Term] | None:
    """Return the inner and the outer value of an equality, when each side is purely one of them."""
    if tie.test not in {Test.SAME, Test.EQUAL}:
        return None
    for inner, outer in ((tie.left, tie.right), (tie.right, tie.left)):
        is_inner = bool(sources(inner)) and not _outside(inner, source)
        if is_inner and not any(step.is_under(source.root) for step in sources(outer)):
            return inner, outer
    return None


def never(source: Source) -> bool:
    """Want no sets: for questions about one record."""
    del source
    return False


def always(source: Source) -> bool:
    """Want sets wherever they are possible."""
    del source
    return True
