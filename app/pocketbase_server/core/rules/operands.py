"""One side of a comparison: its value, and what the comparison must know about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.rules.binding import Param, as_pattern, constant
from pocketbase_server.core.rules.joins import Link, fresh_copies
from pocketbase_server.core.rules.terms import (
    Bound,
    Column,
    Constant,
    Null,
    Term,
)
from pocketbase_server.core.rules.walks import (
    changed,
    moved,
    walk,
)

if TYPE_CHECKING:
    from pocketbase_server.core.rules.joins import Source


class Nulls(Enum):
    """How equality treats null."""

    AS_BLANK = "null counts as blank, unless the other side is known not to be blank"
    AS_THEY_ARE = "null equals null only"
    ALWAYS_AS_BLANK = "null counts as blank"


@dataclass(slots=True, frozen=True)
class Operand:
    """A value in a comparison."""

    value: Term
    nulls: Nulls = Nulls.AS_BLANK
    is_many: bool = False
    """Whether all of the values must match, unless the sign says that one is enough."""
    has_params: bool = False
    is_blank: bool = False
    """Whether it is known to be "" or null."""
    is_filled: bool = False
    """Whether it is known to be neither."""
    is_pattern: bool = False
    """Whether what is bound in it goes into a pattern as it is."""
    guard: Term | None = None
    """A condition that comes with using the value."""

    @property
    def is_known_filled(self) -> bool:
        """Whether equality may rely on the value being neither "" nor null."""
        return self.is_filled and self.nulls is not Nulls.ALWAYS_AS_BLANK

    def copied(self) -> tuple[Operand, dict[Source, Source]]:
        """Return the operand over copies of its sources, and the copies by original."""
        places: dict[Source, Source] = {}
        for term in walk(self.value):
            if isinstance(term, Column):
                places.update(fresh_copies(term.source))
        nulls = self.nulls if self.nulls is Nulls.AS_THEY_ARE else Nulls.AS_BLANK
        copy = Operand(moved(self.value, places), nulls)
        return copy, {new: old for old, new in places.items()}

    def beside_copy(self) -> Operand:
        """Return the operand as the copy of the other side is compared with it."""
        return replace(self, nulls=Nulls.AS_BLANK)

    def as_pattern(self) -> Term:
        """Return the value with everything bound in it turned into patterns."""
        if self.is_pattern:
            return self.value

        def leaf(term: Term) -> Term:
            if isinstance(term, Bound):
                return Bound(as_pattern(term.param))
            return _ANYTHING if term == BLANK.value else term

        return changed(self.value, leaf)

    def reads_given_items(self) -> bool:
        """Tell whether the value is an item of a bound list."""
        value = self.value
        return isinstance(value, Column) and value.source.link is Link.NAMED_ITEMS


_ANYTHING: Final = Bound(as_pattern(constant("")))
NULL = Operand(Null(), is_blank=True)
BLANK = Operand(Constant(""), has_params=True, is_blank=True)


def number(value: int) -> Operand:
    """Return an operand for a plain number in the statement."""
    return Operand(Constant(value), is_filled=value in {0, 1})


def bound(param: Param) -> Operand:
    """Return an operand for a bound value that is not blank."""
    return Operand(Bound(param), has_params=True, is_filled=True)
