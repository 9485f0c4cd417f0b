"""From names to operands: fields, relations, back-relations, JSON paths, `@request` and `@collection`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.core.rules import request_values as request
from pocketbase_server.core.rules.combine import (
    all_of,
    any_of,
)
from pocketbase_server.core.rules.joins import Joins, Link, Source
from pocketbase_server.core.rules.modifiers import (
    CHANGED,
    EACH,
    ISSET,
    LENGTH,
    LOWER,
    split_modifier,
)
from pocketbase_server.core.rules.operands import BLANK, NULL, Nulls, Operand, bound, number
from pocketbase_server.core.rules.terms import (
    Blank,
    Bound,
    Column,
    Compare,
    Constant,
    Flag,
    JsonPart,
    ListLength,
    Lowered,
    Term,
    Test,
    Truth,
)

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Field
    from pocketbase_server.core.rules.binding import Inputs, Param

MAX_LEVELS: Final = 6
"""How many relations a path may go through."""

Lookup = Callable[[str], "Collection | None"]

_NAMES: Final = re.compile(
    r"""\w+[\w.:]*
    |@request\.(?:context|method)
    |@request\.(?:auth|body|query|headers)\.[\w.:]*\w+
    |@collection\.\w+(?::\w+)?\.[\w.:]*\w+""",
    re.VERBOSE | re.ASCII,
)
_BACK: Final = re.compile(r"(\w+)_via_(\w+)", re.ASCII)
_LISTS: Final = frozenset({"select", "relation", "file"})
"""Field types whose values may be several."""
_JSON: Final = frozenset({"json", "geoPoint"})
_MAX_INT: Final = (1 << 63) - 1


class Facts:
    """What the compiler had to know about the request: questions, each with its answer this time."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self.asked: dict[Param, object] = {}

    def ask(self, question: Param) -> object:
        """Return the answer for the request at hand, and remember that the plan depends on it."""
        if question not in self.asked:
            self.asked[question] = question.read(self._inputs)
        return self.asked[question]


@dataclass(slots=True)
class World:
    """What all resolvers of one statement share."""

    lookup: Lookup
    facts: Facts
    auth: Collection | None
    """The collection of the caller's record."""


