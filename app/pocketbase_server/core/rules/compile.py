"""From an expression and where it is used to the statement that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules import ast, functions
from pocketbase_server.core.rules.binding import constant, given, literal
from pocketbase_server.core.rules.combine import (
    all_of,
    any_of,
)
from pocketbase_server.core.rules.comparison import compare
from pocketbase_server.core.rules.indexes import leading_columns
from pocketbase_server.core.rules.joins import Link, Source
from pocketbase_server.core.rules.macros import macro_param
from pocketbase_server.core.rules.operands import BLANK, NULL, Operand, bound, number
from pocketbase_server.core.rules.parser import parse_kept
from pocketbase_server.core.rules.request_values import Known, known_param
from pocketbase_server.core.rules.resolver import Facts, Lookup, Resolver, World, blank_or
from pocketbase_server.core.rules.scopes import scoped
from pocketbase_server.core.rules.sets import Arranger, Wants
from pocketbase_server.core.rules.sort import RANDOM, ROW_NUMBER, SortKey
from pocketbase_server.core.rules.statement import Rows, Writer
from pocketbase_server.core.rules.terms import (
    All,
    Column,
    Fixed,
    JsonPart,
    ListLength,
    Lowered,
    Null,
    Term,
    TimeText,
)
from pocketbase_server.core.rules.walks import all_sources, sources, walk
from pocketbase_server.storage.sql import nodes as n

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.storage.sql.nodes.base import Node

_CONSTANTS = {"null": NULL, "true": number(1), "false": number(0)}


class Purpose(Enum):
    """What is asked of the records that match."""

    ROWS = "their rows, in order, a page of them"
    COUNTED = "the same, each row behind how many there are in all"
    COUNT = "how many there are"
    ONE = "the row of one id"
    SOME = "the rows of some ids"
    UNSAVED = "whether a record would match that is not stored yet"


PAGES: Final = frozenset({Purpose.ROWS, Purpose.COUNTED})
MOST_COUNTED: Final = 20_000
"""How many records are set aside at most to be counted on the way; one more means that there are too many."""
KEPT: Final = given("kept rows")
"""The number under which records were set aside."""
_LONG_TYPES: Final = frozenset({"editor", "json"})
_LONG_TEXT: Final = 5000


@dataclass(slots=True)
class Setting:
    """What an expression is compiled for."""

    collection: Collection
    lookup: Lookup
    facts: Facts
    auth: Collection | None
    """The collection of the caller's record."""
    is_trusted: bool
    """Whether filter and sort may use everything: for superusers and code."""
    wants: Wants


