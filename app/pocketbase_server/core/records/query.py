"""Questions about records: compiled once, then bound and run."""

from __future__ import annotations

from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.records.kept import KeptParts
from pocketbase_server.core.records.pace import Pace
from pocketbase_server.core.records.plans import FRESH, Family, Part, Plan, Question, Written
from pocketbase_server.core.records.shape import shape
from pocketbase_server.core.records.totals import Totals
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.core.rules.binding import Inputs
from pocketbase_server.core.rules.compile import (
    MOST_COUNTED,
    Compiler,
    Purpose,
    Setting,
    parse_rule,
)
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
    from pocketbase_server.storage.sql.nodes.base import Node

Row = tuple[Any, ...]
Rows = list[Row]
Values = list[Any]
Names = tuple[str, ...]

MAX_FILTER: Final = 3500
"""Bytes that a caller's filter may have."""
_MAX_FAMILIES: Final = 2048
_ALL: Final = -1
_MAX_PARTS: Final = 3
_READING_ALL: Final = frozenset({Purpose.COUNT, Purpose.COUNTED})


class QueryPlanner:
    """Answers questions about records under rules, filters and sorts.

    A rule of "" (or None) lets everything through; whether a rule of None locks the caller out is the
    caller's to decide before.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._families: Lru[tuple[Any, ...], Family] = Lru(_MAX_FAMILIES)
        self._sizes: dict[str, tuple[int, float]] = {}
        self._totals = Totals(app.data)
        self._kept = KeptParts(app.data)

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

    def list_and_count(  # noqa: PLR0913 - what a page is made of
        self,
        collection: Collection,
        request: RequestInfo,
        rule: str | None,
        filter: str,
        sort: str,
        *,
        offset: int,
        limit: int,
    ) -> tuple[Rows, int]:
        """Return what `list()` and `count()` would."""
        question = Question(Purpose.ROWS, collection, request)
        question.rule, question.sort = rule or "", sort
        literals = self._lift(question, filter)
        inputs = Inputs(request, literals, {"limit": limit, "offset": offset})
        plan = self._plan(question, inputs, filter)
        if plan.pace is not None:
            return self._paced_page(plan.pace, question, inputs, filter)
        rows = self._app.data.all(plan.sql, plan.bind(inputs))
        return rows, self._total(rows, question, inputs, filter)

    def _paced_page(
        self, pace: Pace, question: Question, inputs: Inputs, filter: str
    ) -> tuple[Rows, int]:
        """Return a page and the total in the way that was seen to be less work."""
        if pace.is_long:
            return self._counted_page(pace, question, inputs, filter)
        began = thread_time()
        rows = self._run(question, inputs, filter)
        took = thread_time() - began
        total = self._total(rows, question, inputs, filter)
        pace.note_alone(took, total)
        return rows, total

    def _counted_page(
        self, pace: Pace, question: Question, inputs: Inputs, filter: str
    ) -> tuple[Rows, int]:
        """Return a page that takes long to find, and the total."""
        count = self._plan(question.about(Purpose.COUNT), inputs, filter)
        known = self._totals.kept(count.sql, count.bind(inputs))
        if count.lasts and known.total is not None:
            if known.total <= inputs.given["offset"]:
                return [], known.total
            if not pace.is_quicker_counted:
                return self._run(question, inputs, filter), known.total
        plan = self._plan(question.about(Purpose.COUNTED), inputs, filter)
        found, seconds = self._kept.find(plan, inputs)
        if not found:
            return [], self._count(count, inputs) if inputs.given["offset"] else 0
        total: int = found[0][0]
        if total > MOST_COUNTED:
            pace.is_long = False
            return self._run(question, inputs, filter), self._count(count, inputs)
        if seconds:
            pace.note_counted(seconds, total)
        if count.lasts:
            known.keep(total)
        return [row[1:] for row in found], total

    def _total(self, rows: Rows, question: Question, inputs: Inputs, filter: str) -> int:
        """Return how many records there are; *rows* are a page of them."""
        offset: int = inputs.given["offset"]
        # PERF: a page that is not full is the last one, so there is nothing to count
        if len(rows) < inputs.given["limit"] and (rows or not offset):
            return offset + len(rows)
        return self._count(self._plan(question.about(Purpose.COUNT), inputs, filter), inputs)

    def count(
        self, collection: Collection, request: RequestInfo, rule: str | None, filter: str
    ) -> int:
        """Return how many records fulfil the rule and the caller's filter."""
        question = Question(Purpose.COUNT, collection, request)
        question.rule = rule or ""
        inputs = Inputs(request, self._lift(question, filter))
        return self._count(self._plan(question, inputs, filter), inputs)

    def _count(self, plan: Plan, inputs: Inputs) -> int:
        def count() -> int:
            row = self._kept.first(plan, inputs)
            return int(row[0]) if row is not None else 0

        return self._totals.lasting(plan.sql, plan.bind(inputs), count) if plan.lasts else count()

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
        order = parse_sort(question.sort)
        choice = Choice(question.purpose, question.collection, self._size, order)
        compiler = self._compiler(question, inputs, facts, choice)
        compiler.add_rule(parse_rule(question.rule))
        compiler.add_filter(_parse_filter(question, len(inputs.literals)))
        compiler.add_sort(order)
        columns = self._columns(question.collection)
        statement = render(compiler.statement(*columns))
        plan = Plan(statement.text, statement.params, choice)
        plan.lasts = compiler.lasts()
        if question.purpose in _READING_ALL:
            plan.parts = _parts(compiler, columns[0])
        if question.purpose is Purpose.ROWS and compiler.shares_order():
            plan.pace = Pace(is_sorted=bool(order))
        if key:
            family = self._families.get(key) or Family()
            self._families.put(key, family.with_plan(facts, inputs, plan))
        return plan

    def _columns(self, collection: Collection) -> tuple[Names, Names]:
        """Return the columns of a row, and those of them that a view does not give any more.

        COMPAT: they are blank; it is so once a field is renamed that the view's query asks for.
        """
        names = shape(collection).names
        if not collection.is_view:
            return names, ()
        given = {column.name for column in self._app.schema.columns(collection.name)}
        return names, tuple(name for name in names if name not in given)

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
            self._sizes[collection.id] = size, now + FRESH
        return size


def list_of(ids: Iterable[str]) -> list[str]:
    """Return ids as a list."""
    return [*ids]


def _parts(compiler: Compiler, columns: Names) -> tuple[Part, ...]:
    """Return the conditions of a question that are worth keeping the answer to."""
    parts = compiler.parts()
    if len(parts) > _MAX_PARTS:
        return ()
    made = [(compiler.keeping(part), compiler.rest(part, columns)) for part in parts]
    return tuple(Part(_written(keeping), _written(rest)) for keeping, rest in made)


def _written(node: Node) -> Written:
    statement = render(node)
    return Written(statement.text, statement.params)


def _parse_filter(question: Question, slots: int) -> Expression | None:
    if not question.filter:
        return None
    return parse_kept(question.filter, slots, params=question.has_params)


def _is_good(plan: Plan) -> bool:
    """Tell whether an old plan is still the right one, and renew it if so."""
    is_good = plan.choice.holds()
    if is_good:
        plan.fresh_until = monotonic() + FRESH
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
