"""What a condition comes to when a source has no row, and all its values are null."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pocketbase_server.core.rules.combine import (
    all_of,
    any_of,
)
from pocketbase_server.core.rules.joins import Link
from pocketbase_server.core.rules.terms import (
    NEVER_NULL,
    All,
    Any,
    Blank,
    Bound,
    Column,
    Compare,
    Constant,
    Fixed,
    Flag,
    ListLength,
    Match,
    NoRow,
    Not,
    Null,
    Some,
    SomeOrNone,
    Term,
    Test,
)
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.rules.joins import Source


def without(term: Term, source: Source) -> Term:
    """Return the condition as it is where *source* (and so all that hangs on it) has no row."""
    match term:
        case All(terms):
            return all_of(*(without(part, source) for part in terms))
        case Any(terms):
            return any_of(*(without(part, source) for part in terms))
        case Not(condition):
            rest = without(condition, source)
            return Fixed(not rest.value) if isinstance(rest, Fixed) else Not(rest)
        case SomeOrNone(rows, condition):
            rest = without(condition, source)
            # NOTE: a source that hangs on the missing one has exactly its null row
            return rest if rows.is_under(source) else _kept(term, rest)
        case Some() | NoRow():
            raise AssertionError(term)
        case _:
            return _folded(_value_without(term, source))


def _kept(term: SomeOrNone, rest: Term) -> Term:
    """Return whether the rest holds for any row; there is always one, if only of nulls."""
    return rest if isinstance(rest, Fixed) else replace(term, condition=rest)


def _value_without(term: Term, source: Source) -> Term:
    if isinstance(term, Column):
        return Null() if term.source.is_under(source) else term
    parts = term.parts()
    return term.with_parts(tuple(_value_without(part, source) for part in parts)) if parts else term


def _folded(term: Term) -> Term:
    """Return a comparison in its simplest form, knowing which values are null."""
    match term:
        case Compare(test, left, right) if test in NEVER_NULL:
            return _compared(test, left, right)
        case Compare(_, left, right) if isinstance(left, Null) or isinstance(right, Null):
            return Fixed(None)
        case Match(value, pattern) if isinstance(value, Null) or isinstance(pattern, Null):
            return Fixed(None)
        case Blank(value, negated):
            known = _is_blank(value)
            return term if known is None else Fixed(known is not negated)
        case _:
            return term


def _compared(test: Test, left: Term, right: Term) -> Term:
    """Return a comparison that is never null itself."""
    negated = test in {Test.IS_NOT, Test.OTHER}
    if isinstance(left, Null) and isinstance(right, Null):
        return Fixed(not negated)
    if isinstance(left, Null):
        left, right = right, left
    if not isinstance(right, Null):
        return Compare(test, left, right)
    if test in {Test.SAME, Test.OTHER}:
        return _folded(Blank(left, negated))
    return Fixed(negated) if is_solid(left) else Compare(test, left, right)


def _is_blank(value: Term) -> bool | None:
    """Tell whether a value is "" or null, if that is known."""
    if isinstance(value, Null):
        return True
    if isinstance(value, Constant):
        return value.value == ""
    if isinstance(value, ListLength) or (isinstance(value, Column) and _is_own_id(value)):
        return False
    return None


def _is_own_id(column: Column) -> bool:
    return column.kind is ColumnKind.PRIMARY_TEXT and column.source.link is Link.BASE


def is_solid(value: Term) -> bool:
    """Tell whether a value is never null, wherever it stands."""
    if isinstance(value, Column):
        return column_is_filled(value) and value.source.link is Link.BASE
    return isinstance(value, (Bound, Constant, Flag, ListLength))


def column_is_filled(column: Column) -> bool:
    """Tell whether a column cannot be null in a row that exists."""
    # NOTE: the columns of views and of bound values have no kind
    return column.kind is not None and column.kind is not ColumnKind.JSON


def is_never_null(term: Term) -> bool:
    """Tell whether a comparison is true or false whatever the values."""
    if isinstance(term, (Blank, Fixed)):
        return True
    return isinstance(term, Compare) and term.test in NEVER_NULL