class Compiler:
    """Compiles the rule, filter and sort of one question; they share the rows they speak of."""

    def __init__(self, setting: Setting, purpose: Purpose) -> None:
        self._setting = setting
        self._purpose = purpose
        link = Link.GIVEN if purpose is Purpose.UNSAVED else Link.BASE
        self.base = Source(link, collection=setting.collection)
        self._world = World(setting.lookup, setting.facts, setting.auth)
        self._resolver = Resolver(self._world, self.base)
        self._terms: list[Term] = []
        self._order: list[tuple[Term | str, bool]] = []
        self._asked: Term = Fixed(value=True)
        self._split: Term = self._asked
        self._flat: set[Source] = set()
        self._absent: Sequence[str] = ()

    # -- taking expressions in

    def add_rule(self, rule: ast.Expression | None) -> None:
        """Take a stored rule: it may use everything."""
        self._resolver.allows_hidden = True
        if rule is not None:
            self._terms.append(self._expression(rule, self._resolver))

    def add_filter(self, filter_: ast.Expression | None) -> None:
        """Take the caller's filter."""
        self._resolver.allows_hidden = self._setting.is_trusted
        if filter_ is not None:
            self._terms.append(self._expression(filter_, self._resolver))

    def add_sort(self, keys: Sequence[SortKey]) -> None:
        """Take the caller's sort keys."""
        self._resolver.allows_hidden = self._setting.is_trusted
        for key in keys:
            if key.name in {RANDOM, ROW_NUMBER}:
                self._order.append((key.name, key.descending))
            else:
                self._order.append((self._sort_value(key), key.descending))

    def _sort_value(self, key: SortKey) -> Term:
        try:
            value = self._resolver.resolve(key.name)
        except RuleSyntaxError as ex:
            raise RuleSyntaxError(f'invalid sort field "{key.name}"') from ex
        if value.has_params or not _is_sortable(value.value):
            raise RuleSyntaxError(f'invalid sort field "{key.name}"')
        return value.value

    # -- expressions

    def _expression(self, node: ast.Expression, resolver: Resolver) -> Term:
        match node:
            case ast.And(parts):
                return all_of(*[self._expression(part, resolver) for part in parts])
            case ast.Or(parts):
                return any_of(*[self._expression(part, resolver) for part in parts])
            case ast.Comparison(left, sign, right):
                return compare(
                    self._side("left", left, resolver), sign, self._side("right", right, resolver)
                )

    def _side(self, side: str, written: ast.Operand, resolver: Resolver) -> Operand:
        try:
            return self._operand(written, resolver)
        except RuleSyntaxError as ex:
            shown = getattr(written, "name", "")
            position = getattr(written, "position", -1)
            message = f'invalid {side} operand "{shown}" - {ex.message}'
            raise RuleSyntaxError(message, position) from ex

    def _operand(self, written: ast.Operand, resolver: Resolver) -> Operand:
        match written:
            case ast.Identifier(name):
                return self._identifier(name, resolver)
            case ast.Text(""):
                return BLANK
            case ast.Text(value) | ast.Number(value):
                return bound(constant(value))
            case ast.Slot(place):
                return bound(literal(place))
            case ast.Param(name):
                return self._given(name)
            case ast.Call():
                return functions.call(written, lambda part: self._operand(part, resolver))

    def _identifier(self, name: str, resolver: Resolver) -> Operand:
        macro = macro_param(name)
        if macro is not None:
            return bound(macro)
        try:
            return resolver.resolve(name)
        except RuleSyntaxError:
            known = _CONSTANTS.get(name.lower())
            if known is None:
                raise
            return known

    def _given(self, name: str) -> Operand:
        param = given(name)
        known = self._setting.facts.ask(known_param(param))
        if known is Known.NULL:
            return NULL
        return BLANK if known is Known.BLANK else bound(param)

    # -- what the caller may list

    def _whole(self) -> Term:
        """Return everything that must hold."""
        terms = list(self._terms)
        for source, collection in self._resolver.listed.items():
            inner = Resolver(self._world, source)
            rule = parse_rule(collection.list_rule or "")
            # NOTE: the rule speaks of rows of its own; only the record it is about is shared
            may_list = self._expression(rule, inner) if rule is not None else Fixed(value=True)
            terms.append(blank_or(source, may_list))
        return all_of(*terms)

    # -- statements

    def statement(self, columns: Sequence[str], absent: Sequence[str] = ()) -> Node:
        """Return the query; *columns* are those a row is made of, NULL stands for *absent* ones."""
        self._absent = absent
        _check_renamed(self._terms, self._resolver.joins.renamed)
        self._asked = whole = self._whole()
        self._flat = _flat(whole, self._sorted_by())
        self._split = scoped(whole, frozenset(self._flat))
        return self._query(columns, self._split)

    def parts(self) -> list[Term]:
        """Return those conditions of a statement of several that cost more than reading the records.

        Each is about one record, and finds the same ones until something is written.
        """
        if self._flat or not isinstance(self._split, All) or not self.lasts():
            return []
        # NOTE: a comparison that must hold for all of many values is two conditions on one relation
        groups: dict[object, list[Term]] = {}
        for term in self._split.terms:
            if _reads_others(term, self.base):
                groups.setdefault(_ways(term), []).append(term)
        parts = [all_of(*group) for group in groups.values()]
        return [] if parts == [self._split] else parts

    def keeping(self, part: Term) -> Node:
        """Return the statement that sets the records aside which fulfil one of the `parts`."""
        writer = Writer()
        query, alias, _ = self._found(writer, part, ())
        query.columns = [n.Mark(KEPT), n.RowNumber(alias)]
        return n.Keep(query)

    def rest(self, part: Term, columns: Sequence[str]) -> Node:
        """Return the statement for when the records that fulfil one of the `parts` are set aside."""
        known = part.terms if isinstance(part, All) else (part,)
        others = [term for term in self._split.parts() if not any(term is one for one in known)]
        return self._query(columns, all_of(*others), is_kept=True)

    def _sorted_by(self) -> list[Term]:
        is_page = self._purpose in PAGES
        return [key for key, _ in self._order if isinstance(key, Term)] if is_page else []

    def _query(self, columns: Sequence[str], asked: Term, *, is_kept: bool = False) -> Node:
        writer = Writer(in_order=self._purpose is Purpose.ROWS)
        query, alias, rows = self._found(writer, asked, columns)
        if is_kept and isinstance(query.source, n.Table):
            query.source = n.KeptRows(query.source, n.Mark(KEPT), writer.alias())
        return self._finished(query, writer, alias, rows)

    def _found(
        self, writer: Writer, asked: Term, columns: Sequence[str]
    ) -> tuple[n.Select, str, Rows]:
        """Return a query for the records that fulfil a condition, their alias and all rows at hand."""
        known = frozenset({self.base, *self._flat})
        term = Arranger(self._setting.wants).arrange(asked, known)
        alias = writer.alias()
        rows = Rows().adding(self.base, alias, filled=True)
        rows, joins = writer.joined(rows, (term, *self._sorted_by()))
        where = None if _is_always(term) else writer.condition(term, rows)
        query = n.Select(self._columns(alias, columns), self._table(alias, columns), joins, where)
        query.is_distinct = bool(self._flat)
        return query, alias, rows

    def shares_order(self) -> bool:
        """Tell whether `Purpose.COUNTED` gives the same page as `Purpose.ROWS`, in the same order.

        Not where an index may decide in which order records are read, or where rows are made distinct.
        """
        collection = self._setting.collection
        leading = leading_columns(collection)
        if collection.is_view or self._flat or leading is None:
            return False
        if _is_always(self._asked) and not self._order:
            # PERF: there is nothing to search
            return False
        keys = [key for key, _ in self._order if isinstance(key, Term)]
        if not all(_is_short(part) for key in keys for part in walk(key)):
            return False
        terms = [self._asked, *keys]
        named = (part for term in terms for part in walk(term) if isinstance(part, Column))
        return not any(part.source is self.base and part.name.lower() in leading for part in named)

    def lasts(self) -> bool:
        """Tell whether the same values find the same records until something is written."""
        parts = list(walk(self._asked))
        named = {part.source for part in parts if isinstance(part, Column)}
        collections = {step.collection for source in named for step in source.path()}
        is_timeless = not any(isinstance(part, TimeText) for part in parts)
        # NOTE: what the query of a view reads is not known here; it may be the time
        return is_timeless and not any(found is not None and found.is_view for found in collections)

    def _columns(self, alias: str, columns: Sequence[str]) -> list[Node]:
        match self._purpose:
            case Purpose.COUNT:
                # COMPAT: a view may give an id twice; the reference counts ids then
                is_view = self._setting.collection.is_view
                return [n.Counted(n.Column(alias, "id") if is_view else None)]
            case Purpose.UNSAVED:
                return [n.Word(1)]
            case _:
                null = n.Word(n.Word.NULL)
                return [null if name in self._absent else n.Column(alias, name) for name in columns]

    def _table(self, alias: str, columns: Sequence[str]) -> Node:
        if self._purpose is Purpose.UNSAVED:
            return n.Given(columns, [given(f"row.{name}") for name in columns], alias)
        return n.Table(self._setting.collection.name, alias)

    def _finished(self, query: n.Select, writer: Writer, alias: str, rows: Rows) -> Node:
        """Return the query with what its purpose adds."""
        match self._purpose:
            case Purpose.COUNTED:
                return self._counted(query, writer, alias, rows)
            case Purpose.ROWS:
                query.order = self._ordered(query, writer, alias, rows)
                query.limit, query.offset = n.Mark(given("limit")), n.Mark(given("offset"))
            case Purpose.ONE:
                own = n.Between(n.Column(alias, "id"), n.Operator.EQUAL, n.Mark(given("id")))
                query.where = _both(own, query.where)
                query.limit = n.Word(1)
            case Purpose.SOME:
                query.where = _both(n.In(n.Column(alias, "id"), _given_ids(writer)), query.where)
            case Purpose.UNSAVED:
                query.limit = n.Word(1)
            case _:
                pass
        return query

    def _counted(self, query: n.Select, writer: Writer, alias: str, rows: Rows) -> n.CountedPage:
        """Return a page of what the query finds, and the number of it."""
        names = [column.name for column in query.columns if isinstance(column, n.Column)]
        # SECURITY: nobody can have the server hold all of a large collection in memory
        query.limit = n.Word(MOST_COUNTED + 1)
        query.columns = [n.RowNumber(alias), *self._keys(writer, alias, rows)]
        table = n.Table(self._setting.collection.name, writer.alias())
        columns = [n.Column(table.alias, name) for name in names]
        descending = [descending for _, descending in self._order]
        limit, offset = n.Mark(given("limit")), n.Mark(given("offset"))
        return n.CountedPage(query, descending, table, columns, limit, offset)

    def _keys(self, writer: Writer, alias: str, rows: Rows) -> list[Node]:
        """Return the values to sort by."""
        return [self._key(key, writer, alias, rows) for key, _ in self._order]

    def _key(self, key: Term | str, writer: Writer, alias: str, rows: Rows) -> Node:
        if isinstance(key, Term):
            return writer.value(key, rows)
        return n.Shuffle() if key == RANDOM else n.RowNumber(alias)

    def _ordered(self, query: n.Select, writer: Writer, alias: str, rows: Rows) -> list[Node]:
        made: list[Node] = [
            n.Order(key, descending=descending)
            for key, (_, descending) in zip(
                self._keys(writer, alias, rows), self._order, strict=True
            )
        ]
        if not made and query.where is not None and not self._setting.collection.is_view:
            # NOTE: a set may be looked up by its values; the order stays that of the rows
            return [n.Order(n.RowNumber(alias))] if query.joins or writer.has_values else []
        return made


