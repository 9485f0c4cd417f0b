"""New passwords of records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.fields.password import NewPassword, PasswordField

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record


def hash_passwords(record: Record, hash_plain: Callable[[str, int], str]) -> None:
    """Hash the new passwords of a record that was found good, where logins are checked."""
    for name in _password_fields(record.collection):
        value = record.get(name)
        if isinstance(value, NewPassword):
            value.hash_with(hash_plain)


def _password_fields(collection: Collection) -> tuple[str, ...]:
    known: tuple[str, ...] | None = collection.cache.get("password fields")
    if known is None:
        known = tuple(f.name for f in collection.fields if f.type == PasswordField.type)
        collection.cache["password fields"] = known
    return known
