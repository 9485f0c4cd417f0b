"""The options a new auth collection starts with; the letters are our own wording."""

from __future__ import annotations

from typing import Final

from pocketbase_server.core.collections.auth_options import (
    SECRET_LENGTH,
    AuthAlert,
    AuthOptions,
    EmailTemplate,
    Mfa,
    Otp,
    PasswordAuth,
    TokenOptions,
)
from pocketbase_server.kit.ids import random_string

DAY: Final = 86_400

_CLOSING: Final = "<p>\n  Best regards,<br/>\n  the {APP_NAME} team\n</p>"
_LINK: Final = (
    '<p>\n  <a class="btn" href="{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}"'
    ' target="_blank" rel="noopener">{label}</a>\n</p>'
)


def _letter(subject: str, *paragraphs: str) -> EmailTemplate:
    return EmailTemplate(subject, "\n".join(["<p>Hello,</p>", *paragraphs, _CLOSING]))


def _alert() -> EmailTemplate:
    return _letter(
        "Login from a new location",
        "<p>Someone has just signed in to your {APP_NAME} account from a place we have not seen"
        " before:</p>",
        "<p><em>{ALERT_INFO}</em></p>",
        "<p><strong>Was it not you? Then change your {APP_NAME} password now: it signs out every"
        " other place.</strong></p>",
        "<p>If it was you, there is nothing to do.</p>",
    )


def _otp() -> EmailTemplate:
    return _letter(
        "OTP for {APP_NAME}",
        "<p>Your one-time password is: <strong>{OTP}</strong></p>",
        "<p><i>If you did not ask for it, ignore this letter.</i></p>",
    )


def _verification() -> EmailTemplate:
    return _letter(
        "Verify your {APP_NAME} email",
        "<p>Somebody has registered at {APP_NAME} with this address. Was it you? Then please confirm"
        " that it is yours.</p>",
        _LINK.format(page="confirm-verification", label="Verify"),
        "<p><i>If you did not register, ignore this letter and do not confirm: you would share the"
        " account with whoever did.</i></p>",
    )


def _reset() -> EmailTemplate:
    return _letter(
        "Reset your {APP_NAME} password",
        "<p>The button below lets you choose a new password.</p>",
        _LINK.format(page="confirm-password-reset", label="Reset password"),
        "<p><i>If you did not ask for it, ignore this letter: your password stays as it is.</i></p>",
    )


def _email_change() -> EmailTemplate:
    return _letter(
        "Confirm your {APP_NAME} new email address",
        "<p>The button below makes this your address at {APP_NAME}.</p>",
        _LINK.format(page="confirm-email-change", label="Confirm new email"),
        "<p><i>If you did not ask for it, ignore this letter.</i></p>",
    )


def _token(duration: int) -> TokenOptions:
    return TokenOptions(random_string(SECRET_LENGTH), duration)


def default_auth_options() -> AuthOptions:
    """Return the options of a new auth collection: password sign-in by e-mail, secrets made anew."""
    return AuthOptions(
        auth_alert=AuthAlert(enabled=True, email_template=_alert()),
        password_auth=PasswordAuth(enabled=True, identity_fields=["email"]),
        mfa=Mfa(duration=600),
        otp=Otp(duration=180, length=8, email_template=_otp()),
        auth_token=_token(5 * DAY),
        password_reset_token=_token(1800),
        email_change_token=_token(1800),
        verification_token=_token(DAY),
        file_token=_token(180),
        verification_template=_verification(),
        reset_password_template=_reset(),
        confirm_email_change_template=_email_change(),
    )
