"""Compiled questions, and what they are kept by."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.rules.compile import Purpose
from pocketbase_server.kit.lru import Lru

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.pace import Pace
    from pocketbase_server.core.request_info import RequestInfo
    from pocketbase_server.core.rules.binding import Inputs, Param, Read
    from pocketbase_server.core.rules.resolver import Facts
    from pocketbase_server.core.rules.sizes import Choice

FRESH: Final = 30.0
"""Seconds for which an estimate of a collection's size is good enough."""
_MAX_VARIANTS: Final = 64


class Written:
    """A statement, and how its values are read from the request and the rest of the inputs."""

    __slots__ = ("_reads", "sql")

    def __init__(self, sql: str, params: Iterable[Param]) -> None:
        self.sql = sql
        self._reads = tuple(param.read for param in params)

    def bind(self, inputs: Inputs) -> list[Any]:
        """Return the values of one run."""
        return [read(inputs) for read in self._reads]


@dataclass(slots=True, frozen=True)
class Part:
    """A condition of a question: how to set aside what fulfils it, and how to go on from there."""

    keeping: Written
    rest: Written


class Plan(Written):
    """The statement for a question."""

    __slots__ = ("choice", "fresh_until", "lasts", "pace", "parts")

    def __init__(self, sql: str, params: Iterable[Param], choice: Choice) -> None:
        super().__init__(sql, params)
        self.lasts = False
        """Whether the answer for the same values stays the same until something is written."""
        self.pace: Pace | None = None
        """For pages that can be counted on the way: whether to."""
        self.parts: tuple[Part, ...] = ()
        """Conditions that are worth keeping the answer to."""
        self.choice = choice
        self.fresh_until = monotonic() + FRESH


class Question:
    """What plans are kept by: everything a statement depends on, except what the request holds."""

    __slots__ = (
        "auth",
        "collection",
        "filter",
        "has_params",
        "is_trusted",
        "purpose",
        "rule",
        "sort",
    )

    def __init__(
        self, purpose: Purpose, collection: Collection, request: RequestInfo | None
    ) -> None:
        self.purpose = purpose
        self.collection = collection
        auth = request.auth if request is not None else None
        self.auth = auth.collection if auth is not None else None
        self.is_trusted = request is None or request.is_superuser
        self.has_params = False
        """Whether the filter is one of our own code, with values that it names."""
        self.rule = ""
        self.filter = ""
        self.sort = ""

    def about(self, purpose: Purpose) -> Question:
        """Return what else there is to ask about the same records."""
        other = Question(purpose, self.collection, None)
        other.auth, other.is_trusted = self.auth, self.is_trusted
        other.rule, other.filter, other.has_params = self.rule, self.filter, self.has_params
        # COMPAT: to sort by a related record, the caller must be allowed to list it
        if purpose is not Purpose.COUNT or ("." in self.sort and not self.is_trusted):
            other.sort = self.sort
        return other

    def key(self, version: int) -> tuple[Any, ...]:
        """Return the key of the question under one version of the collections."""
        auth = self.auth.id if self.auth is not None else None
        return (
            version, self.purpose.name, self.collection.id, self.rule, self.filter, self.sort,
            auth, self.is_trusted,
        )  # fmt: skip


class Family:
    """The plans of one question: which of them fits depends on what the request's values are like."""

    __slots__ = ("asked", "plans")

    def __init__(self) -> None:
        self.asked: dict[Param, Read] = {}
        """What the plans depend on; a plan may depend on less, never on more."""
        self.plans: Lru[tuple[Any, ...], Plan] = Lru(_MAX_VARIANTS)

    def key(self, inputs: Inputs) -> tuple[Any, ...]:
        """Return which of the plans is the one for a request."""
        # PERF: most plans depend on nothing
        return tuple([read(inputs) for read in self.asked.values()]) if self.asked else ()

    def with_plan(self, facts: Facts, inputs: Inputs, plan: Plan) -> Family:
        """Return the family with one more plan: a new one, if the plan depends on more."""
        family = self
        if not facts.asked.keys() <= self.asked.keys():
            family = Family()
            family.asked = {**self.asked, **{param: param.read for param in facts.asked}}
        family.plans.put(family.key(inputs), plan)
        return family
