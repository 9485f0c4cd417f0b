"""What saving and deleting auth records brings about, bound to the same hooks as everyone's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.auth_validate import PROVIDERS
from pocketbase_server.core.collections.model import SUPERUSERS
from pocketbase_server.core.errors import BadRequestError, Issue, ValidationErrors
from pocketbase_server.core.records.auth import (
    INSTALLER_EMAIL,
    refresh_token_key,
    set_verified,
    token_key,
)
from pocketbase_server.core.records.auth_refs import (
    AUTH_ORIGINS,
    EXTERNAL_AUTHS,
    MFAS,
    OTPS,
    REFS,
    delete_refs,
    refs_of,
    refs_of_collection,
)
from pocketbase_server.core.records.lifecycle import patience

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.hooks.events import CollectionEvent, RecordEvent
    from pocketbase_server.core.records.model import Record

CHANGED_MEANWHILE: Final = "The record's password or address has changed meanwhile."
CREDENTIALS: Final = ("password", "tokenKey", "email", "verified")
FIRST: Final = -99
"""Our own handlers run around everyone else's."""

LAST_SUPERUSER: Final = "You can't delete the only existing superuser."
INVALID_COLLECTION: Final = Issue(
    "validation_invalid_collection_id", "Missing or invalid collection."
)
INVALID_COLLECTION_TYPE: Final = Issue(
    "validation_invalid_collection_type", "Invalid collection type - must be auth."
)
INVALID_RECORD: Final = Issue("validation_invalid_record", "Missing or invalid record.")
UNKNOWN_PROVIDER: Final = Issue("validation_in_invalid", "Must be a valid value.")


def bind_auth_hooks(app: App) -> None:
    """Bind what auth records need: key rotation, guards of superusers, tidying up behind them."""
    hooks = app.hooks
    hooks.record_validate.bind(
        check_provider, EXTERNAL_AUTHS, id="__pbExternalAuthValidate__", priority=FIRST
    )
    hooks.record_validate.bind(check_owner, *REFS, id="__pbAuthRefValidate__", priority=FIRST)
    hooks.record_create.bind(
        create_superuser, SUPERUSERS, id="__pbSuperuserCreate__", priority=FIRST
    )
    hooks.record_update.bind(
        verify_superuser, SUPERUSERS, id="__pbSuperuserUpdate__", priority=FIRST
    )
    hooks.record_delete.bind(
        keep_one_superuser, SUPERUSERS, id="__pbSuperuserDelete__", priority=FIRST
    )
    hooks.record_update_execute.bind(rotate_token_key, id="__pbAuthUpdate__", priority=FIRST)
    hooks.record_delete.bind(delete_with_refs, id="__pbAuthDelete__", priority=FIRST)
    hooks.collection_delete.bind(
        delete_refs_of_collection, id="__pbAuthCollectionDelete__", priority=FIRST
    )


# -- superusers


def create_superuser(event: RecordEvent) -> None:
    """Create a superuser, verified; the first real one replaces the installer's account."""
    set_verified(event.record)
    with event.app.data.transaction():
        event.next()
        if event.record.get("email") != INSTALLER_EMAIL:
            _delete_installer(event.app)


def _delete_installer(app: App) -> None:
    installer = app.records.first_by(SUPERUSERS, "email", INSTALLER_EMAIL)
    if installer is not None:
        app.records.delete(installer)


def verify_superuser(event: RecordEvent) -> None:
    """Update a superuser, who stays verified whatever the body says."""
    set_verified(event.record)
    event.next()


def keep_one_superuser(event: RecordEvent) -> None:
    """Delete a superuser, refusing to delete the only one there is."""
    # NOTE: counted inside the transaction: two at once must not delete the last two
    with event.app.data.transaction():
        if event.app.records.count(SUPERUSERS) <= 1:
            raise BadRequestError(LAST_SUPERUSER)
        event.next()


# -- all auth records


def rotate_token_key(event: RecordEvent) -> None:
    """Write a changed auth record; a new password or address ends its tokens and codes."""
    record = event.record
    if not record.collection.is_auth or not any(map(record.is_changed, CREDENTIALS)):
        event.next()
        return
    # SECURITY: what must go goes at the same moment, also when the process dies in between
    with event.app.data.transaction(), patience():
        _write_with_refs(event, record)


def _write_with_refs(event: RecordEvent, record: Record) -> None:
    if record.is_changed("password"):
        _refuse_stale(event.app, record)
    links = _links_before_verification(event.app, record)
    is_rotated = record.is_changed("tokenKey")
    if not is_rotated and (links or record.is_changed("email") or record.is_changed("password")):
        refresh_token_key(record)
        is_rotated = True
    stale = _stale(record, is_rotated=is_rotated)
    event.next()
    delete_refs(event.app, record, *stale)
    for link in links:
        event.app.records.delete(link)


def _refuse_stale(app: App, record: Record) -> None:
    """Raise `BadRequestError` when somebody else has renewed the record's token key meanwhile."""
    before = (record.stored or record.original or {}).get("tokenKey")
    now = app.records.get(record.collection, record.id)
    # SECURITY: whoever was signed out a moment ago must not set the password after all
    if before is not None and now is not None and token_key(now) != before:
        raise BadRequestError(CHANGED_MEANWHILE)


def _stale(record: Record, *, is_rotated: bool) -> tuple[str, ...]:
    """Return the collections whose records about *record* are worthless after this save."""
    if record.is_changed("password"):
        return (MFAS, OTPS, AUTH_ORIGINS)
    return (OTPS,) if is_rotated else ()


def _links_before_verification(app: App, record: Record) -> list[Record]:
    """Return the linked accounts of a record that is being verified only now."""
    # SECURITY: whoever linked them did so without owning the address
    if not record.get("verified") or not record.is_changed("verified"):
        return []
    return refs_of(app, EXTERNAL_AUTHS, record)


def delete_with_refs(event: RecordEvent) -> None:
    """Delete an auth record with everything the server keeps about it."""
    if not event.record.collection.is_auth:
        event.next()
        return
    with event.app.data.transaction():
        event.next()
        delete_refs(event.app, event.record, *REFS)


def delete_refs_of_collection(event: CollectionEvent) -> None:
    """Delete an auth collection with everything the server keeps about its records."""
    if not event.collection.is_auth:
        event.next()
        return
    with event.app.data.transaction():
        event.next()
        for name in REFS:
            for ref in refs_of_collection(event.app, name, event.collection):
                event.app.records.delete(ref)


# -- records about auth records


def check_owner(event: RecordEvent) -> None:
    """Validate a record about an auth record: its owner must exist."""
    event.next()
    record = event.record
    owners = event.app.collections.get(record.get("collectionRef"))
    if owners is None or owners.id != record.get("collectionRef"):
        raise ValidationErrors({"collectionRef": INVALID_COLLECTION})
    if not owners.is_auth:
        raise ValidationErrors({"collectionRef": INVALID_COLLECTION_TYPE})
    if event.app.records.get(owners, record.get("recordRef")) is None:
        raise ValidationErrors({"recordRef": INVALID_RECORD})


def check_provider(event: RecordEvent) -> None:
    """Validate a linked account: its provider must be one that is known."""
    event.next()
    if event.record.get("provider") not in PROVIDERS:
        raise ValidationErrors({"provider": UNKNOWN_PROVIDER})
