"""Two operands and a sign become a condition."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.rules.combine import (
    all_of,
    opposite,
)
from pocketbase_server.core.rules.nulls import is_never_null
from pocketbase_server.core.rules.operands import Nulls, Operand
from pocketbase_server.core.rules.scopes import some_of
from pocketbase_server.core.rules.terms import (
    Blank,
    Compare,
    Constant,
    Fixed,
    Flag,
    Match,
    Not,
    Null,
    Term,
    Test,
)
from pocketbase_server.core.rules.walks import (
    moved,
)

if TYPE_CHECKING:
    from pocketbase_server.core.rules.joins import Source

_ORDER: Final = {
    "<": Test.LESS,
    "<=": Test.LESS_OR_EQUAL,
    ">": Test.GREATER,
    ">=": Test.GREATER_OR_EQUAL,
}


def compare(left: Operand, sign: str, right: Operand) -> Term:
    """Return the condition that `left sign right` states."""
    condition = _compare(left, sign, right)
    for guard in (left.guard, right.guard):
        if guard is not None:
            condition = all_of(condition, guard)
    return condition


def _compare(left: Operand, sign: str, right: Operand) -> Term:
    if sign.startswith("?") or not (left.is_many or right.is_many):
        return _plain(left, sign.removeprefix("?"), right)
    # COMPAT: what is bound in a pattern of many values is no pattern itself
    plain = _plain(left, sign, replace(right, is_pattern=right.is_many))
    if isinstance(plain, Fixed):
        return all_of(plain)
    (left_copy, originals), (right_copy, more) = _copy(left), _copy(right)
    own = _plain(left_copy, sign, right_copy)
    everywhere = Not(some_of({*originals, *more}, opposite(own)))
    # PERF: what holds for every row holds for some row, because there is always one
    is_implied = is_never_null(own) and moved(own, originals | more) == plain
    return everywhere if is_implied else all_of(plain, everywhere)


def _copy(operand: Operand) -> tuple[Operand, dict[Source, Source]]:
    """Return the operand over rows of its own, and what they are copies of."""
    return operand.copied() if operand.is_many else (operand.beside_copy(), {})


def _plain(left: Operand, sign: str, right: Operand) -> Term:
    """Return the comparison of one value with one value."""
    match sign:
        case "=":
            return _equal(left, right)
        case "!=":
            return _unequal(left, right)
        case "~" | "!~":
            return _match(left, right, negated=sign == "!~")
        case _:
            return _ordered(_ORDER[sign], left, right)


def _ordered(test: Test, left: Operand, right: Operand) -> Term:
    if isinstance(left.value, Null) or isinstance(right.value, Null):
        return Fixed(None)
    return Compare(test, left.value, right.value)


def _match(left: Operand, right: Operand, *, negated: bool) -> Term:
    if isinstance(left.value, Null) or isinstance(right.value, Null):
        return Fixed(None)
    if right.has_params and right.reads_given_items():
        # COMPAT: the reference makes the bound list itself a pattern, and fails on it
        return Fixed(None)
    pattern = right.as_pattern() if right.has_params else right.value
    return Match(left.value, pattern, is_pattern=right.has_params, negated=negated)


def _equal(left: Operand, right: Operand) -> Term:
    return _equality(left, right, Test.EQUAL)


def _unequal(left: Operand, right: Operand) -> Term:
    return _equality(left, right, Test.IS_NOT)


def _equality(left: Operand, right: Operand, direct: Test) -> Term:
    """Return whether two values are equal (`EQUAL`) or not (`IS_NOT`)."""
    negated = direct is Test.IS_NOT
    if Nulls.AS_THEY_ARE in {left.nulls, right.nulls}:
        return _as_they_are(left.value, right.value, negated=negated)
    if left.is_blank and right.is_blank:
        return Fixed(not negated)
    if left.is_blank and not isinstance(right.value, Flag):
        left, right = right, left
    if left.is_known_filled or right.is_known_filled:
        return Compare(direct, _unless_blank(left), _unless_blank(right))
    if right.is_blank:
        return Blank(left.value, negated)
    return _same(left, right, negated=negated)


def _unless_blank(side: Operand) -> Term:
    return Constant("") if side.is_blank else side.value


def _same(left: Operand, right: Operand, *, negated: bool) -> Term:
    return Compare(Test.OTHER if negated else Test.SAME, left.value, right.value)


def _as_they_are(left: Term, right: Term, *, negated: bool) -> Term:
    if isinstance(left, Null) and isinstance(right, Null):
        return Fixed(not negated)
    if isinstance(left, Null):
        left, right = right, left
    return Compare(Test.IS_NOT if negated else Test.IS, left, right)
