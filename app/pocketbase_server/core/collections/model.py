"""The collection: name, rules, fields, indexes and the options of its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import orjson

from pocketbase_server.core.collections.auth_options import AuthOptions
from pocketbase_server.core.collections.view_options import ViewOptions
from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.fields import load_field
from pocketbase_server.kit.json import number_text
from pocketbase_server.storage.sql.collection_rows import COLUMNS

if TYPE_CHECKING:
    from pocketbase_server.core.fields.base import Field, Setter

BASE = "base"
AUTH = "auth"
VIEW = "view"

RULES = ("list_rule", "view_rule", "create_rule", "update_rule", "delete_rule")
WIRE_RULES = {
    "list_rule": "listRule",
    "view_rule": "viewRule",
    "create_rule": "createRule",
    "update_rule": "updateRule",
    "delete_rule": "deleteRule",
}
SUPERUSERS = "_superusers"


@dataclass(slots=True, eq=False)
class Collection:
    """A named set of records. A rule of None is for superusers only, "" for everyone.

    Treat a collection that came from the store as frozen: it is shared by all requests. Change a `clone()` and
    save that.
    """

    id: str = ""
    name: str = ""
    type: str = BASE
    system: bool = False
    list_rule: str | None = None
    view_rule: str | None = None
    create_rule: str | None = None
    update_rule: str | None = None
    delete_rule: str | None = None
    fields: list[Field] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    created: str = ""
    updated: str = ""
    auth: AuthOptions | None = None
    """Set when the type is auth."""
    view: ViewOptions | None = None
    """Set when the type is view."""
    is_new: bool = True
    _by_name: dict[str, Field] | None = field(default=None, repr=False)
    cache: dict[str, Any] = field(default_factory=dict, repr=False)
    """Room for values derived from this very state (encoders, column lists, plans); never copied by `clone()`."""

    @property
    def is_base(self) -> bool:
        """Whether this is a plain collection."""
        return self.type == BASE

    @property
    def is_auth(self) -> bool:
        """Whether records sign in."""
        return self.type == AUTH

    @property
    def is_view(self) -> bool:
        """Whether records come from a query and cannot be written."""
        return self.type == VIEW

    @property
    def by_name(self) -> dict[str, Field]:
        """The fields by name; of two with one name, the first."""
        if self._by_name is None or len(self._by_name) != len(self.fields):
            self._by_name = {}
            for f in self.fields:
                self._by_name.setdefault(f.name, f)
        return self._by_name

    def field(self, name: str) -> Field | None:
        """Return the field called *name*, or None."""
        return self.by_name.get(name)

    def forget_fields(self) -> None:
        """Forget what was derived from the list of fields; to be called when it was changed."""
        self._by_name = None

    def field_by_id(self, field_id: str) -> Field | None:
        """Return the field with that id, or None."""
        return next((f for f in self.fields if f.id == field_id), None)

    def hook_tags(self) -> tuple[str, ...]:
        """Return the names by which hooks may narrow events of this collection."""
        return (self.id, self.name)

    @property
    def setters(self) -> Mapping[str, Setter]:
        """What each body key does to a record: plain field names and keys with modifiers; cached."""
        known: Mapping[str, Setter] | None = self.cache.get("setters")
        if known is None:
            known = self.cache["setters"] = _setters(self.fields)
        return known

    # -- in and out

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> Self:
        """Make a collection from its row of `_collections`, columns as in `COLUMNS`."""
        raw = dict(zip(COLUMNS, row, strict=True))
        made = cls(
            id=raw["id"],
            name=raw["name"],
            type=raw["type"],
            system=bool(raw["system"]),
            created=raw["created"],
            updated=raw["updated"],
            is_new=False,
        )
        made.indexes = orjson.loads(raw["indexes"])
        made.fields = [load_field(item) for item in orjson.loads(raw["fields"])]
        for name, wire in WIRE_RULES.items():
            setattr(made, name, raw[wire])
        made.set_options(orjson.loads(raw["options"] or "{}"))
        return made

    def to_row(self) -> tuple[Any, ...]:
        """Return the row of `_collections`, columns as in `COLUMNS`."""
        return (
            self.id,
            self.system,
            self.type,
            self.name,
            _dump([f.export() for f in self.fields]),
            _dump(self.indexes),
            *(getattr(self, name) for name in RULES),
            _dump(self.options_export(with_secrets=True)),
            self.created,
            self.updated,
        )

    def set_options(self, raw: Mapping[str, Any]) -> None:
        """Take over the options of the type from a JSON object; those not named stay."""
        if self.is_auth:
            self.auth = self.auth or AuthOptions()
            self.auth.merge(raw)
        elif self.is_view:
            self.view = self.view or ViewOptions()
            self.view.merge(dict(raw))

    def options_export(self, *, with_secrets: bool = False) -> dict[str, Any]:
        """Return the options of the type as a JSON object."""
        options = self.auth or self.view
        return options.export(with_secrets=with_secrets) if options is not None else {}

    def export(self) -> dict[str, Any]:
        """Return the collection as the API prints it, secrets left out."""
        return {
            "id": self.id,
            **{wire: getattr(self, name) for name, wire in WIRE_RULES.items()},
            "name": self.name,
            "type": self.type,
            "fields": [f.export() for f in self.fields],
            "indexes": self.indexes,
            "created": self.created,
            "updated": self.updated,
            "system": self.system,
            **self.options_export(),
        }

    def clone(self) -> Self:
        """Return a copy that can be changed and saved."""
        return type(self)(
            id=self.id,
            name=self.name,
            type=self.type,
            system=self.system,
            **{name: getattr(self, name) for name in RULES},
            fields=[f.clone() for f in self.fields],
            indexes=list(self.indexes),
            created=self.created,
            updated=self.updated,
            auth=self.auth.clone() if self.auth else None,
            view=self.view.clone() if self.view else None,
            is_new=self.is_new,
        )


def _dump(value: Any) -> str:
    return orjson.dumps(_printable(value)).decode()


def _printable(value: Any) -> Any:
    """Return a JSON value whose doubles print as the reference's; integers are exact."""
    if isinstance(value, float):
        return orjson.Fragment(number_text(value))
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list) else value


def _setters(fields: list[Field]) -> dict[str, Setter]:
    made: dict[str, Setter] = {}
    for item in fields:
        made.update(item.setters())
    made.update({item.name: item.set for item in fields})
    return made


__all__ = ["AUTH", "BASE", "RULES", "SUPERUSERS", "VIEW", "BadRequestError", "Collection"]
