"""Whose an e-mail address is: asked by letter, answered with its token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.model import SUPERUSERS as NAME_OF_SUPERUSERS
from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue, ValidationErrors
from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.core.records.auth import email, is_verified, set_verified
from pocketbase_server.kit.cast import to_text
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.letter_requests import request_letter, send_once, throttle_key
from pocketbase_server.services.auth.letter_tokens import claim, read_token, save
from pocketbase_server.services.auth.letters import send_verification
from pocketbase_server.services.auth.spare_password import set_spare_password, spare_password
from pocketbase_server.services.auth.tokens import VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

NO_CLAIM: Final = Issue("validation_invalid_token_claims", "Missing email token claim.")
OTHER_EMAIL: Final = Issue(
    "validation_token_email_mismatch",
    "The record email doesn't match with the requested token claims.",
)
FAILED: Final = "An error occurred while saving the verified state."
KIND: Final = "verification"
SUPERUSERS: Final = "All superusers are verified by default."


def request_verification(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_email: Callable[[], str],
) -> None:
    """Write to a record that is not verified; nothing tells whether there is one."""
    collection = _collection(app, name_or_id)
    hook = app.hooks.record_request_verification_request
    request_letter(app, collection, read_request, read_email, hook=hook, act=_ask)


def _collection(app: App, name_or_id: str) -> Collection:
    collection = find_auth_collection(app, name_or_id)
    if collection.name == NAME_OF_SUPERUSERS:
        raise BadRequestError(SUPERUSERS)
    return collection


def _ask(event: DetailedRequestEvent) -> None:
    app, record = event.app, event.record
    if record is None or is_verified(record):
        return
    failure = "Failed to send verification email"
    send_once(app, throttle_key(KIND, record), lambda: send_verification(app, record), failure)


def confirm_verification(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_token: Callable[[], str],
) -> None:
    """Take note that a record's address is its owner's; once it is, doing so again changes nothing."""
    collection = _collection(app, name_or_id)
    record = _owner(app, collection, read_token())
    event = DetailedRequestEvent(app, read_request(), collection, record)
    app.hooks.record_confirm_verification_request.trigger(event, _confirm)


def _owner(app: App, collection: Collection, token: str) -> Record:
    if not token:
        raise ValidationErrors({"token": REQUIRED})
    address = to_text(claim(token, "email"))
    if not address:
        raise ValidationErrors({"token": NO_CLAIM})
    record, issue = read_token(app, collection, token, VERIFICATION)
    if record is not None and email(record) != address:
        issue = OTHER_EMAIL
    if record is None or issue is not None:
        raise ValidationErrors({"token": issue})
    return record


def _confirm(event: DetailedRequestEvent) -> None:
    app, record = event.app, event.record
    if record is None or is_verified(record):
        return
    password = _new_password(app, record)
    # SECURITY: of many at once only one verifies: what hangs on it happens once, for that address
    with app.data.transaction():
        now = app.records.find(record.collection, record.id)
        if is_verified(now):
            return
        if email(now) != email(record):
            raise ValidationErrors({"token": OTHER_EMAIL})
        set_verified(now)
        if password:
            set_spare_password(now, password)
        save(app, now, FAILED)
    event.record = now
    app.mailer.throttle.release(*throttle_key(KIND, record))


def _new_password(app: App, record: Record) -> str:
    """Return the hash of a random password where nobody should have a known one, else ""."""
    options = record.collection.auth
    if options is None or options.password_auth.enabled:
        return ""
    # SECURITY: whoever registered with this address may not have been its owner
    return spare_password(app, record.collection)
