"""One-time passwords: asked for, sent by letter, good once."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import ForbiddenError
from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.core.records.auth import email
from pocketbase_server.core.records.auth_refs import OTPS, age_of, delete_older, new_ref, refs_of
from pocketbase_server.kit.ids import random_id, random_string
from pocketbase_server.services.auth.checks import email_issue, refuse
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.identity import record_by_identity
from pocketbase_server.services.auth.letters import send_otp

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.auth_options import Otp
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

NOT_ALLOWED: Final = "The collection is not configured to allow OTP authentication."
MOST: Final = 9
"""With more codes than this waiting, no new one is sent: the last one is named again."""
COST: Final = 8
WARN: Final = 4
"""Log level."""


def find_otp_collection(app: App, name_or_id: str) -> tuple[Collection, Otp]:
    """Return the auth collection that a path names and its options, if it allows one-time passwords."""
    collection = find_auth_collection(app, name_or_id)
    options = collection.auth.otp if collection.auth is not None else None
    if options is None or not options.enabled:
        raise ForbiddenError(NOT_ALLOWED)
    return collection, options


def new_otp(app: App, record: Record) -> tuple[Record, str]:
    """Make a one-time password for *record*: return what is stored of it, and the code in plain."""
    options = record.collection.auth
    plain = new_code(options.otp.length if options is not None else 0)
    return store_otp(app, record, plain), plain


def new_code(length: int) -> str:
    """Return a new code of *length* digits."""
    return random_string(length, string.digits)


def store_otp(app: App, record: Record, plain: str) -> Record:
    """Store the code *plain* for *record* and return what is stored of it."""
    code = new_ref(app, OTPS, record)
    code.set("password", plain)
    app.records.create(code)
    return code


# -- asking for one


def request_otp(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_email: Callable[[], str],
) -> Any:
    """Send a one-time password to the record with that address; return the answer with its id.

    For an address that nobody has, the answer looks the same.
    """
    collection, options = find_otp_collection(app, name_or_id)
    address = read_email()
    refuse({"email": email_issue(address)})
    record = record_by_identity(app, collection, address, "email")
    event = DetailedRequestEvent(app, read_request(), collection, record)
    event.details["password"] = new_code(options.length)
    app.hooks.record_request_otp_request.trigger(event, _issue)
    return event.answer


def _issue(event: DetailedRequestEvent) -> None:
    app, record, plain = event.app, event.record, event.details["password"]
    if record is None:
        # SECURITY: an unknown address must not be told from a known one by the time it takes
        app.passwords.hash(plain, COST)
        event.answer = {"otpId": random_id()}
        return
    code = _reused(app, record)
    if code is None:
        code = store_otp(app, record, plain)
        _send_later(app, record, code, plain)
    event.answer = {"otpId": code.id}


def _reused(app: App, record: Record) -> Record | None:
    """Return the last code sent, when too many are waiting already."""
    waiting = [
        code for code in refs_of(app, OTPS, record) if not has_expired(code, record.collection)
    ]
    if len(waiting) <= MOST:
        return None
    data = {"email": email(record), "recordId": record.id, "otpId": waiting[0].id}
    app.logs.write(WARN, "Too many OTP requests - reusing the last issued", data)
    return waiting[0]


def _send_later(app: App, record: Record, code: Record, plain: str) -> None:
    def mark_sent() -> None:
        # NOTE: before it leaves, since it may be used as soon as it arrives
        code.set("sentTo", email(record))
        app.records.update(code)

    app.mailer.send_later(
        lambda: send_otp(app, record, code.id, plain, mark_sent),
        "Failed to send OTP email",
        lambda: app.records.delete(code),
    )


# -- the end of one


def has_expired(code: Record, collection: Collection) -> bool:
    """Tell whether a code of a record of *collection* is too old."""
    duration = collection.auth.otp.duration if collection.auth is not None else 0
    return age_of(code) > duration


def delete_expired(app: App) -> None:
    """Delete the codes that are too old to be used."""
    for collection in app.collections.all():
        if collection.auth is not None:
            delete_older(app, OTPS, collection, collection.auth.otp.duration)