def _flat(whole: Term, keys: Sequence[Term]) -> set[Source]:
    """Return the sources with many rows that must be joined, because a sort key names one."""
    sorted_by = {many for key in keys for source in sources(key) for many in source.many()}
    if not sorted_by:
        return set()
    # COMPAT: the row that is sorted by is one that matches; all that conditions share with it is
    # joined in one go, as the reference does
    # NOTE: the caller's rows are the same for every record, so that they sort nothing
    asked = {source for source in sources(whole) if source.root.link is not Link.AUTH}
    return sorted_by | {many for source in asked for many in source.many()}


def _ways(term: Term) -> frozenset[object]:
    """Return by which relations a condition reads other records."""
    return frozenset(
        (step.link, step.field.name if step.field is not None else "", step.collection)
        for source in all_sources(term)
        for step in source.path()
    )


def _reads_others(term: Term, base: Source) -> bool:
    """Tell whether a condition on the record needs more than the record."""
    roots = {source.root for source in all_sources(term)}
    return base in roots and any(
        source.root.link is not Link.AUTH for source in all_sources(term) - {base}
    )


def _check_renamed(terms: Sequence[Term], renamed: set[Source]) -> None:
    """Raise `RuleSyntaxError` for fields that the last collection under an alias does not have."""
    for column in (part for term in terms for part in walk(term) if isinstance(part, Column)):
        source = column.source
        if source in renamed and source.collection and not source.collection.field(column.name):
            raise RuleSyntaxError(f'unknown field "{column.name}"')


