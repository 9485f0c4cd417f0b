"""What every field type can do."""

from __future__ import annotations

from collections.abc import Callable, Collection as Sized, Mapping
from dataclasses import dataclass, fields as dataclass_fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from pocketbase_server.core.errors import Issue

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.storage.sql.schema import ColumnSpec


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


@dataclass(slots=True)
class Field:
    """One field of a collection: its options, and how values go in, out and through checks.

    Domain values (what `Record` holds): text-like, date, single select/relation/file: `str`;
    number: `int` or `float`; bool: `bool`; multiple select/relation/file: `list[str]` (files may also hold
    uploads); json: `JsonRaw`; geoPoint: `GeoPoint`.

    Dataclass fields of subclasses are the options, snake_case; `WIRE` maps those whose JSON name is not plain camelCase.
    """

    type: ClassVar[str] = ""
    WIRE: ClassVar[Mapping[str, str]] = {}

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
        """Make the field from its JSON object, ignoring unknown keys.

        Raises `BadRequestError` when an option has the wrong JSON type (as the reference refuses the body).
        """
        raise NotImplementedError

    def export(self) -> dict[str, Any]:
        """Return the field as the API prints it: keys sorted, `type` among them."""
        raise NotImplementedError

    # -- shape

    @property
    def is_multiple(self) -> bool:
        """Whether values are lists."""
        return False

    def column(self) -> ColumnSpec:
        """Return the column that stores the field."""
        raise NotImplementedError

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

    def setters(self) -> Mapping[str, Setter]:
        """Return body keys beyond the plain name that change the field: `{"tags+": fn, "+tags": fn, …}`."""
        return {}

    # -- checks

    def validate_value(self, record: Record, context: FieldContext) -> Issue | Mapping[str, Any] | None:
        """Return why the record's value is refused, or None."""
        raise NotImplementedError

    def validate_options(self, context: FieldContext, collection: Any) -> dict[str, Any]:
        """Return issues by option name; empty when the field is well made."""
        raise NotImplementedError

    def option_names(self) -> tuple[str, ...]:
        """Return the names of all options, snake_case, in the order of definition."""
        return tuple(f.name for f in dataclass_fields(self))


class Intercepts(Protocol):
    """A field type that acts when its record is created, updated or deleted (autodate, password, file …).

    `intercept(record, action, act)`: do things, call `act()`, do things. Actions: validate, create,
    create_execute, after_create, after_create_error, update, update_execute, after_update,
    after_update_error, delete, delete_execute, after_delete, after_delete_error.
    """

    def intercept(self, record: Record, action: str, act: Callable[[], None]) -> None:
        """Run *act* with the field's own work around it."""
        ...
