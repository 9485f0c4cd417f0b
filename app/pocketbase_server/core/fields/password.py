"""A password: kept as a bcrypt hash, never shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pocketbase_server.core.checks import (
    INVALID_FORMAT,
    at_least,
    at_most,
    fits,
    range_issue,
    regex_issue,
)
from pocketbase_server.core.errors import INVALID_VALUE, REQUIRED, Issue
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.kit.cast import to_text
from pocketbase_server.kit.passwords import DEFAULT_COST, MAX_BYTES, hash_password
from pocketbase_server.storage.sql.engine import MODE, WouldBlock

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

MAX_LENGTH = 71
_MIN_COST, _MAX_COST = 4, 31


class NewPassword:
    """A password in plain text, on its way to becoming a hash.

    Equal to nothing but itself, so that a record with one counts as changed.
    """

    __slots__ = ("_cost", "_hash", "plain")

    def __init__(self, plain: str, cost: int) -> None:
        self.plain = plain
        self._cost = cost
        self._hash = ""

    @property
    def hash(self) -> str:
        """The bcrypt hash; made on first use, which takes tens of milliseconds."""
        if not self._hash:
            self._hash = hash_password(self.plain, self._cost)
        return self._hash

    def hash_with(self, hasher: Callable[[str, int], str]) -> None:
        """Make the hash with `hasher(plain, cost)`, which may have threads of its own for it."""
        self._hash = self._hash or hasher(self.plain, self._cost)

    def __repr__(self) -> str:
        return "NewPassword(…)"


@dataclass(slots=True)
class PasswordField(Field):
    """A bcrypt hash; a `NewPassword` until the record is written."""

    type: ClassVar[str] = "password"

    pattern: str = ""
    min: int = 0
    max: int = 0
    cost: int = 0

    def normalise(self, raw: Any) -> Any:
        """Return the password to be hashed, or "" to have none."""
        if isinstance(raw, NewPassword):
            return raw
        plain = to_text(raw)
        return NewPassword(plain, self.cost or DEFAULT_COST) if plain else ""

    def set(self, record: Record, raw: Any) -> None:
        """Put a new password into the record.

        Raises `WouldBlock` on a thread that must not spend the time of a hash.
        """
        value = self.normalise(raw)
        if value and MODE.active:
            raise WouldBlock
        record.values[self.name] = value

    def to_db(self, value: Any) -> Any:
        """Return the hash."""
        return value.hash if isinstance(value, NewPassword) else value

    def export_value(self, value: Any) -> Any:  # noqa: ARG002
        """Return "": a password is never shown."""
        return ""

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse what is too short, too long or of the wrong shape."""
        value = record.get(self.name)
        if isinstance(value, NewPassword):
            return self._plain_issue(value.plain)
        return REQUIRED if self.required and not value else None

    def _plain_issue(self, plain: str) -> Issue | None:
        if len(plain.encode()) > MAX_BYTES:
            return INVALID_VALUE
        if len(plain) < self.min:
            message = f"Must be at least {self.min} character(s)."
            return Issue("validation_min_text_constraint", message)
        limit = self.max or MAX_LENGTH
        if len(plain) > limit:
            message = f"Must be less than {limit} character(s)."
            return Issue("validation_max_text_constraint", message)
        if self.pattern and not fits(self.pattern, plain):
            return INVALID_FORMAT
        return None

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Refuse limits that cross or that bcrypt does not have."""
        return {
            "min": range_issue(self.min, 1, MAX_LENGTH),
            "max": self._max_issue(),
            "cost": range_issue(self.cost, _MIN_COST, _MAX_COST),
            "pattern": regex_issue(self.pattern) if self.pattern else None,
        }

    def _max_issue(self) -> Issue | None:
        if self.max == 0:
            return None
        if self.max < self.min:
            return at_least(self.min)
        return at_most(MAX_LENGTH) if self.max > MAX_LENGTH else range_issue(self.max, 0)

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that concern `intercept()`; it is not asked about others."""
        return ("validate", "after_create", "after_update")

    def intercept(self, record: Record, action: str, act: Callable[[], None]) -> None:
        """Hash the password once it is found good, and forget it once the record is written."""
        act()
        value = record.values.get(self.name)
        if not isinstance(value, NewPassword):
            return
        if action == "validate":
            # PERF: here, because later the one writer of the database would wait for it
            _ = value.hash
        elif action in {"after_create", "after_update"}:
            record.values[self.name] = value.hash
