"""What an expression means, before it becomes SQL: values and conditions over sources.

Plain immutable trees. `parts` and `with_parts` let every walk treat all kinds alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from pocketbase_server.core.rules.binding import Param
    from pocketbase_server.core.rules.joins import Source
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
class Chain(Term):
    """Several conditions."""

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
class All(Chain):
    """Every condition holds."""


@dataclass(slots=True, frozen=True)
class Any(Chain):
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
class OfRows(Term):
    """A question about the rows of a source."""

    source: Source
    condition: Term

    def parts(self) -> tuple[Term, ...]:
        """Return the condition."""
        return (self.condition,)

    def with_parts(self, parts: tuple[Term, ...]) -> Self:
        """Return the same with another condition."""
        return replace(self, condition=parts[0])


@dataclass(slots=True, frozen=True)
class SomeOrNone(OfRows):
    """The condition holds for some row of the source, or, where there is no row, for null values."""


@dataclass(slots=True, frozen=True)
class Some(OfRows):
    """The condition holds for some row of the source."""


@dataclass(slots=True, frozen=True)
class SomeOuter(OfRows):
    """The same as `SomeOrNone`, decided to be asked by one outer join."""


@dataclass(slots=True, frozen=True)
class NoRow(Term):
    """The source has no row."""

    source: Source


@dataclass(slots=True, frozen=True)
class InRelated(OfRows):
    """The related record is among all those for which the condition holds (one set for all rows).

    With *or_missing*: or there is no such record; the set is then made of those it does not hold for.
    """

    or_missing: bool = False


@dataclass(slots=True, frozen=True)
class InReferred(OfRows):
    """The record is among all those that some record of the source, with the condition, points to."""


@dataclass(slots=True, frozen=True)
class InJoined(OfRows):
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