class Resolver:
    """Finds out what the names of one expression stand for, seen from the rows of *base*."""

    def __init__(self, world: World, base: Source, joins: Joins | None = None) -> None:
        self._world = world
        self.base = base
        self.joins = joins or Joins()
        self.allows_hidden = True
        """Off for expressions of callers who may not use hidden fields."""
        self.listed: dict[Source, Collection] = {}
        """Related records that count only as far as the caller may list them."""

    @property
    def collection(self) -> Collection:
        """The collection that plain names belong to."""
        found = self.base.collection
        assert found is not None  # noqa: S101 - the base is a record
        return found

    def resolve(self, name: str) -> Operand:
        """Return what a name stands for; raises `RuleSyntaxError`."""
        if not _NAMES.fullmatch(name):
            raise RuleSyntaxError(f'failed to resolve field "{name}"')
        steps = name.split(".")
        if steps[0] == "@collection":
            return self._collection(name, steps)
        if steps[0] == "@request":
            return self._request(name, steps)
        return _Walk(self, self.base, hidden=self.allows_hidden).go(steps)

    def find_collection(self, name_or_id: str) -> Collection | None:
        """Return a collection by name or id; the base's own as it is being saved."""
        own = self.collection
        if name_or_id in {own.id, own.name}:
            return own
        return self._world.lookup(name_or_id)

    # -- other records

    def _collection(self, name: str, steps: list[str]) -> Operand:
        place, _, alias = steps[1].partition(":")
        found = self.find_collection(place)
        if found is None:
            what = f'failed to load collection "{place}" from field path "{name}"'
            raise RuleSyntaxError(what)
        source = self.joins.rename(("collection", alias, "" if alias else found.id), found)
        return _Walk(self, source, is_many=True).go(steps[2:])

    def _request(self, name: str, steps: list[str]) -> Operand:
        if steps[1] == "auth":
            return self._auth(name, steps)
        if steps[1] == "body":
            step, modifier = split_modifier(steps[2])
            field = self.collection.field(step)
            if field is not None:
                return self._body(field, modifier, steps)
        return self._static(steps[1:])

    def _auth(self, name: str, steps: list[str]) -> Operand:
        collection = self._world.auth
        if collection is None:
            return NULL
        if name.removeprefix("@request.auth.") in request.PLAIN_AUTH:
            return self._static(steps[1:])
        made = Source(Link.AUTH, collection=collection, param=request.auth_id())
        source = self.joins.get(("auth",), made)
        return _Walk(self, source, nullify=True).go(steps[2:])

    # -- the body

    def _body(self, field: Field, modifier: str, steps: list[str]) -> Operand:
        if field.type == "relation" and len(steps) > 3:  # noqa: PLR2004 - @request.body.field
            return self._body_related(field, steps[3:])
        if modifier in {EACH, LENGTH} and len(steps) == 3:  # noqa: PLR2004
            if field.type not in _LISTS:
                what = f'field "{field.name}" doesn\'t support multivalue operations'
                raise RuleSyntaxError(what)
            return self._body_each(field) if modifier == EACH else self._body_length(field)
        if modifier == LOWER and len(steps) == 3:  # noqa: PLR2004
            param = request.lowered_param(field.name)
            return self._lowered(param)
        if modifier == CHANGED and len(steps) == 3:  # noqa: PLR2004
            return self._body_changed(field)
        return self._static(steps[1:])

    def _body_related(self, field: Field, rest: list[str]) -> Operand:
        collection = self.find_collection(getattr(field, "collection_id", ""))
        if collection is None:
            raise RuleSyntaxError(f'failed to load field "{field.name}" collection')
        if not self._world.facts.ask(request.has_ids_param(field.name)):
            return NULL
        ids = request.ids_param(field.name)
        made = Source(Link.NAMED, collection=collection, param=ids)
        source = self.joins.get(("body", collection.id, field.name), made)
        return _Walk(self, source, is_many=field.is_multiple, nullify=True).go(rest)

    def _body_each(self, field: Field) -> Operand:
        made = Source(Link.NAMED_ITEMS, param=request.items_param(field.name))
        source = self.joins.get(("body items", field.name), made)
        column = Column(source, "value")
        return Operand(column, is_many=field.is_multiple, has_params=True, is_filled=True)

    def _body_length(self, field: Field) -> Operand:
        param = request.length_param(field.name)
        is_few = self._world.facts.ask(request.is_few_param(field.name))
        # COMPAT: only 0 and 1 are known to the reference as values that are not blank
        return Operand(Bound(param), is_filled=bool(is_few))

    def _body_changed(self, field: Field) -> Operand:
        from pocketbase_server.core.rules.comparison import compare

        path = f"@request.body.{field.name}"
        was_given = compare(self.resolve(f"{path}:{ISSET}"), "=", number(1))
        differs = compare(self.resolve(path), "!=", self.resolve(field.name))
        return Operand(Truth(all_of(was_given, differs)), Nulls.AS_THEY_ARE)

    # -- plain values of the request

    def _static(self, steps: list[str]) -> Operand:
        name, modifier = split_modifier(steps[-1])
        path = (*steps[:-1], name)
        if modifier == ISSET:
            is_set = self._world.facts.ask(request.isset_param(path))
            return Operand(Flag(bool(is_set)), is_filled=True)
        if modifier not in {"", LOWER}:
            raise RuleSyntaxError(f"invalid modifier sequence {name}:{modifier}")
        field = self.collection.field(name)
        # COMPAT: a numeric text counts as a number where the collection has a number of that name
        is_number = field is not None and field.type == "number"
        param = request.value_param(path, is_number=is_number)
        return self._lowered(param) if modifier else self._bound(param)

    def _bound(self, param: Param) -> Operand:
        known = self._world.facts.ask(request.known_param(param))
        if known == request.Known.NULL:
            return NULL
        return BLANK if known == request.Known.BLANK else bound(param)

    def _lowered(self, param: Param) -> Operand:
        made = self._bound(param)
        return replace(made, value=Lowered(made.value)) if made.is_filled else made

    # -- what related records need

    def note_listed(self, source: Source, collection: Collection) -> None:
        """Remember that the caller may use a related record only as far as he may list it.

        Raises `RuleSyntaxError` when that is not at all.
        """
        if collection.list_rule is None:
            what = "fields can be accessed only when allowHiddenFields is enabled or by superusers"
            raise RuleSyntaxError(f'"{collection.name}" {what}')
        if collection.list_rule:
            self.listed[source] = collection


