"""Questions about records: compiled once, then bound and run."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.records.shape import shape
from pocketbase_server.core.records.totals import Totals
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.core.rules.binding import Inputs
from pocketbase_server.core.rules.compile import Compiler, Purpose, Setting, parse_rule
from pocketbase_server.core.rules.parser import parse, parse_kept
from pocketbase_server.core.rules.resolver import Facts
from pocketbase_server.core.rules.sizes import Choice, size_query
from pocketbase_server.core.rules.skeleton import lift
from pocketbase_server.core.rules.sort import parse_sort
from pocketbase_server.kit.lru import Lru
from pocketbase_server.storage.sql.nodes import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.rules.ast import Expression
    from pocketbase_server.core.rules.binding import Param, Read

Row = tuple[Any, ...]
Rows = list[Row]
Values = list[Any]

MAX_FILTER: Final = 3500
"""Bytes that a caller's filter may have."""
_MAX_FAMILIES: Final = 2048
_MAX_VARIANTS: Final = 64
_FRESH: Final = 30.0
"""Seconds for which an estimate of a collection's size is good enough."""
_ALL: Final = -1


class Plan:
    """A statement, and how its values are read from the request and the rest of the inputs."""

    __slots__ = ("_reads", "choice", "fresh_until", "lasts", "sql")

    def __init__(self, sql: str, params: Iterable[Param], choice: Choice) -> None:
        self.sql = sql
        self.lasts = False
        """Whether the answer for the same values stays the same until something is written."""
        self._reads = tuple(param.read for param in params)
        self.choice = choice
        self.fresh_until = monotonic() + _FRESH

    def bind(self, inputs: Inputs) -> Values:
        """Return the values of one run."""
        return [read(inputs) for read in self._reads]


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

    def key(self, version: int) -> tuple[Any, ...]:
        """Return the key of the question under one version of the collections."""
        auth = self.auth.id if self.auth is not None else None
        return (
            version, self.purpose.name, self.collection.id, self.rule, self.filter, self.sort,
            auth, self.is_trusted,
        )  # fmt: skip


class _Family:
    """The plans of one question: which of them fits depends on what the request's values are like."""

    __slots__ = ("asked", "plans")

    def __init__(self) -> None:
        self.asked: dict[Param, Read] = {}
        """What the plans depend on; a plan may depend on less, never on more."""
        self.plans: Lru[tuple[Any, ...], Plan] = Lru(_MAX_VARIANTS)

    def key(self, inputs: Inputs) -> tuple[Any, ...]:
        """Return which of the plans is the one for a request."""
        return tuple([read(inputs) for read in self.asked.values()])

    def with_plan(self, facts: Facts, inputs: Inputs, plan: Plan) -> _Family:
        """Return the family with one more plan: a new one, if the plan depends on more."""
        family = self
        if not facts.asked.keys() <= self.asked.keys():
            family = _Family()
            family.asked = {**self.asked, **{param: param.read for param in facts.asked}}
        family.plans.put(family.key(inputs), plan)
        return family


