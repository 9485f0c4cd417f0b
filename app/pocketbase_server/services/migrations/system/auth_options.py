"""The options that the first auth collections start with."""

from __future__ import annotations

from typing import Final

from pocketbase_server.core.collections.auth_options import (
    TOKENS,
    AuthOptions,
    EmailTemplate,
    TokenOptions,
)
from pocketbase_server.kit.ids import random_string

_SECRET_LENGTH: Final = 50
_DAY: Final = 86_400
_DURATIONS: Final = {
    "auth_token": 5 * _DAY,
    "password_reset_token": 1800,
    "email_change_token": 1800,
    "verification_token": _DAY,
    "file_token": 180,
}


def auth_options(*, is_superuser: bool) -> AuthOptions:
    """Return fresh options, with secrets of their own."""
    options = AuthOptions()
    for name in TOKENS:
        setattr(options, name, TokenOptions(random_string(_SECRET_LENGTH), _DURATIONS[name]))
    options.password_auth.enabled = True
    options.password_auth.identity_fields = ["email"]
    options.mfa.duration = 600
    options.otp.duration = 180
    options.otp.length = 8
    options.auth_alert.enabled = True
    _add_letters(options)
    if is_superuser:
        options.auth_token.duration = _DAY
    else:
        options.oauth2.mapped_fields.name = "name"
        options.oauth2.mapped_fields.avatar_url = "avatar"
    return options


def _add_letters(options: AuthOptions) -> None:
    options.auth_alert.email_template = ALERT
    options.otp.email_template = _letter(
        "OTP for {APP_NAME}",
        "Your one-time password: <strong>{OTP}</strong>",
        "<i>You did not ask for it? Then there is nothing to do.</i>",
    )
    options.verification_template = _letter(
        "Verify your {APP_NAME} email",
        "Welcome to {APP_NAME}. Please confirm that this address is yours.",
        _button("confirm-verification", "Verify"),
        "<i>You did not sign up lately? Then there is nothing to do.</i>",
    )
    options.reset_password_template = _letter(
        "Reset your {APP_NAME} password",
        "This button lets you choose a new password.",
        _button("confirm-password-reset", "Reset password"),
        "<i>You did not ask for it? Then there is nothing to do.</i>",
    )
    options.confirm_email_change_template = _letter(
        "Confirm your {APP_NAME} new email address",
        "This button confirms your new email address.",
        _button("confirm-email-change", "Confirm new email"),
        "<i>You did not ask for it? Then there is nothing to do.</i>",
    )


def _letter(subject: str, *paragraphs: str) -> EmailTemplate:
    lines = ["Hello,", *paragraphs, "Thanks,<br/>{APP_NAME} team"]
    return EmailTemplate(subject, "\n".join(f"<p>{line}</p>" for line in lines))


def _button(page: str, label: str) -> str:
    link = f"{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}"
    return f'<a class="btn" href="{link}" target="_blank" rel="noopener">{label}</a>'


ALERT: Final = _letter(
    "Login from a new location",
    "Somebody signed in to your {APP_NAME} account from a new place:",
    "<em>{ALERT_INFO}</em>",
    "<strong>If it was not you, change your {APP_NAME} password at once:"
    " that signs out everybody else.</strong>",
    "If it was you, all is well.",
)
