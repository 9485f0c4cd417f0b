"""Values that a statement gets when it runs: where each comes from, read anew every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.core.request_info import RequestInfo

Given = Mapping[str, Any]


class Inputs:
    """What one run of a plan is given: the request, lifted literals, and named values."""

    __slots__ = ("_now", "given", "literals", "request")

    def __init__(
        self, request: RequestInfo | None, literals: Sequence[Any] = (), given: Given | None = None
    ) -> None:
        self.request = request
        self.literals = literals
        self.given: Given = given or {}
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The moment of the run, the same for all macros in it."""
        if self._now is None:
            self._now = datetime.now(UTC)
        return self._now

    def adding(self, name: str, value: Any) -> Inputs:
        """Return the inputs of the same moment with one more named value."""
        more = Inputs(self.request, self.literals, {**self.given, name: value})
        more._now = self._now
        return more


Read = Callable[[Inputs], Any]


@dataclass(slots=True, frozen=True)
class Param:
    """One bound value; equal ones read the same."""

    key: tuple[Any, ...]
    read: Read
    is_written: bool = False
    """Whether the reference writes the value into the statement, where no pattern is made of it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Param) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def constant(value: Any) -> Param:
    """Return a param for a literal of the expression."""
    return Param(("constant", type(value), value), lambda _: value)


def literal(number: int) -> Param:
    """Return a param for the n-th lifted literal."""
    return Param(("literal", number), lambda inputs: inputs.literals[number])


def given(name: str) -> Param:
    """Return a param for a value that the caller of the plan names."""
    return Param(("given", name), lambda inputs: inputs.given[name])


def as_pattern(param: Param) -> Param:
    """Return the param as the pattern that finds its value anywhere."""
    if param.is_written:
        return param
    read = param.read
    return Param(("pattern", param.key), lambda inputs: pattern(read(inputs)))


# -- patterns

_SPECIAL: Final = frozenset("\\%_")


def pattern(value: Any) -> str:
    """Return a value as a LIKE pattern: with % around it, unless it brings its own."""
    text = to_text(value)
    if not _SPECIAL.intersection(text):
        return f"%{text}%"
    return text if _has_wildcard(text) else f"%{_escaped(text)}%"


def _has_wildcard(text: str) -> bool:
    before = ""
    for char in text:
        if char == "%" and before != "\\":
            return True
        # NOTE: an escaped backslash escapes nothing
        before = "" if char == before == "\\" else char
    return False


def _escaped(text: str) -> str:
    """Return *text* with a backslash before each special character that has none yet."""
    made: list[str] = []
    is_special = False
    for char in reversed(text):
        if is_special:
            if char != "\\":
                made.append("\\")
            is_special = False
        else:
            is_special = char in _SPECIAL
        made.append(char)
    if is_special:
        made.append("\\")
    return "".join(reversed(made))
