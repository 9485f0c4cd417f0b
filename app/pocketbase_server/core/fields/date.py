"""A moment in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import at_least, at_most
from pocketbase_server.core.errors import REQUIRED
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue, unblob
from pocketbase_server.kit.dates import parse_date

if TYPE_CHECKING:
    from pocketbase_server.core.options import Moment
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class DateField(Field):
    """A moment, `YYYY-MM-DD HH:MM:SS.mmmZ`."""

    type: ClassVar[str] = "date"

    min: Moment = ""
    max: Moment = ""

    def normalise(self, raw: Any) -> Any:
        """Return the moment in UTC; "" for what is none."""
        return parse_date(raw) if isinstance(raw, str) and raw else ""

    def from_db(self, stored: Any) -> Any:
        """Return the moment that is stored, whoever has written it there."""
        return read_moment(stored)

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse moments out of bounds."""
        value: str = record.get(self.name)
        if not value:
            return REQUIRED if self.required else None
        if self.min and value < self.min:
            return at_least(*_shown(self.min))
        return at_most(*_shown(self.max)) if self.max and value > self.max else None


def read_moment(stored: Any) -> str:
    """Return a stored moment in our form; SQL written by hand may leave it in another."""
    if stored.__class__ is str and (not stored or (len(stored) == _USUAL and stored[10] == " ")):
        usual: str = stored
        return usual
    text = unblob(stored)
    return parse_date(text) if isinstance(text, str) else ""


_USUAL = 24
"""The length of a moment in our form."""


def _shown(moment: str) -> tuple[str, str]:
    """Return a bound as parameters and as messages print it."""
    seconds, fraction = moment[:19], moment[19:23].rstrip("0").rstrip(".")
    return f"{seconds.replace(' ', 'T')}{fraction}Z", f"{seconds}{fraction} +0000 UTC"
