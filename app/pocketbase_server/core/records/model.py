"""The record: values of a collection's fields, as domain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.collections.model import SUPERUSERS

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection


class Record:
    """One record of a collection.

    `values` maps field name to domain value (see `Field`); what it does not hold is blank. `original` is what the
    database held when the record was loaded (None for a new one).
    """

    __slots__ = (
        "_hidden_override",
        "collection",
        "custom",
        "expand",
        "ignore_email_visibility",
        "is_new",
        "original",
        "values",
        "with_custom",
    )

    def __init__(self, collection: Collection, values: dict[str, Any] | None = None) -> None:
        self.collection = collection
        self.values: dict[str, Any] = values if values is not None else {}
        self.original: dict[str, Any] | None = None
        self.is_new = True
        self.custom: dict[str, Any] = {}
        self.with_custom = False
        self.expand: dict[str, Any] = {}
        self.ignore_email_visibility = False
        self._hidden_override: dict[str, bool] = {}

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

    def get(self, name: str) -> Any:
        """Return the domain value of a field (blank when never set), a custom value, or None."""
        if name in self.values:
            return self.values[name]
        field = self.collection.field(name)
        return field.zero() if field is not None else self.custom.get(name)