class _Walk:
    """One walk along a path, from a record to a value."""

    def __init__(
        self,
        resolver: Resolver,
        source: Source,
        *,
        hidden: bool = True,
        is_many: bool = False,
        nullify: bool = False,
    ) -> None:
        self._resolver = resolver
        self._source = source
        self._hidden = hidden
        self._is_many = is_many
        self._nullify = nullify
        """Whether a name that there is not counts as null."""

    @property
    def _collection(self) -> Collection:
        found = self._source.collection
        assert found is not None  # noqa: S101 - a walk goes from record to record
        return found

    def go(self, steps: list[str]) -> Operand:
        """Return the operand at the end of the path."""
        for level, step in enumerate(steps[:-1]):
            field = self._collection.field(step)
            if field is not None:
                self._check_hidden(field)
                if field.type in _JSON:
                    return self._json(field, steps[level + 1 :])
            if level >= MAX_LEVELS:
                raise RuleSyntaxError(f'max nested relations reached for field "{step}"')
            if field is None:
                if not self._back(step):
                    return NULL
            elif self._is_plain_id(field, steps, level):
                return self._end(field.name)
            else:
                self._related(field)
        return self._end(steps[-1])

    def _check_hidden(self, field: Field) -> None:
        if field.hidden and not self._hidden:
            raise RuleSyntaxError(f'non-filterable field "{field.name}"')

    def _step(self, key: tuple[object, ...], source: Source) -> Source:
        return self._resolver.joins.get((self._source, *key), source)

    # -- relations

    def _is_plain_id(self, field: Field, steps: list[str], level: int) -> bool:
        """Tell whether `field.id` is what the path ends with, and the same as `field`."""
        if field.type != "relation" or field.is_multiple:
            return False
        self._target(field)
        return level == len(steps) - 2 and steps[-1] == "id"

    def _target(self, field: Field) -> Collection:
        found = self._resolver.find_collection(getattr(field, "collection_id", ""))
        if found is None:
            raise RuleSyntaxError(f'failed to load field "{field.name}" collection')
        return found

    def _related(self, field: Field) -> None:
        if field.type != "relation":
            raise RuleSyntaxError(f'field "{field.name}" is not a valid relation')
        target = self._target(field)
        self._enter(target, self._related_source(field, target))

    def _related_source(self, field: Field, target: Collection) -> Source:
        if not field.is_multiple:
            made = Source(Link.RELATED, self._source, target, field)
            return self._step(("related", field.name), made)
        self._is_many = True
        items = self._items(field)
        made = Source(Link.RELATED_ITEM, items, target, field)
        return self._resolver.joins.get((items, "item"), made)

    def _items(self, field: Field) -> Source:
        return self._step(("items", field.name), Source(Link.ITEMS, self._source, None, field))

    def _enter(self, collection: Collection, source: Source) -> None:
        if not self._hidden:
            self._resolver.note_listed(source, collection)
        self._source = source

    def _back(self, step: str) -> bool:
        """Go to the records that point here; False when the name is none and counts as null."""
        try:
            collection, field = self._back_field(step)
        except _NoSuchFieldError as ex:
            if self._nullify:
                return False
            raise RuleSyntaxError(str(ex)) from ex
        if self._source.link is Link.GIVEN:
            # COMPAT: nothing points to a record that is not stored; the reference fails rather than
            # to find nothing
            raise RuleSyntaxError(f'invalid collection reference of a back relation field "{step}"')
        is_unique = not field.is_multiple and _is_unique(collection, field.name)
        self._is_many = self._is_many or not is_unique
        link = Link.BACK_ITEMS if field.is_multiple else Link.BACK
        made = Source(link, self._source, collection, field)
        self._enter(collection, self._step(("back", collection.id, field.name), made))
        return True

    def _back_field(self, step: str) -> tuple[Collection, Field]:
        found = _BACK.fullmatch(step)
        if found is None:
            raise _NoSuchFieldError(f'failed to resolve field "{step}"')
        collection = self._resolver.find_collection(found[1])
        if collection is None:
            raise _NoSuchFieldError(f'failed to load back relation field "{step}" collection')
        field = collection.field(found[2])
        if field is None:
            raise _NoSuchFieldError(f'missing back relation field "{found[2]}"')
        if field.type != "relation":
            raise RuleSyntaxError(f'invalid back relation field "{found[2]}"')
        if field.hidden and not self._hidden:
            raise RuleSyntaxError(f'non-filterable back relation field "{field.name}"')
        if getattr(field, "collection_id", "") != self._collection.id:
            what = f'invalid collection reference of a back relation field "{field.name}"'
            raise _NoSuchFieldError(what)
        return collection, field

    # -- the end of the path

    def _end(self, step: str) -> Operand:
        name, modifier = split_modifier(step)
        field = self._collection.field(name)
        if field is None:
            if self._nullify:
                return NULL
            raise RuleSyntaxError(f'unknown field "{name}"')
        self._check_hidden(field)
        if modifier == LENGTH and field.type in _LISTS:
            return self._made(ListLength(self._column(field)))
        if modifier == EACH and field.type in _LISTS:
            return self._each(field)
        return self._field(field, modifier)

    def _each(self, field: Field) -> Operand:
        self._is_many = self._is_many or field.is_multiple
        return self._made(Column(self._items(field), "value"))

    def _field(self, field: Field, modifier: str) -> Operand:
        value: Term = self._column(field)
        nulls = Nulls.AS_BLANK
        if field.type == "json":
            value, nulls = JsonPart(value, ""), Nulls.AS_THEY_ARE
        if modifier == LOWER:
            value = Lowered(value)
        made = replace(self._made(value), nulls=nulls)
        return replace(made, guard=self._email_guard()) if self._is_shy_email(field) else made

    def _is_shy_email(self, field: Field) -> bool:
        return field.name == "email" and not self._hidden and self._collection.is_auth

    def _email_guard(self) -> Term:
        """Return the condition under which others may search by an email."""
        visibility = self._collection.field("emailVisibility")
        assert visibility is not None  # noqa: S101 - a system field of auth collections
        return Compare(Test.EQUAL, self._column(visibility), Constant(1))

    def _json(self, field: Field, rest: list[str]) -> Operand:
        path = "".join(_json_step(step) for step in rest)
        return replace(self._made(JsonPart(self._column(field), path)), nulls=Nulls.AS_THEY_ARE)

    def _column(self, field: Field) -> Column:
        source = self._source
        has_kind = source.link is not Link.GIVEN and not self._collection.is_view
        return Column(source, field.name, field.column().kind if has_kind else None)

    def _made(self, value: Term) -> Operand:
        return Operand(value, is_many=self._is_many)


