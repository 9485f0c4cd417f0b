"""What a collection gets without being asked: ids, system fields, the defaults of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.fields import BoolField, EmailField, PasswordField, TextField
from pocketbase_server.kit.ids import checksum_id

if TYPE_CHECKING:
    from collections.abc import Container

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields import Field

ID_PREFIX = "pbc_"
_TRIES = 1000


def id_field() -> TextField:
    """Return the primary key that every collection has unless it brings its own."""
    return TextField(
        id="text3208210256",
        name="id",
        system=True,
        required=True,
        min=15,
        max=15,
        pattern="^[a-z0-9]+$",
        autogenerate_pattern="[a-z0-9]{15}",
        primary_key=True,
    )


def auth_fields() -> list[Field]:
    """Return the fields that every auth collection has, in their order."""
    return [
        PasswordField(
            id="password901924565", name="password", system=True, hidden=True, required=True, min=8
        ),
        TextField(
            id="text2504183744",
            name="tokenKey",
            system=True,
            hidden=True,
            required=True,
            min=30,
            max=60,
            autogenerate_pattern="[a-zA-Z0-9]{50}",
        ),
        EmailField(id="email3885137012", name="email", system=True, required=True),
        BoolField(id="bool1547992806", name="emailVisibility", system=True),
        BoolField(id="bool256245529", name="verified", system=True),
    ]


def add_field(fields: list[Field], added: Field) -> None:
    """Append a field, or put it in place of the one that has its id.

    Without an id it takes that of a field of the same name, else one made from type and name.
    """
    if not added.id:
        twin = next((f for f in fields if f.name == added.name), None)
        added.id = twin.id if twin is not None else free_field_id(fields, added)
    for at, item in enumerate(fields):
        if item.id == added.id:
            fields[at] = added
            return
    fields.append(added)


def free_field_id(fields: list[Field], added: Field) -> str:
    """Return an id for a field made from its type and name, counted on while it is taken."""
    taken = {f.id for f in fields}
    return _free(added.type + checksum_id(added.name), taken)


def free_collection_id(collection: Collection, taken: Container[str]) -> str:
    """Return an id for a collection made from its type and name, counted on while it is taken."""
    return _free(made_id(collection), taken)


def made_id(collection: Collection) -> str:
    """Return the id that type and name of a collection give, be it taken or not."""
    return ID_PREFIX + checksum_id(collection.type + collection.name)


def _free(base: str, taken: Container[str]) -> str:
    candidates = (base, *(f"{base}{n}" for n in range(2, _TRIES)))
    return next((c for c in candidates if c not in taken), base)


def complete_fields(collection: Collection) -> None:
    """Give a base or auth collection the system fields it lacks, and put right those it brings."""
    if collection.is_view:
        return
    _complete_id(collection)
    if collection.is_auth:
        _complete_auth(collection)
    collection.forget_fields()


def _complete_id(collection: Collection) -> None:
    default = id_field()
    own = next((f for f in collection.fields if f.name == "id"), None)
    if not isinstance(own, TextField):
        # COMPAT: what has the id of the missing field comes first
        twin = collection.field_by_id(default.id) or default
        collection.fields = [twin, *(f for f in collection.fields if f is not twin)]
        return
    own.system = own.required = own.primary_key = True
    own.hidden = False
    own.pattern = own.pattern or default.pattern


def _complete_auth(collection: Collection) -> None:
    for default in auth_fields():
        own = next((f for f in collection.fields if f.name == default.name), None)
        if own is not None and own.type == default.type:
            _put_right(own)
            continue
        # COMPAT: one of another type is replaced, its id stays; else the id is the next free one
        default.id = ""
        add_field(collection.fields, default)


def _put_right(own: Field) -> None:
    """Hold a system field to what sign-in depends on; the rest is the user's choice."""
    own.system = True
    if own.name in {"password", "tokenKey"}:
        own.hidden = own.required = True
    elif own.name == "email":
        own.hidden = False
