"""What an expression means, before it becomes SQL: values and conditions over sources.

Plain immutable trees. `parts` and `with_parts` let every walk treat all kinds alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Self

from pocketbase_server.core.rules.joins import Link, Source

if TYPE_CHECKING:
    from pocketbase_server.core.rules.binding import Param
    from pocketbase_server.storage.sql.schema import ColumnKind


class Term:
    """A value or a condition."""

    __slots__ = ()

    def parts(self) -> tuple[Term, ...]:
        """Return the terms this one is made of."""
        return ()

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the same kind of term made of other parts."""
        del parts
        return self


# -- values


@dataclass(slots=True, frozen=True)
class Null(Term):
    """No value."""


@dataclass(slots=True, frozen=True)
class Constant(Term):
    """A value that is part of the statement itself: "", 0, 1."""

    value: str | int


@dataclass(slots=True, frozen=True)
class Flag(Term):
    """True or false as a word, in front of which IS asks whether a value counts as true."""

    value: bool


@dataclass(slots=True, frozen=True)
class Bound(Term):
    """A bound value, never null."""

    param: Param


@dataclass(slots=True, frozen=True)
class Column(Term):
    """A field of a record; of an items source: the item."""

    source: Source
    name: str
    kind: ColumnKind | None = None
    """What the column holds; None when its type is not known (items, views, bound values)."""

    @property
    def is_item(self) -> bool:
        """Whether this is an item of a list."""
        return self.source.collection is None


@dataclass(slots=True, frozen=True)
class JsonPart(Term):
    """What a JSON field holds at a path."""

    column: Term
    path: str

    def parts(self) -> tuple[Term, ...]:
        """Return the column."""
        return (self.column,)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the part of another column."""
        return parts[0] if isinstance(parts[0], Null) else replace(self, column=parts[0])


@dataclass(slots=True, frozen=True)
class ListLength(Term):
    """How many items a field holds."""

    column: Term

    def parts(self) -> tuple[Term, ...]:
        """Return the column."""
        return (self.column,)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the length of another column."""
        return Constant(0) if isinstance(parts[0], Null) else replace(self, column=parts[0])


@dataclass(slots=True, frozen=True)
class Lowered(Term):
    """A value in lower case."""

    value: Term

    def parts(self) -> tuple[Term, ...]:
        """Return the value."""
        return (self.value,)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return another value in lower case."""
        return parts[0] if isinstance(parts[0], Null) else replace(self, value=parts[0])


@dataclass(slots=True, frozen=True)
class Distance(Term):
    """The kilometres between two places."""

    points: tuple[Term, ...]

    def parts(self) -> tuple[Term, ...]:
        """Return lon, lat, lon, lat."""
        return self.points

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the distance of other places."""
        has_null = any(isinstance(part, Null) for part in parts)
        return Null() if has_null else replace(self, points=parts)


@dataclass(slots=True, frozen=True)
class TimeText(Term):
    """A time as text."""

    arguments: tuple[Term, ...]

    def parts(self) -> tuple[Term, ...]:
        """Return format, time and modifiers."""
        return self.arguments

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the text of other arguments."""
        has_null = any(isinstance(part, Null) for part in parts)
        return Null() if has_null else replace(self, arguments=parts)


@dataclass(slots=True, frozen=True)
class Truth(Term):
    """Whether a condition holds, as a value."""

    condition: Term

    def parts(self) -> tuple[Term, ...]:
        """Return the condition."""
        return (self.condition,)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the truth of another condition."""
        return replace(self, condition=parts[0])


# -- comparisons


class Test(Enum):
    """How two values are compared."""

    EQUAL = "equal"
    UNEQUAL = "unequal"
    IS = "is"
    IS_NOT = "is not"
    SAME = "same"
    """Equal, where null counts as ""."""
    OTHER = "other"
    """Not `SAME`."""
    LESS = "less"
    LESS_OR_EQUAL = "less or equal"
    GREATER = "greater"
    GREATER_OR_EQUAL = "greater or equal"


_OPPOSITE: Final = {
    Test.EQUAL: Test.UNEQUAL,
    Test.IS: Test.IS_NOT,
    Test.SAME: Test.OTHER,
    Test.LESS: Test.GREATER_OR_EQUAL,
    Test.GREATER: Test.LESS_OR_EQUAL,
}
OPPOSITE: Final = {**_OPPOSITE, **{test: other for other, test in _OPPOSITE.items()}}
NEVER_NULL: Final = frozenset({Test.IS, Test.IS_NOT, Test.SAME, Test.OTHER})


@dataclass(slots=True, frozen=True)
class Fixed(Term):
    """True, false, or (None) null."""

    value: bool | None


