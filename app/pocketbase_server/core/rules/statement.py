"""From terms to nodes: the last step before the statement is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.rules import terms as t
from pocketbase_server.core.rules.combine import opposite
from pocketbase_server.core.rules.joins import Link, Source
from pocketbase_server.core.rules.nulls import column_is_filled, is_never_null
from pocketbase_server.core.rules.walks import sources
from pocketbase_server.storage.sql import nodes as n
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pocketbase_server.storage.sql.nodes.base import Node

_OPERATORS: Final = {
    t.Test.EQUAL: n.Operator.EQUAL,
    t.Test.UNEQUAL: n.Operator.UNEQUAL,
    t.Test.IS: n.Operator.SAME,
    t.Test.IS_NOT: n.Operator.DIFFERENT,
    t.Test.SAME: n.Operator.EQUAL,
    t.Test.OTHER: n.Operator.DIFFERENT,
    t.Test.LESS: n.Operator.LESS,
    t.Test.LESS_OR_EQUAL: n.Operator.LESS_OR_EQUAL,
    t.Test.GREATER: n.Operator.GREATER,
    t.Test.GREATER_OR_EQUAL: n.Operator.GREATER_OR_EQUAL,
}
_PLAIN: Final = {
    t.Test.IS: t.Test.EQUAL,
    t.Test.IS_NOT: t.Test.UNEQUAL,
    t.Test.OTHER: t.Test.UNEQUAL,
}
_TEXTS: Final = frozenset({ColumnKind.TEXT, ColumnKind.PRIMARY_TEXT})
_ITEM: Final = "value"
_MAX_SEARCHED: Final = 3
"""How deep alternatives may be nested and still be answered from indexes."""


@dataclass(slots=True, frozen=True)
class Rows:
    """The rows that a part of the statement can name: aliases by source."""

    aliases: dict[Source, str] = field(default_factory=dict)
    filled: frozenset[Source] = frozenset()
    """Those that are certainly there, so that columns which are never empty are not null."""

    def adding(self, source: Source, alias: str, *, filled: bool) -> Rows:
        """Return these rows and one more."""
        more = {source} if filled else set()
        return Rows({**self.aliases, source: alias}, self.filled | more)

    def __contains__(self, source: object) -> bool:
        return source in self.aliases


class Writer:
    """Makes nodes of terms; with *in_order* records are looked up in the order they are read."""

    def __init__(self, *, in_order: bool = False) -> None:
        self._numbers = count()
        self._in_order = in_order
        self._depth = 0
        self.has_values = False
        """Whether some record is looked up by a value of its own, which may change the order."""

    def alias(self) -> str:
        """Return an alias that is not in use."""
        return f"t{next(self._numbers)}"

    # -- joining

    def joined(self, rows: Rows, needed: Iterable[t.Term]) -> tuple[Rows, list[n.Join]]:
        """Return the rows with everything that the terms name at this level, and the joins for it."""
        joins: list[n.Join] = []
        for source in _named(needed):
            steps = source.steps_from(rows)
            if steps and steps[0].link is Link.AUTH:
                # NOTE: the caller's record is asked for where its value stands, see `value`
                continue
            for step in steps:
                rows, join = self._join(step, rows, is_outer=True)
                joins.append(join)
        return rows, joins

    def _join(self, source: Source, rows: Rows, *, is_outer: bool) -> tuple[Rows, n.Join]:
        alias = self.alias()
        rows = rows.adding(source, alias, filled=not is_outer)
        table = self._table(source, alias, rows)
        return rows, n.Join(table, self._link(source, rows), is_outer)

    def _table(self, source: Source, alias: str, rows: Rows) -> Node:
        match source.link:
            case Link.ITEMS:
                return n.ItemsOf(self._column(source.parent, _name(source), rows), alias)
            case Link.NAMED_ITEMS:
                return n.ItemsOf(n.Mark(source.param), alias, is_plain=True)
            case _:
                assert source.collection is not None  # noqa: S101 - items are dealt with
                return n.Table(source.collection.name, alias)

    def _link(self, source: Source, rows: Rows) -> Node | None:
        """Return the condition that ties a source's rows to its parent's."""
        match source.link:
            case Link.RELATED | Link.RELATED_ITEM:
                return _same(self._column(source, "id", rows), self._key(source, rows))
            case Link.BACK:
                own = self._column(source, _name(source), rows)
                return _same(own, self._column(source.parent, "id", rows))
            case Link.AUTH:
                return _same(self._column(source, "id", rows), n.Mark(source.param))
            case Link.NAMED:
                return n.In(self._column(source, "id", rows), self._items(n.Mark(source.param)))
            case Link.BACK_ITEMS:
                held = self._column(source, _name(source), rows)
                return n.In(self._column(source.parent, "id", rows), self._items(held))
            case _:
                return None

    def _items(self, held: Node) -> n.Select:
        alias = self.alias()
        is_plain = isinstance(held, n.Mark)
        return n.Select([n.Column(alias, _ITEM)], n.ItemsOf(held, alias, is_plain=is_plain))

    def _key(self, source: Source, rows: Rows) -> n.Column:
        """Return the column of the parent that holds the id of a related record."""
        is_item = source.link is Link.RELATED_ITEM
        return self._column(source.parent, _ITEM if is_item else _name(source), rows)

    def _column(self, source: Source | None, name: str, rows: Rows) -> n.Column:
        assert source is not None  # noqa: S101 - only linked sources ask
        return n.Column(rows.aliases[source], name)

    # -- queries

    def query(
        self, chain: Sequence[Source], rows: Rows, term: t.Term, *values: t.Term
    ) -> tuple[n.Select, Rows]:
        """Return a query over the rows of *chain* that fit; its columns are *values*, or 1."""
        first, *others = chain
        alias = self.alias()
        rows = rows.adding(first, alias, filled=True)
        table, link = self._table(first, alias, rows), self._link(first, rows)
        joins: list[n.Join] = []
        for step in others:
            rows, join = self._join(step, rows, is_outer=False)
            joins.append(join)
        rows, more = self.joined(rows, (term, *values))
        where = _and([link, self.condition(term, rows)])
        columns = [self.value(value, rows) for value in values] or [n.Word(1)]
        return n.Select(columns, table, [*joins, *more], where), rows

    def _found(self, source: Source, term: t.Term, rows: Rows) -> n.Exists:
        return n.Exists(self.query(source.steps_from(rows), rows, term)[0])

    def _found_or_none(self, source: Source, term: t.Term, rows: Rows) -> n.Exists:
        joins: list[n.Join] = []
        for step in source.steps_from(rows):
            rows, join = self._join(step, rows, is_outer=True)
            joins.append(join)
        rows, more = self.joined(rows, (term,))
        where = _and([self.condition(term, rows)])
        return n.Exists(n.Select([n.Word(1)], n.OneRow(self.alias()), [*joins, *more], where))

    # -- conditions

    def condition(self, term: t.Term, rows: Rows) -> Node:  # noqa: PLR0911 - a table of kinds
        """Return the node of a condition."""
        match term:
            case t.Compare():
                return self._compared(term, rows)
            case t.Blank(value, negated):
                return self._blank(value, rows, negated=negated)
            case t.Match(value, pattern, is_pattern, negated):
                fits = self.value(pattern, rows)
                fits = fits if is_pattern else n.Wrapped(fits)
                return n.Like(self.value(value, rows), fits, negated=negated)
            case t.All(parts):
                return n.AllTrue([self.condition(part, rows) for part in parts])
            case t.Any(parts):
                return self._any(parts, rows)
            case t.Not(part):
                return _opposite(self.condition(part, rows))
            case t.Fixed(value):
                return n.Truth(value=bool(value))
            case t.Some() | t.SomeOuter() | t.NoRow():
                return self._rows_found(term, rows)
            case _:
                return self._in_set(term, rows)

    def _rows_found(self, term: t.Some | t.SomeOuter | t.NoRow, rows: Rows) -> Node:
        match term:
            case t.NoRow(source):
                return n.Inverted(self._found(source, t.Fixed(value=True), rows))
            case t.SomeOuter(source, part):
                return self._found_or_none(source, part, rows)
            case t.Some(source, part):
                return self._found(source, part, rows)

    def _any(self, parts: tuple[t.Term, ...], rows: Rows) -> Node:
        self._depth += 1
        node = n.AnyTrue([self.condition(part, rows) for part in parts])
        self._depth -= 1
        # SECURITY: looking for indexes in deeply nested alternatives takes the database seconds
        return n.AsTruth(node) if self._depth == _MAX_SEARCHED else node

    def _compared(self, term: t.Compare, rows: Rows) -> Node:
        left, right = self.value(term.left, rows), self.value(term.right, rows)
        if term.test in {t.Test.SAME, t.Test.OTHER}:
            left, right = self._coalesced(term, left, right, rows)
        test = term.test
        if test in _PLAIN and _is_filled(term.left, rows) and _is_filled(term.right, rows):
            test = _PLAIN[test]
        return n.Between(left, _OPERATORS[test], right)

    def _coalesced(self, term: t.Compare, left: Node, right: Node, rows: Rows) -> tuple[Node, Node]:
        """Return two values with null as "", where it can be null at all."""
        # NOTE: a bare column lends its type to the other side, COALESCE does not
        group = _group(term.left)
        is_alike = group is not None and group == _group(term.right)
        if not (is_alike and _is_filled(term.left, rows)):
            left = n.Coalesced(left)
        if not (is_alike and _is_filled(term.right, rows)):
            right = n.Coalesced(right)
        return left, right

    def _blank(self, value: t.Term, rows: Rows, *, negated: bool) -> Node:
        node = self.value(value, rows)
        if _is_filled(value, rows):
            operator = n.Operator.UNEQUAL if negated else n.Operator.EQUAL
            return n.Between(node, operator, n.Word(n.Word.BLANK))
        return n.Filled(node) if negated else n.Blank(node)

    # -- sets

    def _in_set(self, term: t.Term, rows: Rows) -> Node:
        match term:
            case t.InRelated(source, part):
                return self._in_related(source, part, rows, or_missing=term.or_missing)
            case t.InReferred(source, part):
                held = t.Column(source, _name(source))
                return self._referred(source, part, held, rows)
            case t.InJoined(source, part):
                return self._in_joined(source, part, rows)
            case t.ValueIn():
                return self._value_in(term, rows)
        raise AssertionError(term)

    def _in_related(self, source: Source, part: t.Term, rows: Rows, *, or_missing: bool) -> Node:
        if or_missing and is_never_null(part):
            part, is_inverted = opposite(part), False
        else:
            is_inverted = or_missing
        query, inside = self.query_of(source, part)
        if is_inverted and query.where is not None:
            where = query.where
            query.where = where.part if isinstance(where, n.NotTrue) else n.NotTrue(where)
        query.columns = [self._column(source, "id", inside)]
        node = n.In(self._key(source, rows), query, unindexed=self._is_read_in_order(source))
        return n.NotTrue(node) if or_missing else node

    def query_of(self, source: Source, part: t.Term) -> tuple[n.Select, Rows]:
        """Return a query over all records of a source's collection, whatever it hangs on."""
        alias = self.alias()
        rows = Rows().adding(source, alias, filled=True)
        table = self._table(source, alias, rows)
        rows, joins = self.joined(rows, (part,))
        return n.Select([], table, joins, self.condition(part, rows)), rows

    def _referred(self, source: Source, part: t.Term, held: t.Column, rows: Rows) -> Node:
        query, inside = self.query_of(source, part)
        column = self._column(source, held.name, inside)
        if source.link is Link.BACK_ITEMS:
            alias = self.alias()
            query.joins = [n.Join(n.ItemsOf(column, alias), is_outer=False), *query.joins]
            column = n.Column(alias, _ITEM)
        query.columns = [column]
        return self._own_id_in(source, query, rows)

    def _in_joined(self, source: Source, part: t.Term, rows: Rows) -> Node:
        assert source.parent is not None  # noqa: S101 - someone is pointed to
        parent = source.parent
        alias = self.alias()
        inside = Rows().adding(parent, alias, filled=True)
        table = self._table(parent, alias, inside)
        inside, join = self._join(source, inside, is_outer=False)
        inside, more = self.joined(inside, (part,))
        where = self.condition(part, inside)
        query = n.Select([n.Column(alias, "id")], table, [join, *more], where)
        return self._own_id_in(source, query, rows)

    def _own_id_in(self, source: Source, query: n.Select, rows: Rows) -> Node:
        own = self._column(source.parent, "id", rows)
        return n.In(own, query, unindexed=self._is_read_in_order(source))

    def _is_read_in_order(self, source: Source) -> bool:
        parent = source.parent
        return self._in_order and parent is not None and parent.link is Link.BASE

    def _value_in(self, term: t.ValueIn, rows: Rows) -> Node:
        self.has_values = True
        query, inside = self.query(term.source.path(), Rows(), term.condition, term.member)
        value, member = self.value(term.value, rows), query.columns[0]
        if term.coalesced:
            tie = t.Compare(t.Test.SAME, term.value, term.member)
            both = Rows({**rows.aliases, **inside.aliases}, rows.filled | inside.filled)
            value, member = self._coalesced(tie, value, member, both)
            query.columns = [member]
        return n.In(value, query)

    # -- values

    def value(self, term: t.Term, rows: Rows) -> Node:
        """Return the node of a value."""
        needed = sources(term)
        if needed and all(_is_callers(source, rows) for source in needed):
            root = next(iter(needed)).root
            return n.Scalar(self.query([root], Rows(), t.Fixed(value=True), term)[0])
        return self._value(term, rows)

    def _value(self, term: t.Term, rows: Rows) -> Node:
        match term:
            case t.Column(source, name):
                return self._column(source, name, rows)
            case t.Bound(param):
                return n.Mark(param)
            case t.Flag() | t.Constant():
                return n.Word(_word(term))
            case t.JsonPart(column, path):
                return n.JsonPart(self._value(column, rows), path)
            case t.ListLength(column):
                return n.ListLength(self._value(column, rows))
            case t.Lowered(inner):
                return n.Lowered(self.value(inner, rows))
            case t.Distance(points):
                return n.Distance([self.value(point, rows) for point in points])
            case _:
                return self._rare_value(term, rows)

    def _rare_value(self, term: t.Term, rows: Rows) -> Node:
        match term:
            case t.TimeText(arguments):
                return n.TimeText([self.value(argument, rows) for argument in arguments])
            case t.Truth(condition):
                return n.AllTrue([self.condition(condition, rows)])
            case t.Null():
                return n.Word(n.Word.NULL)
        raise AssertionError(term)


