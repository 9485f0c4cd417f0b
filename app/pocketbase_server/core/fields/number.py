"""A number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.errors import Issue
from pocketbase_server.core.fields.base import Field, FieldContext, Modifier, ValueIssue
from pocketbase_server.kit.cast import tidy, to_number
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record

_NOT_A_NUMBER = Issue("validation_not_a_number", "The submitted number is not properly formatted.")
_ONLY_INT = Issue("validation_only_int_constraint", "Decimal numbers are not allowed.")


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
        return to_number(stored)

    def modifiers(self) -> Mapping[str, Modifier]:
        """Return `f+` and `f-`."""
        return {self.name + "+": self.increased, self.name + "-": self.decreased}

    def increased(self, current: Any, raw: Any) -> Any:
        """Return the sum."""
        return tidy(float(to_number(current)) + float(to_number(raw)))

    def decreased(self, current: Any, raw: Any) -> Any:
        """Return the difference."""
        return tidy(float(to_number(current)) - float(to_number(raw)))

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse no numbers, fractions where only whole ones may be, and numbers out of bounds."""
        value = record.get(self.name)
        if not math.isfinite(value):
            return _NOT_A_NUMBER
        if value == 0:
            return self.required_issue(value) if self.required else None
        if self.only_int and value != int(value):
            return _ONLY_INT
        return self._bounds_issue(value)

    def _bounds_issue(self, value: float) -> Issue | None:
        if self.min is not None and value < self.min:
            return Issue("validation_min_number_constraint", f"Must be larger than {self.min:f}.")
        if self.max is not None and value > self.max:
            return Issue("validation_max_number_constraint", f"Must be less than {self.max:f}.")
        return None
