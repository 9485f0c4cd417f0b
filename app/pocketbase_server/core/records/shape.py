"""What follows from a collection's fields for its records: worked out once, kept with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from pocketbase_server.core.fields.base import Field, ListField, unblob
from pocketbase_server.kit.cast import to_text
from pocketbase_server.kit.json import number_text

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Modifier, Setter

Convert = Callable[[Any], Any]
Way = tuple["Setter", "tuple[str, Modifier] | None", "Convert | None"]
EXTRAS = ("collectionId", "collectionName", "expand")
"""What answers contain besides fields."""
UNSEEN = frozenset({"password", "tokenKey"})
"""Fields of auth records that no answer shows, whoever asks."""
EXACT = 1 << 53
"""The largest whole number that a JSON number (a double) holds exactly."""
_COLUMN_END = 1 << 63
_PLAIN_FROM = 1e-4


class Shape:
    """The tables by which records of one collection are read, stored and printed.

    `names` are the field names in the order of output, which is also the order of rows.
    """

    __slots__ = (
        "_plain",
        "cut",
        "fields",
        "names",
        "printed",
        "printers",
        "readers",
        "setters",
        "storers",
    )

    def __init__(self, collection: Collection) -> None:
        self.fields = tuple(sorted(collection.fields, key=lambda f: f.name))
        self.names = tuple(f.name for f in self.fields)
        read = [(f.name, _reader(f, is_view=collection.is_view)) for f in self.fields]
        self.readers = tuple((name, fn) for name, fn in read if fn is not None)
        """How stored values become domain values, where they are not the same."""
        self._plain = tuple(name for name, fn in read if fn is None)
        self.printers = {f.name: printer(f) for f in self.fields}
        """How domain values are made ready for orjson; None: as they are."""
        self.storers = {f.name: _storer(f) for f in self.fields}
        """How domain values are stored; None: as they are."""
        self.printed = _printed(self.fields, self.printers)
        """What answers may contain, in order: name, field (None: no field), printer, whether hidden."""
        self.setters = _setters(collection, self.fields)
        """By body key: what it does to a record, which field's value it makes from the old one, and
        what alone makes the new value, where that is all it does."""
        self.cut = _unseen(collection)

    def values(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Return the domain values of a row."""
        values = dict(zip(self.names, row, strict=True))
        for name, read in self.readers:
            values[name] = read(values[name])
        for name in self._plain:
            # NOTE: SQL written by hand may leave anything in a column
            if values[name].__class__ is not str:
                values[name] = plain_text(values[name])
        return values


def shape(collection: Collection) -> Shape:
    """Return the collection's shape, made on first use."""
    known: Shape | None = collection.cache.get("shape")
    if known is None:
        known = collection.cache["shape"] = Shape(collection)
    return known


def _printed(
    fields: tuple[Field, ...], printers: dict[str, Convert | None]
) -> tuple[tuple[str, Field | None, Convert | None, bool], ...]:
    found: list[tuple[str, Field | None, Convert | None, bool]] = [
        (f.name, f, printers[f.name], f.hidden) for f in fields
    ]
    found += [(name, None, None, False) for name in EXTRAS]
    return tuple(sorted(found, key=lambda item: item[0]))


def _setters(collection: Collection, fields: tuple[Field, ...]) -> dict[str, Way]:
    changes = {key: (f.name, modify) for f in fields for key, modify in f.modifiers().items()}
    simple = {f.name: f.normalise for f in fields if type(f).set is Field.set}
    return {
        key: (setter, changes.get(key), simple.get(key))
        for key, setter in collection.setters.items()
    }


def _unseen(collection: Collection) -> frozenset[str]:
    return UNSEEN if collection.is_auth else frozenset()


def _own(field: Field, method: str) -> Convert | None:
    """Return the bound method if the field type has one of its own."""
    if getattr(type(field), method) is getattr(Field, method):
        return None
    bound: Convert = getattr(field, method)
    return bound


def plain_text(stored: Any) -> str:
    """Return what should have been stored as text: "" for NULL, the text of bytes and numbers."""
    return to_text(unblob(stored))


def _storer(field: Field) -> Convert | None:
    own = _own(field, "to_db")
    if type(field).to_db is ListField.to_db and not field.is_multiple:
        return None  # PERF: one choice is stored as it is
    return _fitting if own is None and _is_number(field) else own


def _fitting(value: float) -> float:
    """Return a whole number as a double when it is too large for a column."""
    return value if -_COLUMN_END <= value < _COLUMN_END else float(value)


def _is_number(field: Field) -> bool:
    return field.zero().__class__ in (int, float)


def _reader(field: Field, *, is_view: bool) -> Convert | None:
    own = _own(field, "from_db")
    if not is_view:
        return own
    # NOTE: the columns of a query have no type of their own: a text may come as NULL or a number
    read, blank = own or field.normalise, field.zero
    return lambda stored: blank() if stored is None else read(unblob(stored))


def printer(field: Field) -> Convert | None:
    """Return what makes the field's domain values ready for orjson; None: nothing is needed."""
    own = _own(field, "export_value")
    if own is not None:
        return own
    return number if _is_number(field) else None


def number(value: float) -> Any:
    """Return a number in a form that orjson prints as the reference does."""
    if value.__class__ is int and -EXACT <= value <= EXACT:
        return value
    if _PLAIN_FROM <= abs(value) < EXACT and value % 1:
        return value
    return orjson.Fragment(number_text(value))
