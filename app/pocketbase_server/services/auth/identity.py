"""Who someone says to be: the record behind an identity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.addresses import is_email

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

EMAIL: Final = "email"
_CASE_BLIND: Final = re.compile(
    r"\s*create\s+unique\s+index\b[^(]*\(\s*[`\"\[']?(\w+)[`\"\]']?\s+collate\s+[`\"\[']?nocase\b[^,()]*\)",
    re.IGNORECASE,
)
"""A unique index over one column that ignores case."""


def record_by_identity(
    app: App, collection: Collection, identity: str, field: str = ""
) -> Record | None:
    """Return the record that *identity* names in *field*, or in any identity field."""
    for name in [field] if field else _order(collection, identity):
        ignores_case = name in case_blind_fields(collection)
        record = app.records.first_by(collection, name, identity, nocase=ignores_case)
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


def case_blind_fields(collection: Collection) -> frozenset[str]:
    """Return the fields whose unique index ignores case."""
    known: frozenset[str] | None = collection.cache.get("case_blind_fields")
    if known is None:
        found = map(_CASE_BLIND.match, collection.indexes)
        known = frozenset(match[1] for match in found if match is not None)
        collection.cache["case_blind_fields"] = known
    return known
