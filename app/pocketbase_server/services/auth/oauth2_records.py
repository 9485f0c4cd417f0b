"""Records of people who come from a provider: which one it is, a new one, and the link between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.collections.indexes import has_single_column_unique
from pocketbase_server.core.records.auth import email, is_verified, set_verified
from pocketbase_server.core.records.auth_refs import EXTERNAL_AUTHS, delete_refs, new_ref
from pocketbase_server.core.records.model import Record
from pocketbase_server.kit.ids import random_string
from pocketbase_server.services.auth.avatars import fetch_avatar
from pocketbase_server.services.auth.spare_password import (
    LENGTH,
    set_spare_password,
    spare_password,
)
from pocketbase_server.services.record_crud import make_record

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.fields.base import Field
    from pocketbase_server.core.hooks.events import DetailedRequestEvent
    from pocketbase_server.core.request_info import RequestInfo
    from pocketbase_server.services.auth.providers.base import AuthUser

_BY_USER: Final = "collectionRef = {:collection} && provider = {:provider} && providerId = {:user}"


# -- which record


def find_record(
    app: App, collection: Collection, request: RequestInfo, provider: str, user: AuthUser
) -> Record | None:
    """Return the record of *user*: the linked one, the caller, or the one with that address."""
    link = _find_link(app, collection, provider, user)
    if link is not None:
        return app.records.get(collection, link.get("recordRef"))
    caller = request.auth
    if caller is not None and caller.collection.id == collection.id:
        return app.records.get(collection, caller.id)
    if user.email:
        return app.records.first_by(collection, "email", user.email)
    return None


def _find_link(app: App, collection: Collection, provider: str, user: AuthUser) -> Record | None:
    params = {"collection": collection.id, "provider": provider, "user": user.id}
    found = app.records.find_by_filter(EXTERNAL_AUTHS, _BY_USER, limit=1, params=params)
    return found[0] if found else None


# -- the link


def link_record(app: App, record: Record, provider: str, user: AuthUser) -> None:
    """Remember that *user* of a provider is *record*; nothing happens when that is known.

    Raises `ValidationErrors` when the record has another user of the same provider.
    """
    if _find_link(app, record.collection, provider, user) is not None:
        return
    link = new_ref(app, EXTERNAL_AUTHS, record)
    link.set("provider", provider)
    link.set("providerId", user.id)
    app.records.create(link)


# -- a record that is there


def welcome_record(
    app: App, request: RequestInfo, record: Record, user: AuthUser, password: str
) -> None:
    """Take over what the provider vouches for: the address, if it is the record's or it has none.

    What was known of a record that nobody has verified is worth nothing from here on: its password,
    which becomes *password* (a hash), unless its owner asks, and its other linked accounts.
    """
    if is_verified(record):
        _take_address(app, record, user)
        return
    if needs_password(request, record):
        # SECURITY: the old one may be that of someone who waits for the owner to come
        set_spare_password(record, password or spare_password(app, record.collection))
        app.records.update(record)
    _take_address(app, record, user)
    # SECURITY: its older links were made by we know not whom; those of a record that has just been
    # verified are gone already, and its tokens with them
    delete_refs(app, record, EXTERNAL_AUTHS)


def _take_address(app: App, record: Record, user: AuthUser) -> None:
    is_new = bool(user.email) and not email(record)
    # COMPAT: who has no address, here and there, is verified too
    is_proved = not is_verified(record) and email(record) in {"", user.email}
    if is_new:
        record.set("email", user.email)
    if is_proved:
        set_verified(record)
    if is_new or is_proved:
        app.records.update(record)


def needs_password(request: RequestInfo, record: Record) -> bool:
    """Tell whether *record* may have been made by somebody else than who comes."""
    return not is_verified(record) and not _is_caller(request, record)


def _is_caller(request: RequestInfo, record: Record) -> bool:
    caller = request.auth
    return (
        caller is not None
        and caller.id == record.id
        and caller.collection.id == record.collection.id
    )


# -- a new record


class NewRecord:
    """A record to be, with what the caller and the provider say of it."""

    def __init__(self, event: DetailedRequestEvent, user: AuthUser, password: str) -> None:
        self._app = event.app
        self._request = event.request
        self._collection = event.collection
        self._user = user
        self._body: dict[str, Any] = dict(event.details["create_data"])
        self._password = ""
        if not self._body.get("email"):
            self._body["email"] = user.email
        # COMPAT: after the address, which is what the provider says it is, whatever is mapped to it
        self._fill_mapped()
        if not self._body.get("password"):
            self._password = password or spare_password(self._app, self._collection)
            self._body["password"] = self._body["passwordConfirm"] = random_string(LENGTH)

    def _fill_mapped(self) -> None:
        options = self._collection.auth
        if options is None:
            return
        mapped, user = options.oauth2.mapped_fields, self._user
        self._map(mapped.id, user.id)
        # COMPAT: what is not told is a blank name, which rules can see
        self._map(mapped.name, user.name)
        self._map_username(mapped.username, user.username)
        self._map_avatar(mapped.avatar_url, user.avatar_url)

    def _map(self, name: str, value: Any) -> None:
        # COMPAT: what the caller says counts, even when it says nothing
        if name and name not in self._body and self._collection.field(name) is not None:
            self._body[name] = value

    def _map_username(self, name: str, value: str) -> None:
        field = self._collection.field(name) if name else None
        # NOTE: an unfit name must not keep anybody out; they can choose another one later
        if field is not None and self._is_free(field, value):
            self._map(name, value)

    def _is_free(self, field: Field, value: str) -> bool:
        if field.type == "text" and not self._fits(field, value):
            return False
        is_unique, nocase = has_single_column_unique(self._collection.indexes, field.name)
        if not is_unique:
            return True
        records = self._app.records
        return records.first_by(self._collection, field.name, value, nocase=nocase) is None

    def _fits(self, field: Field, value: str) -> bool:
        trial = Record(self._collection)
        trial.values[field.name] = value
        return field.validate_value(trial, self._app.records.context) is None

    def _map_avatar(self, name: str, url: str) -> None:
        field = self._collection.field(name) if name else None
        if field is None or not url or name in self._body:
            return
        picture: Any = url
        if field.type == "file":
            picture = fetch_avatar(self._app, url, getattr(field, "max_size", 0))
        if picture:
            self._map(name, picture)

    def create(self) -> Record:
        """Create the record, as its create rule allows; verified if the address is the provider's."""
        # COMPAT: the create rule sees no query
        request = replace(self._request, body=self._body, query={}, context="oauth2")
        event = make_record(self._app, self._collection, request, self._set_password)
        record = event.record
        if record is None:
            raise LookupError("a handler has dropped the new record")
        if email(record) == self._user.email and not is_verified(record):
            set_verified(record)
            self._app.records.update(record)
        return record

    def _set_password(self, record: Record) -> None:
        if self._password:
            set_spare_password(record, self._password)
