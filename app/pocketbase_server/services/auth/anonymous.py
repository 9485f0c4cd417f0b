"""Signing in as nobody in particular, where a collection allows it; who wants may become someone."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.model import SUPERUSERS
from pocketbase_server.core.errors import BadRequestError, ForbiddenError, ValidationErrors
from pocketbase_server.core.records.auth import refresh_token_key, set_password
from pocketbase_server.kit.ids import random_id
from pocketbase_server.services.auth.checks import email_issue, password_issues, refuse
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.letter_tokens import hash_ahead, save
from pocketbase_server.services.auth.sign_in import AuthAnswer, hand_out
from pocketbase_server.services.auth.spare_password import set_spare_password, spare_password
from pocketbase_server.services.auth.tokens import new_auth_token
from pocketbase_server.storage.sql.anonymous_rows import (
    allow_anonymous,
    forbid_anonymous,
    is_anonymous_allowed,
    is_marked_anonymous,
    mark_anonymous,
    unmark_anonymous,
)

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

DOMAIN: Final = "anonymous.invalid"
"""Nobody can have an address there (RFC 2606); used where records must have one."""
NOT_ALLOWED: Final = "The collection is not configured to allow anonymous authentication."
NOT_FOR_SUPERUSERS: Final = "Superusers cannot be anonymous."
FAILED: Final = "Failed to create an anonymous record."
NOT_ANONYMOUS: Final = "The record is not anonymous."
UPGRADE_FAILED: Final = "Failed to upgrade the anonymous record."
KNOWN_FOR: Final = 1.0
"""Seconds for which what was read last counts."""
_CACHED: Final = "anonymous"


def allows_anonymous(app: App, collection: Collection) -> bool:
    """Tell whether *collection* lets callers sign in without saying who they are.

    What another process has changed is known a moment later.
    """
    known: tuple[float, bool] | None = collection.cache.get(_CACHED)
    # PERF: asked by everyone who asks for the ways to sign in
    if known is None or known[0] < monotonic():
        known = (monotonic() + KNOWN_FOR, is_anonymous_allowed(app.data, collection.id))
        collection.cache[_CACHED] = known
    return known[1]


def set_anonymous(app: App, name_or_id: str, *, allowed: bool) -> None:
    """Say whether a collection lets callers sign in without saying who they are."""
    collection = find_auth_collection(app, name_or_id)
    # SECURITY: whoever calls would be a superuser
    if collection.name == SUPERUSERS:
        raise BadRequestError(NOT_FOR_SUPERUSERS)
    (allow_anonymous if allowed else forbid_anonymous)(app.data, collection.id)
    collection.cache.pop(_CACHED, None)


def is_anonymous(app: App, record: Record) -> bool:
    """Tell whether *record* was made by an anonymous sign-in and has no address since."""
    return _has_no_address(record) and is_marked_anonymous(
        app.data, record.collection.id, record.id
    )


def _has_no_address(record: Record) -> bool:
    address: str = record.get("email")
    return not address or address.endswith(f"@{DOMAIN}")


def auth_anonymously(app: App, name_or_id: str, request: RequestInfo) -> AuthAnswer:
    """Make a new record that nobody can sign in as but by the token of the answer."""
    collection = find_auth_collection(app, name_or_id)
    if not is_anonymous_allowed(app.data, collection.id):
        raise ForbiddenError(NOT_ALLOWED)
    record = _new(app, collection)
    try:
        with app.data.transaction():
            app.records.create(record)
            mark_anonymous(app.data, collection.id, record.id)
            # NOTE: inside, so that no record is left of someone whom the auth rule keeps out
            return hand_out(app, request, record, new_auth_token(record))
    except ValidationErrors as ex:
        raise BadRequestError(FAILED, ex.issues) from ex


def _new(app: App, collection: Collection) -> Record:
    record = app.records.new(collection)
    record.set("id", random_id())
    refresh_token_key(record)
    set_spare_password(record, spare_password(app, collection))
    email = collection.field("email")
    if email is not None and getattr(email, "required", False):
        record.set("email", f"{record.id}@{DOMAIN}")
    return record


@dataclass(slots=True, frozen=True)
class UpgradeForm:
    """Who an anonymous caller wants to be."""

    email: str = ""
    password: str = ""
    password_confirm: str = ""

    def check(self, collection: Collection) -> None:
        """Raise `ValidationErrors` unless the form can be tried on *collection*."""
        issues = password_issues(collection, self.password, self.password_confirm)
        refuse({"email": email_issue(self.email), **issues})


def upgrade(app: App, caller: Record, request: RequestInfo, form: UpgradeForm) -> AuthAnswer:
    """Give the anonymous *caller* address and password; its id and everything it owns stay.

    The answer's token takes the place of all earlier ones.
    """
    if not is_anonymous(app, caller):
        raise BadRequestError(NOT_ANONYMOUS)
    form.check(caller.collection)
    record = app.records.find(caller.collection, caller.id)
    record.set("email", form.email)
    record.set("verified", False)  # noqa: FBT003
    set_password(record, form.password)
    hash_ahead(app, record)
    # SECURITY: of many at once only one gets through
    with app.data.transaction():
        if not unmark_anonymous(app.data, record.collection.id, record.id):
            raise BadRequestError(NOT_ANONYMOUS)
        save(app, record, UPGRADE_FAILED)
    return hand_out(app, request, record, new_auth_token(record))
