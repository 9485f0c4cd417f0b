"""Who someone says to be: the record behind an identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.indexes import has_single_column_unique
from pocketbase_server.kit.addresses import is_email

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

EMAIL: Final = "email"


def record_by_identity(
    app: App, collection: Collection, identity: str, field: str = ""
) -> Record | None:
    """Return the record that *identity* names in *field*, or in any identity field."""
    for name in [field] if field else _order(collection, identity):
        nocase = ignores_case(collection, name)
        record = app.records.first_by(collection, name, identity, nocase=nocase)
        if record is not None:
            return record
    return None


def _order(collection: Collection, identity: str) -> list[str]:
    """Return the identity fields in the order of trying: an address is looked for as one first."""
    fields = collection.auth.password_auth.identity_fields if collection.auth is not None else []
    if EMAIL not in fields:
        return fields
    others = [name for name in fields if name != EMAIL]
    return [EMAIL, *others] if is_email(identity) else others


def ignores_case(collection: Collection, field: str) -> bool:
    """Tell whether the unique index of an identity field ignores case."""
    known: dict[str, bool] = collection.cache.setdefault("case-blind", {})
    if field not in known:
        _, known[field] = has_single_column_unique(collection.indexes, field)
    return known[field]
