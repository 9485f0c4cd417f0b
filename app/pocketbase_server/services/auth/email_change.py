"""Another e-mail address: a letter to it, and the change that its token allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.checks import NOT_IN_INVALID
from pocketbase_server.core.collections.model import SUPERUSERS as NAME_OF_SUPERUSERS
from pocketbase_server.core.errors import (
    REQUIRED,
    AppError,
    BadRequestError,
    Issue,
    ValidationErrors,
)
from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.core.records.auth import email, password_hash, set_verified
from pocketbase_server.services.auth.checks import email_issue, refuse, text_issue
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.identity import record_by_identity
from pocketbase_server.services.auth.letter_tokens import claim, read_token, save, still_good
from pocketbase_server.services.auth.letters import send_email_change
from pocketbase_server.services.auth.tokens import EMAIL_CHANGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

SUPERUSERS: Final = "All superusers can change their emails directly."
ASKING_FAILED: Final = "Failed to request email change."
FAILED: Final = "Failed to confirm email change."
LONGEST_PASSWORD: Final = 100
NEW_EMAIL: Final = "newEmail"

TAKEN: Final = Issue("validation_invalid_new_email", "Invalid new email address.")
TAKEN_MEANWHILE: Final = Issue(
    "validation_invalid_token_email", "The new email address is invalid."
)
NO_CLAIM: Final = Issue(
    "validation_invalid_token_payload", "Invalid token payload - newEmail must be set."
)
WRONG_PASSWORD: Final = Issue(
    "validation_invalid_password", "Missing or invalid auth record password."
)


def request_email_change(
    app: App, caller: Record, read_request: Callable[[], RequestInfo], read_email: Callable[[], str]
) -> None:
    """Write to the address that the caller wants to have.

    COMPAT: unlike with other letters the caller is told when it cannot be sent, and so waits.
    """
    if caller.is_superuser:
        raise BadRequestError(SUPERUSERS)
    address = read_email()
    refuse({NEW_EMAIL: _new_email_issue(app, caller, address)})
    event = DetailedRequestEvent(app, read_request(), caller.collection, caller)
    event.details[NEW_EMAIL] = address
    app.hooks.record_request_email_change_request.trigger(event, _ask)


def _new_email_issue(app: App, caller: Record, address: str) -> Issue | None:
    issue = email_issue(address)
    if issue is not None:
        return issue
    if address == email(caller):
        return NOT_IN_INVALID
    return TAKEN if _is_taken(app, caller, address) else None


def _is_taken(app: App, record: Record, address: str) -> bool:
    """Tell whether someone other than *record* has the address."""
    taken = record_by_identity(app, record.collection, address, "email")
    return taken is not None and taken.id != record.id


def _ask(event: DetailedRequestEvent) -> None:
    if event.record is None:
        return
    try:
        send_email_change(event.app, event.record, event.details[NEW_EMAIL])
    except AppError as ex:
        raise BadRequestError(ASKING_FAILED) from ex


@dataclass(slots=True, frozen=True)
class ChangeForm:
    """A token and the password of the record it is for."""

    token: str = ""
    password: str = ""

    def owner(self, app: App, collection: Collection) -> Record:
        """Return whose address is to change; raises `ValidationErrors`."""
        record, issue = self._read(app, collection)
        refuse({"token": issue, "password": self._password_issue(app, record)})
        if record is None:
            raise ValidationErrors({"token": issue})
        return record

    def _read(self, app: App, collection: Collection) -> tuple[Record | None, Issue | None]:
        if not self.token:
            return None, REQUIRED
        address = claim(self.token, NEW_EMAIL)
        if not address or not isinstance(address, str):
            return None, NO_CLAIM
        record, issue = read_token(app, collection, self.token, EMAIL_CHANGE)
        if record is not None and _is_taken(app, record, address):
            # COMPAT: nothing but the token is looked at then: the password counts as wrong
            return None, TAKEN_MEANWHILE
        return record, issue

    def _password_issue(self, app: App, record: Record | None) -> Issue | None:
        issue = text_issue(self.password, 1, LONGEST_PASSWORD)
        if issue is not None:
            return issue
        hashed = password_hash(record) if record is not None else ""
        is_right = bool(hashed) and app.passwords.verify(self.password, hashed)
        return None if is_right else WRONG_PASSWORD


def confirm_email_change(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_form: Callable[[], ChangeForm],
) -> None:
    """Give a record the address that its token names; all its tokens are worthless afterwards."""
    collection = find_auth_collection(app, name_or_id)
    if collection.name == NAME_OF_SUPERUSERS:
        raise BadRequestError(SUPERUSERS)
    form = read_form()
    event = DetailedRequestEvent(app, read_request(), collection, form.owner(app, collection))
    event.details[NEW_EMAIL] = claim(form.token, NEW_EMAIL)
    app.hooks.record_confirm_email_change_request.trigger(event, _confirm)


def _confirm(event: DetailedRequestEvent) -> None:
    app, record = event.app, event.record
    if record is None:
        return
    record.set("email", event.details[NEW_EMAIL])
    set_verified(record)
    with still_good(app, record):
        save(app, record, FAILED)
