"""What every field type can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Collection as Sized
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

import orjson

from pocketbase_server.core.checks import MAX_NAME, length_issue, name_issue
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.options import options_of, read_option
from pocketbase_server.kit.cast import to_texts
from pocketbase_server.storage.sql.schema import ColumnKind, ColumnSpec

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

MAX_HELP = 300

Setter = Callable[["Record", Any], None]
Modifier = Callable[[Any, Any], Any]
ValueIssue = Issue | Mapping[str, Any] | None


class FieldContext(Protocol):
    """What a field may ask of the world while it validates; given, never fetched."""

    def existing_ids(self, collection_id: str, ids: Sized[str]) -> set[str]:
        """Return those of *ids* that are records of the collection; empty when there is no such collection."""
        ...

    def find_collection(self, name_or_id: str) -> Collection | None:
        """Return the collection or None."""
        ...

    def is_id_taken(self, record: Record) -> bool:
        """Tell whether another record of the same collection has the id of *record*, ignoring case."""
        ...


@dataclass(slots=True)
class Field:
    """One field of a collection: its options, and how values go in, out and through checks.

    Domain values (what `Record` holds): text-like, date, single select/relation/file: `str`;
    number: `int` or `float`; bool: `bool`; multiple select/relation/file: `list[str]` (files may also hold
    uploads); json: `JsonRaw`; geoPoint: `GeoPoint`; password: its hash, or a `NewPassword`.

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
        for option in options_of(cls):
            value = raw.get(option.wire)
            if value is not None:
                setattr(made, option.attribute, read_option(option.kind, value))
        return made

    def export(self) -> dict[str, Any]:
        """Return the field as the API prints it: keys sorted, `type` among them."""
        return {wire: getattr(self, attribute) for wire, attribute in _printed(type(self))}

    def clone(self) -> Self:
        """Return a copy that shares nothing changeable."""
        return type(self)(**{name: _copied(getattr(self, name)) for name in self.option_names()})

    def option_names(self) -> tuple[str, ...]:
        """Return the names of all options, snake_case, in the order of definition."""
        return tuple(f.name for f in dataclass_fields(self))

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
        """Return the domain value for what a caller sent; odd input becomes blank or the nearest."""
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

    def set(self, record: Record, raw: Any) -> None:
        """Put the normalised *raw* into the record: what the plain name as a body key does."""
        record.values[self.name] = self.normalise(raw)

    def modifiers(self) -> Mapping[str, Modifier]:
        """Return body keys that change the value there is: `{"tags+": fn, …}`, fn(current, raw) gives the new value."""
        return {}

    def setters(self) -> Mapping[str, Setter]:
        """Return body keys beyond the plain name that change the field: `{"tags+": fn, "+tags": fn, …}`."""
        return {key: _setter(self.name, modify) for key, modify in self.modifiers().items()}

    # -- checks

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:
        """Return why the record's value is refused, or None."""
        raise NotImplementedError

    def required_issue(self, value: Any) -> Issue | None:
        """Return the issue of a blank value where one is required, or None."""
        return REQUIRED if self.required and self.is_blank(value) else None

    def validate_options(self, context: FieldContext, collection: Collection) -> dict[str, Any]:
        """Return issues by the options' JSON names; empty when the field is well made."""
        issues: dict[str, Any] = {
            "id": length_issue(self.id, MAX_NAME) if self.id else REQUIRED,
            "name": name_issue(self.name),
            "help": length_issue(self.help, MAX_HELP),
            **self.option_issues(context, collection),
        }
        return {name: issue for name, issue in issues.items() if issue}

    def option_issues(self, context: FieldContext, collection: Collection) -> dict[str, Any]:  # noqa: ARG002
        """Return what the type has to say about its own options: issues, or None, by JSON name."""
        return {}


def _printed(kind: type[Field]) -> tuple[tuple[str, str], ...]:
    plan = _plans.get(kind)
    if plan is None:
        pairs = [(option.wire, option.attribute) for option in options_of(kind)]
        plan = _plans[kind] = tuple(sorted([*pairs, ("type", "type")]))
    return plan


_plans: dict[type[Field], tuple[tuple[str, str], ...]] = {}


def _copied(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _setter(name: str, modify: Modifier) -> Setter:
    def apply(record: Record, raw: Any) -> None:
        record.values[name] = modify(record.get(name), raw)

    return apply


@runtime_checkable
class Intercepts(Protocol):
    """A field type that acts when its record is created, updated or deleted (autodate, password, file …).

    `intercept(record, action, act)`: do things, call `act()`, do things. Actions: validate, create,
    create_execute, after_create, after_create_error, update, update_execute, after_update,
    after_update_error, delete, delete_execute, after_delete, after_delete_error. A type may have a
    property `actions` that names those it wants to be asked about.
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
        items = self.read(raw)
        if self.max_select > 1:
            return items
        return self._last(items)

    def _last(self, items: list[Any]) -> Any:
        last = items[-1] if items else ""
        if last.__class__ is str and last[:1] == "[":
            # COMPAT: a single value that is a list as text, inside of a list, is read once more
            items = self.read(last)
        return items[-1] if items else ""

    def read(self, raw: Any) -> list[Any]:
        """Return whatever a caller sent as a list of distinct items."""
        return to_texts(raw)

    def fit(self, items: list[Any]) -> Any:
        """Return a list of items as the domain value."""
        return items if self.is_multiple else self._last(items)

    def items(self, value: Any) -> list[Any]:
        """Return a domain value as a list, whatever `max_select` says."""
        if isinstance(value, list):
            return value
        # COMPAT: a single value that looks like JSON is read once more
        if isinstance(value, str) and "[" in value:
            return self.read(value)
        return [value] if value else []

    def from_db(self, stored: Any) -> Any:
        """Return the texts of the stored JSON, or the stored text."""
        if stored.__class__ is not str:
            return self.normalise(unblob(stored))
        if not self.is_multiple and stored and stored[:1] != "[":
            return stored
        return self.normalise(stored)

    def to_db(self, value: Any) -> Any:
        """Return a JSON array, or the text."""
        if not self.is_multiple:
            return value
        return orjson.dumps(value).decode() if value else "[]"

    def modifiers(self) -> Mapping[str, Modifier]:
        """Return `f+` (append), `+f` (prepend) and `f-` (remove)."""
        name = self.name
        return {name + "+": self.appended, "+" + name: self.prepended, name + "-": self.removed}

    def appended(self, current: Any, raw: Any) -> Any:
        """Return the value with *raw* after what is there."""
        return self.fit(_distinct([*self.items(current), *self.read(raw)]))

    def prepended(self, current: Any, raw: Any) -> Any:
        """Return the value with *raw* before what is there."""
        return self.fit(_distinct([*self.read(raw), *self.items(current)]))

    def removed(self, current: Any, raw: Any) -> Any:
        """Return the value without *raw*."""
        gone = frozenset(self.read(raw))
        return self.fit([item for item in self.items(current) if item not in gone])


def unblob(stored: Any) -> Any:
    """Return bytes as the text they spell, anything else as it is: SQL written by hand may leave some."""
    return stored.decode(errors="replace") if isinstance(stored, bytes) else stored


def _distinct(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(items))