def _is_callers(source: Source, rows: Rows) -> bool:
    """Tell whether a source is found from the caller's record, which is not at hand."""
    steps = source.steps_from(rows)
    return bool(steps) and steps[0].link is Link.AUTH


def _name(source: Source) -> str:
    assert source.field is not None  # noqa: S101 - only links through fields ask
    return source.field.name


def _named(terms: Iterable[t.Term]) -> Iterator[Source]:
    """Give the sources whose columns stand in the terms themselves, not inside their row sets."""
    todo = list(terms)
    while todo:
        term = todo.pop(0)
        match term:
            case t.Column(source):
                yield source
            case t.InRelated(source) | t.InReferred(source) | t.InJoined(source):
                if source.parent is not None:
                    yield source.parent
            case t.Some() | t.SomeOuter() | t.NoRow():
                pass
            case _:
                todo = [*term.parts(), *todo]


def _word(term: t.Flag | t.Constant) -> str | int:
    if isinstance(term, t.Flag):
        return "TRUE" if term.value else "FALSE"
    return term.value if isinstance(term.value, int) else n.Word.BLANK


def _same(left: Node, right: Node) -> Node:
    return n.Between(left, n.Operator.EQUAL, right)


def _and(parts: Iterable[Node | None]) -> Node | None:
    found = [part for part in parts if part is not None and not _is_true(part)]
    if not found:
        return None
    return found[0] if len(found) == 1 else n.AllTrue(found)


def _opposite(node: Node) -> Node:
    # NOTE: what is inverted here is a question about rows; null in it means no
    return n.Inverted(node) if isinstance(node, n.Exists) else n.NotTrue(node)


def _is_true(node: Node) -> bool:
    return isinstance(node, n.Truth) and node.value


def _group(value: t.Term) -> str | None:
    """Return what kind of values a term has, as far as comparing them goes."""
    if isinstance(value, t.Lowered):
        return "text"
    if isinstance(value, t.Column) and value.kind is not None:
        return "text" if value.kind in _TEXTS else "number"
    return None


def _is_filled(value: t.Term, rows: Rows) -> bool:
    """Tell whether a value cannot be null where it stands."""
    if isinstance(value, t.Column):
        return column_is_filled(value) and value.source in rows.filled
    if isinstance(value, t.Lowered):
        return _is_filled(value.value, rows)
    return isinstance(value, (t.Bound, t.Constant, t.ListLength))