class QueryPlanner:
    """Answers questions about records under rules, filters and sorts.

    A rule of "" (or None) lets everything through; whether a rule of None locks the caller out is the
    caller's to decide before.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._families: Lru[tuple[Any, ...], _Family] = Lru(_MAX_FAMILIES)
        self._sizes: dict[str, tuple[int, float]] = {}
        self._totals = Totals(app.data)

    # -- questions

    def columns(self, collection: Collection) -> tuple[str, ...]:
        """Return the names of the fields in the order of the values of a row."""
        return shape(collection).names

    def list(  # noqa: PLR0913 - what a page is made of
        self,
        collection: Collection,
        request: RequestInfo,
        rule: str | None,
        filter: str,
        sort: str,
        *,
        offset: int,
        limit: int,
    ) -> Rows:
        """Return a page of the records that fulfil the rule and the caller's filter.

        Raises `RuleSyntaxError` for a filter or sort that is malformed or says what the caller may not.
        """
        question = Question(Purpose.ROWS, collection, request)
        question.rule, question.sort = rule or "", sort
        literals = self._lift(question, filter)
        inputs = Inputs(request, literals, {"limit": limit, "offset": offset})
        return self._run(question, inputs, filter)

    def count(
        self, collection: Collection, request: RequestInfo, rule: str | None, filter: str
    ) -> int:
        """Return how many records fulfil the rule and the caller's filter."""
        question = Question(Purpose.COUNT, collection, request)
        question.rule = rule or ""
        inputs = Inputs(request, self._lift(question, filter))
        plan = self._plan(question, inputs, filter)
        count = self._totals.lasting if plan.lasts else self._totals.count
        return count(plan.sql, plan.bind(inputs))

    def view(
        self, collection: Collection, record_id: str, request: RequestInfo, rule: str | None
    ) -> Row | None:
        """Return the row of one record if it fulfils the rule."""
        question = Question(Purpose.ONE, collection, request)
        question.rule = rule or ""
        inputs = Inputs(request, (), {"id": record_id})
        plan = self._plan(question, inputs, "")
        return self._app.data.one(plan.sql, plan.bind(inputs))

    def matches(
        self, collection: Collection, record_id: str, request: RequestInfo, rule: str | None
    ) -> bool:
        """Tell whether a stored record fulfils the rule."""
        return self.view(collection, record_id, request, rule) is not None

    def matches_unsaved(self, record: Record, request: RequestInfo, rule: str | None) -> bool:
        """Tell whether a record that is not stored would fulfil the rule."""
        if not rule:
            return True
        question = Question(Purpose.UNSAVED, record.collection, request)
        question.rule = rule
        inputs = Inputs(request, (), _row_values(record))
        plan = self._plan(question, inputs, "")
        return self._app.data.one(plan.sql, plan.bind(inputs)) is not None

    def by_ids(
        self,
        collection: Collection,
        ids: Iterable[str],
        request: RequestInfo | None,
        rule: str | None,
    ) -> Rows:
        """Return the rows of those records that fulfil the rule, in no order."""
        question = Question(Purpose.SOME, collection, request)
        question.rule = rule or ""
        inputs = Inputs(request, (), {"ids": orjson.dumps(list_of(ids)).decode()})
        return self._run(question, inputs, "")

    def find(
        self,
        collection: Collection,
        filter: str,
        sort: str = "",
        limit: int = 0,
        offset: int = 0,
        params: Mapping[str, Any] | None = None,
    ) -> Rows:
        """Return the records that match a filter of our own code, in which everything may be used.

        `{:name}` in it stands for `params["name"]`. A limit of 0 is none. Raises `RuleSyntaxError`.
        """
        question = Question(Purpose.ROWS, collection, None)
        question.sort, question.has_params = sort, True
        literals = self._lift(question, filter, most=1 << 30)
        page = {"limit": limit if limit > 0 else _ALL, "offset": max(offset, 0)}
        return self._run(question, Inputs(None, literals, {**(params or {}), **page}), filter)

    # -- checks

    def check(self, collection: Collection, expression: str, *, for_rule: bool = True) -> None:
        """Raise `RuleSyntaxError` when an expression makes no sense for a collection, saved or not."""
        del for_rule
        if expression:
            self._compiler(
                Question(Purpose.COUNT, collection, None), Inputs(RequestInfo())
            ).add_rule(parse(expression))

    def sort_check(self, collection: Collection, sort: str) -> None:
        """Raise `RuleSyntaxError` when a sort makes no sense for a collection."""
        question = Question(Purpose.ROWS, collection, None)
        self._compiler(question, Inputs(RequestInfo())).add_sort(parse_sort(sort))

    # -- plans

    def _lift(self, question: Question, filter: str, most: int = MAX_FILTER) -> Values:
        """Put the filter without its literals into the question, and return them."""
        if not filter:
            return []
        if len(filter) > most or (len(filter) * 4 > most and len(filter.encode()) > most):
            raise RuleSyntaxError("max filter length limit reached")
        question.filter, literals = lift(filter)
        return literals

    def _run(self, question: Question, inputs: Inputs, filter: str) -> Rows:
        plan = self._plan(question, inputs, filter)
        return self._app.data.all(plan.sql, plan.bind(inputs))

    def _plan(self, question: Question, inputs: Inputs, filter: str) -> Plan:
        """Return the plan for a question and what the request's values are like."""
        key = question.key(self._app.collections.version)
        family = self._families.get(key)
        if family is not None:
            plan = family.plans.get(family.key(inputs))
            if plan is not None and (plan.fresh_until > monotonic() or _is_good(plan)):
                return plan
        try:
            return self._compile(question, inputs, key)
        except RuleSyntaxError:
            if question.filter != filter:
                # NOTE: positions and texts in messages are those of the filter as it was written
                question.filter = filter
                self._compile(question, Inputs(inputs.request, (), inputs.given), ())
            raise

    def _compile(self, question: Question, inputs: Inputs, key: tuple[Any, ...]) -> Plan:
        facts = Facts(inputs)
        choice = Choice(question.purpose, question.collection, self._size)
        compiler = self._compiler(question, inputs, facts, choice)
        compiler.add_rule(parse_rule(question.rule))
        compiler.add_filter(_parse_filter(question, len(inputs.literals)))
        compiler.add_sort(parse_sort(question.sort))
        statement = render(compiler.statement(shape(question.collection).names))
        plan = Plan(statement.text, statement.params, choice)
        plan.lasts = compiler.lasts()
        if key:
            family = self._families.get(key) or _Family()
            self._families.put(key, family.with_plan(facts, inputs, plan))
        return plan

    def _compiler(
        self,
        question: Question,
        inputs: Inputs,
        facts: Facts | None = None,
        choice: Choice | None = None,
    ) -> Compiler:
        choice = choice or Choice(question.purpose, question.collection, self._size)
        setting = Setting(
            question.collection,
            self._app.collections.get,
            facts or Facts(inputs),
            question.auth,
            question.is_trusted,
            choice.wants,
        )
        return Compiler(setting, question.purpose)

    def _size(self, collection: Collection) -> int:
        """Return about how many records there are, as of lately."""
        size, until = self._sizes.get(collection.id, (0, 0.0))
        now = monotonic()
        if now > until:
            row = self._app.data.one(size_query(collection).text)
            size = int(row[0] or 0) if row is not None else 0
            self._sizes[collection.id] = size, now + _FRESH
        return size


def list_of(ids: Iterable[str]) -> list[str]:
    """Return ids as a list."""
    return [*ids]


def _parse_filter(question: Question, slots: int) -> Expression | None:
    if not question.filter:
        return None
    return parse_kept(question.filter, slots, params=question.has_params)


def _is_good(plan: Plan) -> bool:
    """Tell whether an old plan is still the right one, and renew it if so."""
    is_good = plan.choice.holds()
    if is_good:
        plan.fresh_until = monotonic() + _FRESH
    return is_good


def _row_values(record: Record) -> dict[str, Any]:
    """Return what a record would store, by the names that plans use."""
    storers = shape(record.collection).storers
    values: dict[str, Any] = {}
    for name, store in storers.items():
        value = record.get(name)
        stored = store(value) if store is not None else value
        # COMPAT: a number that is not stored yet is a double, also beside texts
        values[f"row.{name}"] = float(stored) if _is_whole(stored) else stored
    return values


def _is_whole(value: Any) -> bool:
    return value.__class__ is int
