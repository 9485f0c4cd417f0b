"""The letters that the server writes by itself, each inside the hook that is named after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pocketbase_server.core.hooks.events import MailerRecordEvent
from pocketbase_server.core.records.auth import email
from pocketbase_server.services.auth.tokens import (
    EMAIL_CHANGE,
    PASSWORD_RESET,
    VERIFICATION,
    new_token,
)
from pocketbase_server.services.mail.templates import ALERT_INFO, OTP, OTP_ID, TOKEN, render

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.auth_options import AuthOptions, EmailTemplate
    from pocketbase_server.core.hooks.hook import Hook
    from pocketbase_server.core.records.model import Record


class _Letter(NamedTuple):
    """What makes one letter differ from the others."""

    template: EmailTemplate
    values: dict[str, str]
    meta: dict[str, Any]
    """What handlers are told."""


def send_verification(app: App, record: Record) -> None:
    """Ask the owner of the record's address to say so; raises `MailError`."""
    token = new_token(record, VERIFICATION, email=email(record))
    letter = _Letter(_options(record).verification_template, {TOKEN: token}, {"token": token})
    _send(app, app.hooks.mailer_record_verification_send, record, letter)


def send_password_reset(app: App, record: Record) -> None:
    """Send what lets the record choose a new password; raises `MailError`."""
    token = new_token(record, PASSWORD_RESET, email=email(record))
    letter = _Letter(_options(record).reset_password_template, {TOKEN: token}, {"token": token})
    _send(app, app.hooks.mailer_record_password_reset_send, record, letter)


def send_email_change(app: App, record: Record, new_email: str) -> None:
    """Send, to the new address, what makes it the record's; raises `MailError`."""
    token = new_token(record, EMAIL_CHANGE, email=email(record), newEmail=new_email)
    meta = {"token": token, "newEmail": new_email}
    letter = _Letter(_options(record).confirm_email_change_template, {TOKEN: token}, meta)
    _send(app, app.hooks.mailer_record_email_change_send, record, letter, to=new_email)


def send_otp(
    app: App, record: Record, otp_id: str, plain: str, before_leaving: Callable[[], None]
) -> None:
    """Send a one-time password; *before_leaving* runs just before. Raises `MailError`."""
    values = {OTP: plain, OTP_ID: otp_id}
    letter = _Letter(_options(record).otp.email_template, values, {"otpId": otp_id, "otp": plain})
    _send(app, app.hooks.mailer_record_otp_send, record, letter, before_leaving=before_leaving)


def send_auth_alert(app: App, record: Record, info: str) -> None:
    """Tell the record that it signed in from a place not seen before; raises `MailError`."""
    template = _options(record).auth_alert.email_template
    letter = _Letter(template, {ALERT_INFO: info}, {"info": info})
    _send(app, app.hooks.mailer_record_auth_alert_send, record, letter)


def _options(record: Record) -> AuthOptions:
    options = record.collection.auth
    if options is None:
        raise TypeError(f"{record} cannot sign in")
    return options


def _send(
    app: App,
    hook: Hook[MailerRecordEvent],
    record: Record,
    letter: _Letter,
    *,
    to: str = "",
    before_leaving: Callable[[], None] | None = None,
) -> None:
    subject, html = render(letter.template, app.settings.current.meta, record, letter.values)
    message = app.mailer.new_message(to or email(record), subject, html)
    event = MailerRecordEvent(app, message, record)
    event.meta = letter.meta

    def act(event: MailerRecordEvent) -> None:
        if before_leaving is not None:
            before_leaving()
        app.mailer.send(event.message)

    hook.trigger(event, act)