def _is_sortable(value: Term) -> bool:
    if isinstance(value, Null):
        return False
    kinds = (Column, JsonPart, ListLength, Lowered)
    return isinstance(value, kinds) and all(isinstance(part, kinds) for part in walk(value))


def _is_short(key: Term) -> bool:
    """Tell whether a value to sort by takes little memory."""
    if not isinstance(key, Column):
        return isinstance(key, (ListLength, Lowered))
    field = key.source.collection.field(key.name) if key.source.collection is not None else None
    if field is None or field.type in _LONG_TYPES:
        return False
    # NOTE: the `max` of a date field is a date
    return field.type != "text" or int(getattr(field, "max", 0) or 0) <= _LONG_TEXT


def _is_always(term: Term) -> bool:
    return isinstance(term, Fixed) and bool(term.value)


def _both(first: Node, second: Node | None) -> Node:
    return first if second is None else n.AllTrue([first, second])


def _given_ids(writer: Writer) -> n.Select:
    alias = writer.alias()
    items = n.ItemsOf(n.Mark(given("ids")), alias, is_plain=True)
    return n.Select([n.Column(alias, "value")], items)


def parse_rule(text: str) -> ast.Expression | None:
    """Return the tree of a stored rule, None for one that lets everybody through."""
    return parse_kept(text) if text else None
