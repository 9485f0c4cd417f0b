"""A number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import (
    Field,
    FieldContext,
    Modifier,
    ValueIssue,
    unblob,
)
from pocketbase_server.kit.cast import general, tidy, to_number
from pocketbase_server.kit.json import number_text
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

_NOT_A_NUMBER = Issue("validation_not_a_number", "The submitted number is not properly formatted.")
_ONLY_INT = Issue("validation_only_int_constraint", "Decimal numbers are not allowed.")
_INT64 = 1 << 63


@dataclass(slots=True)
class NumberField(Field):
    """A number; 0 counts as blank."""

    type: ClassVar[str] = "number"
    KIND: ClassVar[ColumnKind] = ColumnKind.NUMBER

    min: float | None = None
    max: float | None = None
    only_int: bool = False

    def zero(self) -> Any:
        """Return 0."""
        return 0

    def normalise(self, raw: Any) -> Any:
        """Return the number; 0 for what is none."""
        return to_number(raw)

    def from_db(self, stored: Any) -> Any:
        """Return the stored number, whole ones as `int`."""
        return to_number(unblob(stored))

    def to_db(self, value: Any) -> Any:
        """Return the number as SQLite can hold it."""
        is_storable = value.__class__ is not int or -_INT64 <= value < _INT64
        return value if is_storable else float(value)

    def modifiers(self) -> Mapping[str, Modifier]:
        """Return `f+` and `f-`."""
        return {self.name + "+": increased, self.name + "-": decreased}

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse no numbers, fractions where only whole ones may be, and numbers out of bounds."""
        value = record.get(self.name)
        if value == 0:
            return REQUIRED if self.required else None
        if not math.isfinite(value):
            return _NOT_A_NUMBER
        if self.only_int and not _is_whole(value):
            return _ONLY_INT
        if self.min is not None and value < self.min:
            return _too_small(self.min)
        return _too_large(self.max) if self.max is not None and value > self.max else None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse bounds that are no whole numbers where values must be, or that cross."""
        return {
            "min": self._bound_issue(self.min),
            "max": self._bound_issue(self.max) or self._order_issue(),
        }

    def _bound_issue(self, bound: float | None) -> Issue | None:
        return _ONLY_INT if self.only_int and bound and not _is_whole(bound) else None

    def _order_issue(self) -> Issue | None:
        if self.min is None or self.max is None or self.max >= self.min:
            return None
        return _too_small(self.min)


def _is_whole(value: float) -> bool:
    # COMPAT: the reference's whole numbers are those of 64 bits
    return value == int(value) and -_INT64 <= value < _INT64


def increased(current: Any, raw: Any) -> Any:
    """Return the sum."""
    return tidy(float(to_number(current)) + float(to_number(raw)))


def decreased(current: Any, raw: Any) -> Any:
    """Return the difference."""
    return tidy(float(to_number(current)) - float(to_number(raw)))


def _shown(bound: float) -> Any:
    """Return a bound as answers print it, however large it is."""
    return orjson.Fragment(number_text(bound))


def _too_small(low: float) -> Issue:
    message = f"Must be greater or equal than {general(low)}."
    return Issue("validation_min_number_constraint", message, {"min": _shown(low)})


def _too_large(high: float) -> Issue:
    message = f"Must be less or equal than {general(high)}."
    return Issue("validation_max_number_constraint", message, {"max": _shown(high)})
