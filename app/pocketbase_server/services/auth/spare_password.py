"""Passwords that nobody knows, for records whose present one somebody else may know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.ids import random_string

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

LENGTH: Final = 30


def spare_password(app: App, collection: Collection) -> str:
    """Return the hash of a password that nobody knows."""
    cost = getattr(collection.field("password"), "cost", 0)
    return app.passwords.hash(random_string(LENGTH), cost)


def set_spare_password(record: Record, hashed: str) -> None:
    """Give the record a password by its hash; saving it also gives it a new token key.

    COMPAT: what the collection asks of passwords does not matter, since nobody will type this one.
    """
    record.values["password"] = hashed