class _NoSuchFieldError(Exception):
    """A name that counts as null where missing names do."""


def _json_step(step: str) -> str:
    # SECURITY: a path is part of the statement; nothing but letters, digits and _ may come through
    name = step.replace(":", "")
    assert re.fullmatch(r"\w*", name, re.ASCII)  # noqa: S101
    is_index = name.isdigit() and step == name and int(name) <= _MAX_INT
    return f"[{name}]" if is_index else f".{name}"


_UNIQUE: Final = re.compile(
    r"\s*CREATE\s+UNIQUE\s+INDEX\s.*?\(\s*[`\"\[']?(\w+)[`\"\]']?(?:\s[^,()]*)?\)\s*(?:WHERE\b.*)?;?\s*",
    re.IGNORECASE | re.DOTALL,
)


def _is_unique(collection: Collection, name: str) -> bool:
    """Tell whether a unique index lets at most one record have each value of the field."""
    for index in collection.indexes:
        found = _UNIQUE.fullmatch(index)
        if found is not None and found[1].lower() == name.lower():
            return True
    return False


def blank_or(source: Source, condition: Term) -> Term:
    """Return whether there is no record, or the condition holds for it."""
    assert source.collection is not None  # noqa: S101
    field = source.collection.field("id")
    kind = None if field is None or source.collection.is_view else field.column().kind
    return any_of(Blank(Column(source, "id", kind)), condition)
