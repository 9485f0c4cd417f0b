"""The record: values of a collection's fields, as domain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from pocketbase_server.core.collections.model import SUPERUSERS
from pocketbase_server.core.records.shape import shape
from pocketbase_server.core.values import to_jsonable
from pocketbase_server.kit.lru import Lru

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Modifier

Row = tuple[Any, ...]
Step = tuple["Modifier", Any]


class Record:
    """One record of a collection.

    `values` maps field name to domain value (see `Field`); what it does not hold is blank.
    `original` is what the database held when the record was loaded (None for a new one).
    `expand` is None until an expand was asked for.
    """

    __slots__ = (
        "_hidden_override",
        "_original",
        "_row",
        "_steps",
        "collection",
        "custom",
        "expand",
        "ignore_email_visibility",
        "is_new",
        "stored",
        "values",
        "with_custom",
    )

    def __init__(self, collection: Collection, values: dict[str, Any] | None = None) -> None:
        self.collection = collection
        self.values: dict[str, Any] = values if values is not None else {}
        self.is_new = True
        self.custom: dict[str, Any] = {}
        self.with_custom = False
        self.expand: dict[str, Any] | None = None
        self.ignore_email_visibility = False
        self.stored: dict[str, Any] | None = None
        """Domain values as last written by us; None: as they were loaded."""
        self._original: dict[str, Any] | None = None
        self._row: Row | None = None
        self._hidden_override: dict[str, bool] = {}
        self._steps: dict[str, list[Step] | None] = {}

    @classmethod
    def from_row(cls, collection: Collection, row: Row) -> Self:
        """Make the record of a row, columns in the order of field names."""
        return cls._stored(collection, row, shape(collection).values(row))

    @classmethod
    def from_usual_row(cls, collection: Collection, row: Row) -> Self:
        """As `from_row()`, for rows that are mostly the same as at an earlier time.

        PERF: the record of who asks is read with every request, and seldom has it changed.
        """
        known: Lru[Row, dict[str, Any]] | None = collection.cache.get("usual rows")
        if known is None:
            known = collection.cache["usual rows"] = Lru(_USUAL_ROWS)
        values = known.get(row)
        if values is None:
            values = shape(collection).values(row)
            if sum(len(value) for value in row if value.__class__ is str) <= _USUAL_LENGTH:
                known.put(row, values)
        return cls._stored(collection, row, {name: _copied(v) for name, v in values.items()})

    @classmethod
    def _stored(cls, collection: Collection, row: Row, values: dict[str, Any]) -> Self:
        record = cls(collection, values)
        record.is_new = False
        record._row = row
        return record

    # -- who

    @property
    def id(self) -> str:
        """The record's id; empty until one is set or made."""
        value: str = self.values.get("id", "")
        return value

    @property
    def is_superuser(self) -> bool:
        """Whether this is a record of the superusers collection."""
        return self.collection.name == SUPERUSERS

    def hook_tags(self) -> tuple[str, ...]:
        """Return the collection's id and name."""
        return (self.collection.id, self.collection.name)

    def __repr__(self) -> str:
        return f"Record({self.collection.name}/{self.id})"

    # -- values

    def get(self, name: str) -> Any:
        """Return the domain value of a field (blank when never set), a custom value, or None."""
        if name in self.values:
            return self.values[name]
        field = self.collection.field(name)
        return field.zero() if field is not None else self.custom.get(name)

    def set(self, name: str, raw: Any) -> None:
        """Change a field by name or key with modifier (`tags+`); others become custom values."""
        if not self.set_known(name, raw):
            self.custom[name] = raw

    def set_known(self, key: str, raw: Any) -> bool:
        """Change the field a body key speaks of; return False when it speaks of none."""
        way = shape(self.collection).setters.get(key)
        if way is None:
            return False
        way[0](self, raw)
        if not self.is_new:
            self._note(key, raw, way[1])
        return True

    def _note(self, key: str, raw: Any, change: tuple[str, Modifier] | None) -> None:
        """Remember how a value came about, so that it can be worked out again from a newer one."""
        if change is None:
            self._steps[key] = None
            return
        steps = self._steps.setdefault(change[0], [])
        if steps is not None:
            steps.append((change[1], raw))

    def load(self, data: Mapping[str, Any], without: Iterable[str] = ()) -> None:
        """Take over a body, but for unknown keys and those in *without*.

        Plain names go first, then shorter keys: `{"n+": 1, "n": 5}` gives 6.
        """
        ways, values, is_new = shape(self.collection).setters, self.values, self.is_new
        for key in sorted(data, key=len):
            way = ways.get(key)
            if way is None or key in without:
                continue
            setter, change, make = way
            if make is not None:
                # PERF: nearly every key
                values[key] = make(data[key])
            else:
                setter(self, data[key])
            if not is_new:
                self._note(key, data[key], change)

    def resolved(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a body in which keys with modifiers have become the values they lead to.

        Call it after `load()`; every field the body speaks of has its domain value.
        """
        ways = shape(self.collection).setters
        done: dict[str, Any] = {}
        for key, raw in data.items():
            way = ways.get(key)
            if way is None:
                done[key] = raw
            else:
                name = way[1][0] if way[1] is not None else key
                done[name] = self.get(name)
        return done

    # -- what was

    @property
    def original(self) -> dict[str, Any] | None:
        """The domain values the record was loaded with; None for a new one."""
        if self._original is None and self._row is not None:
            self._original = shape(self.collection).values(self._row)
        return self._original

    @original.setter
    def original(self, values: dict[str, Any] | None) -> None:
        self._original = values
        if values is None:
            self._row = None

    def keep_original(self) -> None:
        """Keep the values as they are now as those that the record was loaded with.

        PERF: for a record that will be changed, this is quicker than to read its row once more.
        """
        self._original = _copies(self.values)

    def changed(self) -> list[str]:
        """Return the fields whose values differ from what the database holds, sorted."""
        before = self.stored if self.stored is not None else self.original
        names = shape(self.collection).names
        if before is None:
            return list(names)
        values, missing = self.values, _MISSING
        return [n for n in names if n in values and values[n] != before.get(n, missing)]

    def is_changed(self, name: str) -> bool:
        """Tell whether a field's value differs from what the database holds."""
        before = self.stored if self.stored is not None else self.original
        field = self.collection.field(name)
        blank = field.zero() if field is not None else None
        return bool(self.get(name) != (blank if before is None else before.get(name, blank)))

    def steps(self) -> dict[str, list[Step]]:
        """Return by field the modifiers applied since the record was loaded, and nothing else."""
        return {name: steps for name, steps in self._steps.items() if steps}

    def mark_saved(self) -> None:
        """Take note that the database holds the values as they are now."""
        self.is_new = False
        self.stored = _copies(self.values)
        self._steps.clear()

    def clone(self) -> Self:
        """Return a copy in the same state that shares nothing changeable."""
        made = type(self)(self.collection, _copies(self.values))
        made.is_new, made._row, made._original = self.is_new, self._row, self._original
        made.stored = self.stored
        made.custom, made.with_custom = dict(self.custom), self.with_custom
        made.expand = None if self.expand is None else dict(self.expand)
        made.ignore_email_visibility = self.ignore_email_visibility
        made._hidden_override = dict(self._hidden_override)
        made._steps = {n: None if s is None else list(s) for n, s in self._steps.items()}
        return made

    def fresh(self) -> Self:
        """Return a copy with the values as they are now, and everything else as if just loaded."""
        made = type(self)(self.collection, _copies(self.values))
        made.is_new, made._original = self.is_new, None if self.is_new else dict(self.values)
        return made

    # -- printing

    def hide(self, *names: str) -> Self:
        """Leave these fields (or `expand`, `collectionId`, a custom value) out of answers."""
        self._hidden_override.update(dict.fromkeys(names, True))
        return self

    def unhide(self, *names: str) -> Self:
        """Show these fields although they are hidden."""
        self._hidden_override.update(dict.fromkeys(names, False))
        return self

    def unhide_all(self) -> Self:
        """Show every field a superuser may see, and the email."""
        seen = shape(self.collection)
        self.ignore_email_visibility = True
        return self.unhide(*(name for name in seen.names if name not in seen.cut))

    @property
    def is_email_shown(self) -> bool:
        """Whether answers contain the email, if there is one and it is not hidden as a field."""
        return self.ignore_email_visibility or bool(self.get("emailVisibility"))

    def export(self) -> dict[str, Any]:
        """Return the record as the API prints it: keys sorted, hidden fields left out."""
        values, override = self.values, self._hidden_override
        done: dict[str, Any] = {}
        for name, field, convert, is_hidden in shape(self.collection).printed:
            if override.get(name, is_hidden) if override else is_hidden:
                continue
            if field is None:
                self._print_extra(name, done)
                continue
            value = values[name] if name in values else field.zero()
            done[name] = value if convert is None else convert(value)
        if self.collection.is_auth and not self.is_email_shown:
            done.pop("email", None)
        return self._with_custom(done) if self.with_custom else done

    def _print_extra(self, name: str, done: dict[str, Any]) -> None:
        if name == "collectionId":
            done[name] = self.collection.id
        elif name == "collectionName":
            done[name] = self.collection.name
        elif self.expand is not None:
            done[name] = {n: printable(v) for n, v in sorted(self.expand.items())}

    def _with_custom(self, done: dict[str, Any]) -> dict[str, Any]:
        for name, value in self.custom.items():
            if name not in done and not self._hidden_override.get(name):
                done[name] = printable(value)
        return dict(sorted(done.items()))

    def db_export(self) -> dict[str, Any]:
        """Return what is stored for each field."""
        storers = shape(self.collection).storers
        return {name: _printed_by(self.get(name), convert) for name, convert in storers.items()}


_MISSING: Any = object()
_USUAL_ROWS: Final = 1024
_USUAL_LENGTH: Final = 4096
"""Characters of text in a row that is worth keeping."""


def _printed_by(value: Any, convert: Any) -> Any:
    return value if convert is None else convert(value)


def _copies(values: dict[str, Any]) -> dict[str, Any]:
    """Return values that share nothing changeable with *values*."""
    copies = dict(values)
    for name, value in values.items():
        if value.__class__ is list:
            copies[name] = list(value)
    return copies


def _copied(value: Any) -> Any:
    return list(value) if value.__class__ is list else value


def printable(value: Any) -> Any:
    """Return a value of `expand` or a custom one as orjson can print it."""
    if isinstance(value, Record):
        return value.export()
    if isinstance(value, (list, tuple)):
        return [printable(item) for item in value]
    return to_jsonable(value)
