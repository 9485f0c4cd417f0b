"""What every field type can do."""

from __future__ import annotations

from collections.abc import Callable, Collection as Sized, Mapping
from dataclasses import dataclass, fields as dataclass_fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

import orjson

from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue
from pocketbase_server.kit.cast import to_texts
from pocketbase_server.storage.sql.schema import ColumnKind, ColumnSpec

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


class FieldContext(Protocol):
    """What a field may ask of the world while it validates; given, never fetched."""

    def existing_ids(self, collection_id: str, ids: Sized[str]) -> set[str]:
        """Return those of *ids* that are records of the collection; empty when there is no such collection."""
        ...

    def find_collection(self, name_or_id: str) -> Any | None:
        """Return the collection (`Collection`) or None."""
        ...

    def is_id_taken(self, record: Record) -> bool:
        """Tell whether another record of the same collection has the id of *record*, ignoring case."""
        ...


Setter = Callable[["Record", Any], None]
Modifier = Callable[[Any, Any], Any]
ValueIssue = Issue | Mapping[str, Any] | None


class Option(NamedTuple):
    """One option of a field type: its attribute, its JSON name and how its JSON value is read."""

    attribute: str
    wire: str
    read: Callable[[Any], Any]


@dataclass(slots=True)
class Field:
    """One field of a collection: its options, and how values go in, out and through checks.

    Domain values (what `Record` holds): text-like, date, single select/relation/file: `str`;
    number: `int` or `float`; bool: `bool`; multiple select/relation/file: `list[str]` (files may also hold
    uploads); json: `JsonRaw`; geoPoint: `GeoPoint`.

    Dataclass fields of subclasses are the options, snake_case; `WIRE` maps those whose JSON name is not plain
    camelCase, `ABSENT` names common options that the type has not.
    """

    type: ClassVar[str] = ""
    WIRE: ClassVar[Mapping[str, str]] = {}
    ABSENT: ClassVar[frozenset[str]] = frozenset()
    KIND: ClassVar[ColumnKind] = ColumnKind.TEXT

    id: str = ""
    name: str = ""
    system: bool = False
    hidden: bool = False
    presentable: bool = False
    help: str = ""
    required: bool = False

    # -- options in and out

    @classmethod
    def load(cls, raw: Mapping[str, Any]) -> Self:
        """Make the field from its JSON object, ignoring unknown keys and nulls.

        Raises `BadRequestError` when an option has the wrong JSON type (as the reference refuses the body).
        """
        made = cls()
        for option in options(cls):
            value = raw.get(option.wire)
            if value is not None:
                setattr(made, option.attribute, option.read(value))
        return made

    def export(self) -> dict[str, Any]:
        """Return the field as the API prints it: keys sorted, `type` among them."""
        return {wire: getattr(self, attribute) for wire, attribute in _export_plan(type(self))}

    def clone(self) -> Self:
        """Return a copy that shares nothing changeable."""
        copies = {n: _copied(getattr(self, n)) for n in self.option_names()}
        return type(self)(**copies)

    # -- shape

    @property
    def is_multiple(self) -> bool:
        """Whether values are lists."""
        return False

    def column(self) -> ColumnSpec:
        """Return the column that stores the field."""
        return ColumnSpec(self.name, self.KIND)

    # -- values

    def zero(self) -> Any:
        """Return the blank domain value."""
        return ""

    def is_blank(self, value: Any) -> bool:
        """Tell whether a domain value counts as not given (for `required`)."""
        return bool(value == self.zero())

    def normalise(self, raw: Any) -> Any:
        """Return the domain value for whatever a caller sent; never raises, odd input becomes blank or its nearest value."""
        raise NotImplementedError

    def from_db(self, stored: Any) -> Any:
        """Return the domain value of a stored one (str, int, float, None)."""
        return stored

    def to_db(self, value: Any) -> Any:
        """Return what is stored for a domain value."""
        return value

    def export_value(self, value: Any) -> Any:
        """Return a domain value as orjson can print it."""
        return value

    def modifiers(self) -> Mapping[str, Modifier]:
        """Return body keys that change the value there is: `{"tags+": fn, …}`, fn(current, raw) gives the new value."""
        return {}

    def setters(self) -> Mapping[str, Setter]:
        """Return body keys beyond the plain name that change the field: `{"tags+": fn, "+tags": fn, …}`."""
        return {key: _setter(self.name, modify) for key, modify in self.modifiers().items()}

    def set(self, record: Record, raw: Any) -> None:
        """Put the normalised *raw* into the record: what the plain name as a body key does."""
        record.values[self.name] = self.normalise(raw)

    # -- checks

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:
        """Return why the record's value is refused, or None."""
        raise NotImplementedError

    def validate_options(self, context: FieldContext, collection: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return issues by option name; empty when the field is well made."""
        return {}

    def option_names(self) -> tuple[str, ...]:
        """Return the names of all options, snake_case, in the order of definition."""
        return tuple(f.name for f in dataclass_fields(self))

    def required_issue(self, value: Any) -> Issue | None:
        """Return the issue of a blank value where one is required, or None."""
        return REQUIRED if self.required and self.is_blank(value) else None


@runtime_checkable
class Intercepts(Protocol):
    """A field type that acts when its record is created, updated or deleted (autodate, password, file …).

    `intercept(record, action, act)`: do things, call `act()`, do things. Actions: validate, create,
    create_execute, after_create, after_create_error, update, update_execute, after_update,
    after_update_error, delete, delete_execute, after_delete, after_delete_error.
    """

    def intercept(self, record: Record, action: str, act: Callable[[], None]) -> None:
        """Run *act* with the field's own work around it."""
        ...


@dataclass(slots=True)
class ListField(Field):
    """The base of types whose value is one text, or a list of texts when `max_select` is above 1."""

    max_select: int = 0

    @property
    def is_multiple(self) -> bool:
        """Whether values are lists."""
        return self.max_select > 1

    def column(self) -> ColumnSpec:
        """Return the column: JSON for lists."""
        return ColumnSpec(self.name, ColumnKind.JSON_LIST if self.is_multiple else ColumnKind.TEXT)

    def zero(self) -> Any:
        """Return "" or a new empty list."""
        return [] if self.is_multiple else ""

    def is_blank(self, value: Any) -> bool:
        """Tell whether nothing is chosen."""
        return not value

    def normalise(self, raw: Any) -> Any:
        """Return distinct texts, or the last of them for a single value."""
        return self.fit(to_texts(raw))

    def fit(self, items: list[Any]) -> Any:
        """Return a list of items as the domain value."""
        if self.is_multiple:
            return items
        return items[-1] if items else ""

    def items(self, value: Any) -> list[Any]:
        """Return a domain value as a list, whatever `max_select` says."""
        if isinstance(value, list):
            return value
        return [value] if value else []

    def from_db(self, stored: Any) -> Any:
        """Return the texts of the stored JSON, or the stored text."""
        if not self.is_multiple and stored and stored[:1] != "[":
            return stored
        return self.normalise(stored)

    def to_db(self, value: Any) -> Any:
        """Return a JSON array, or the text."""
        return dump_texts(value) if self.is_multiple else value

    def modifiers(self) -> Mapping[str, Modifier]:
        """Return `f+` (append), `+f` (prepend) and `f-` (remove)."""
        name = self.name
        return {name + "+": self.appended, "+" + name: self.prepended, name + "-": self.removed}

    def appended(self, current: Any, raw: Any) -> Any:
        """Return the value with *raw* after what is there."""
        return self.fit(distinct([*self.items(current), *to_texts(raw)]))

    def prepended(self, current: Any, raw: Any) -> Any:
        """Return the value with *raw* before what is there."""
        return self.fit(distinct([*to_texts(raw), *self.items(current)]))

    def removed(self, current: Any, raw: Any) -> Any:
        """Return the value without *raw*."""
        gone = frozenset(to_texts(raw))
        return self.fit([item for item in self.items(current) if item not in gone])


def distinct(items: list[Any]) -> list[Any]:
    """Return the items without repeats, in order."""
    return list(dict.fromkeys(items))


def dump_texts(items: list[str]) -> str:
    """Return a list of texts as the JSON that is stored."""
    return orjson.dumps(items).decode() if items else "[]"


def _setter(name: str, modify: Modifier) -> Setter:
    def apply(record: Record, raw: Any) -> None:
        record.values[name] = modify(record.get(name), raw)

    return apply


# -- reading and printing options


def _reader(kind: type, *others: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is kind or type(value) in others:
            return value
        raise BadRequestError

    return read


def _read_texts(value: Any) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) or item is None for item in value):
        return [item or "" for item in value]
    raise BadRequestError


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "bool": _reader(bool),
    "str": _reader(str),
    "int": _reader(int),
    "float | None": _reader(float, int),
    "list[str]": _read_texts,
}
_OPTIONS: dict[type[Field], tuple[Option, ...]] = {}
_PLANS: dict[type[Field], tuple[tuple[str, str], ...]] = {}


def options(kind: type[Field]) -> tuple[Option, ...]:
    """Return the options of a field type, in the order of definition."""
    known = _OPTIONS.get(kind)
    if known is None:
        known = _OPTIONS[kind] = tuple(
            Option(f.name, kind.WIRE.get(f.name) or _camel(f.name), _READERS[str(f.type)])
            for f in dataclass_fields(kind)
            if f.name not in kind.ABSENT
        )
    return known


def _export_plan(kind: type[Field]) -> tuple[tuple[str, str], ...]:
    plan = _PLANS.get(kind)
    if plan is None:
        pairs = [(option.wire, option.attribute) for option in options(kind)]
        plan = _PLANS[kind] = tuple(sorted([*pairs, ("type", "type")]))
    return plan


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value
