"""The collection: name, rules, fields, indexes and the options of its type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pocketbase_server.core.collections.auth_options import AuthOptions
    from pocketbase_server.core.collections.view_options import ViewOptions
    from pocketbase_server.core.fields.base import Field

BASE = "base"
AUTH = "auth"
VIEW = "view"

RULES = ("list_rule", "view_rule", "create_rule", "update_rule", "delete_rule")
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
        """The fields by name."""
        if self._by_name is None or len(self._by_name) != len(self.fields):
            self._by_name = {f.name: f for f in self.fields}
        return self._by_name

    def field(self, name: str) -> Field | None:
        """Return the field called *name*, or None."""
        return self.by_name.get(name)

    def field_by_id(self, field_id: str) -> Field | None:
        """Return the field with that id, or None."""
        return next((f for f in self.fields if f.id == field_id), None)

    def hook_tags(self) -> tuple[str, ...]:
        """Return the names by which hooks may narrow events of this collection."""
        return (self.id, self.name)
