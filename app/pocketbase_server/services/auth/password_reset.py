"""A forgotten password: a letter, and the new password that its token allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import BadRequestError, ValidationErrors
from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.core.records.auth import email, set_password, set_verified
from pocketbase_server.services.auth.checks import password_issues, refuse
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.letter_requests import request_letter, send_once, throttle_key
from pocketbase_server.services.auth.letter_tokens import (
    claim,
    hash_ahead,
    read_token,
    save,
    still_good,
)
from pocketbase_server.services.auth.letters import send_password_reset
from pocketbase_server.services.auth.tokens import PASSWORD_RESET

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

NO_PASSWORDS: Final = "The collection is not configured to allow password authentication."
FAILED: Final = "Failed to set new password."
KIND: Final = "password reset"


def request_password_reset(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_email: Callable[[], str],
) -> None:
    """Write to the record with that address; nothing tells whether there is one."""
    collection = find_auth_collection(app, name_or_id)
    if collection.auth is None or not collection.auth.password_auth.enabled:
        raise BadRequestError(NO_PASSWORDS)
    hook = app.hooks.record_request_password_reset_request
    request_letter(app, collection, read_request, read_email, hook=hook, act=_ask)


def _ask(event: DetailedRequestEvent) -> None:
    app, record = event.app, event.record
    if record is None:
        return
    failure = "Failed to send password reset email"
    key = throttle_key(KIND, record)
    send_once(app, key, lambda: send_password_reset(app, record), failure)


@dataclass(slots=True, frozen=True)
class ResetForm:
    """A token and the password it is to set."""

    token: str = ""
    password: str = ""
    password_confirm: str = ""

    def owner(self, app: App, collection: Collection) -> Record:
        """Return whose password is to be set; raises `ValidationErrors`."""
        record, issue = read_token(app, collection, self.token, PASSWORD_RESET)
        passwords = password_issues(collection, self.password, self.password_confirm)
        refuse({"token": issue, **passwords})
        if record is None:
            raise ValidationErrors({"token": issue})
        return record


def confirm_password_reset(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_form: Callable[[], ResetForm],
) -> None:
    """Set the password that a letter's token allows; the token is worthless afterwards."""
    collection = find_auth_collection(app, name_or_id)
    form = read_form()
    event = DetailedRequestEvent(app, read_request(), collection, form.owner(app, collection))
    app.hooks.record_confirm_password_reset_request.trigger(event, lambda e: _confirm(e, form))


def _confirm(event: DetailedRequestEvent, form: ResetForm) -> None:
    app, record = event.app, event.record
    if record is None:
        return
    set_password(record, form.password)
    # SECURITY: the letter reached whoever owns the address it was sent to, no other
    if claim(form.token, "email") == email(record):
        set_verified(record)
    hash_ahead(app, record)
    with still_good(app, record):
        save(app, record, FAILED)
    app.mailer.throttle.release(*throttle_key(KIND, record))