@dataclass(slots=True, frozen=True)
class Compare(Term):
    """Two values and the test between them."""

    test: Test
    left: Term
    right: Term

    def parts(self) -> tuple[Term, ...]:
        """Return both sides."""
        return (self.left, self.right)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the comparison of other values."""
        return replace(self, left=parts[0], right=parts[1])


@dataclass(slots=True, frozen=True)
class Match(Term):
    """Whether a value fits a pattern, or holds another value somewhere."""

    value: Term
    pattern: Term
    is_pattern: bool
    negated: bool

    def parts(self) -> tuple[Term, ...]:
        """Return value and pattern."""
        return (self.value, self.pattern)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the match of other values."""
        return replace(self, value=parts[0], pattern=parts[1])


@dataclass(slots=True, frozen=True)
class Blank(Term):
    """Whether a value is "" or null (or, negated, neither)."""

    value: Term
    negated: bool = False

    def parts(self) -> tuple[Term, ...]:
        """Return the value."""
        return (self.value,)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the same question about another value."""
        return replace(self, value=parts[0])


# -- combinations


@dataclass(slots=True, frozen=True)
class _Chain(Term):
    terms: tuple[Term, ...]
    known: list[frozenset[Source]] = field(
        default_factory=list, init=False, compare=False, repr=False
    )
    """PERF: what `sources` found, once it was asked."""

    def parts(self) -> tuple[Term, ...]:
        """Return the conditions."""
        return self.terms

    def with_parts(self, parts: tuple[Term, ...]) -> Self:
        """Return the same combination of other conditions."""
        return type(self)(parts)


@dataclass(slots=True, frozen=True)
class All(_Chain):
    """Every condition holds."""


@dataclass(slots=True, frozen=True)
class Any(_Chain):
    """At least one condition holds."""


@dataclass(slots=True, frozen=True)
class Not(Term):
    """The condition does not hold: it is false or null."""

    condition: Term

    def parts(self) -> tuple[Term, ...]:
        """Return the condition."""
        return (self.condition,)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the opposite of another condition."""
        return replace(self, condition=parts[0])


# -- rows


@dataclass(slots=True, frozen=True)
class _Rows(Term):
    source: Source
    condition: Term

    def parts(self) -> tuple[Term, ...]:
        """Return the condition."""
        return (self.condition,)

    def with_parts(self, parts: tuple[Term, ...]) -> Self:
        """Return the same with another condition."""
        return replace(self, condition=parts[0])


@dataclass(slots=True, frozen=True)
class SomeOrNone(_Rows):
    """The condition holds for some row of the source, or, where there is no row, for null values."""


@dataclass(slots=True, frozen=True)
class Some(_Rows):
    """The condition holds for some row of the source."""


@dataclass(slots=True, frozen=True)
class SomeOuter(_Rows):
    """The same as `SomeOrNone`, decided to be asked by one outer join."""


@dataclass(slots=True, frozen=True)
class NoRow(Term):
    """The source has no row."""

    source: Source


@dataclass(slots=True, frozen=True)
class InRelated(_Rows):
    """The related record is among all those for which the condition holds (one set for all rows).

    With *or_missing*: or there is no such record; the set is then made of those it does not hold for.
    """

    or_missing: bool = False


@dataclass(slots=True, frozen=True)
class InReferred(_Rows):
    """The record is among all those that some record of the source, with the condition, points to."""


@dataclass(slots=True, frozen=True)
class InJoined(_Rows):
    """The base of the source is among all those found by joining both tables."""


@dataclass(slots=True, frozen=True)
class ValueIn(Term):
    """A value is among all the *members* that rows of the source, with the condition, give."""

    value: Term
    source: Source
    member: Term
    condition: Term
    coalesced: bool

    def parts(self) -> tuple[Term, ...]:
        """Return the value; the rest belongs to the set."""
        return (self.value,)

    def with_parts(self, parts: tuple[Term, ...]) -> Term:
        """Return the same for another value."""
        return replace(self, value=parts[0])


# -- walks


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
        case _Rows(own) | NoRow(own):
            inner = frozenset().union(*map(sources, term.parts()))
            outside = frozenset(source for source in inner if not source.is_under(own))
            return outside if own.parent is None else outside | {own.parent}
        case _Chain(terms):
            if not term.known:
                term.known.append(frozenset().union(*map(sources, terms)))
            return term.known[0]
        case _:
            return frozenset().union(*map(sources, term.parts()))


def is_constant(term: Term) -> bool:
    """Tell whether the term is the same for every base record (of one run)."""
    return all(source.root.link not in _PER_RECORD for source in sources(term))


_PER_RECORD: Final = frozenset({Link.BASE, Link.GIVEN})


# -- combining


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
    return id(part) if isinstance(part, _Chain) else part


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
