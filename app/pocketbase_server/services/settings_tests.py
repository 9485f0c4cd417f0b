"""Trying settings out: a bucket, a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pocketbase_server.core.errors import REQUIRED, AppError, BadRequestError, Issue
from pocketbase_server.core.settings.validate import IN_INVALID, email_issue, without_blanks
from pocketbase_server.storage.files.base import FileStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App

FILESYSTEMS: Final = ("storage", "backups")
S3_FAILED: Final = "Failed to test the S3 filesystem."
EMAIL_FAILED: Final = "Failed to send the test email."

VERIFICATION: Final = "verification"
TEMPLATES: Final = (VERIFICATION, "password-reset", "email-change", "otp", "login-alert")
_NOT_AUTH: Final = Issue(
    "validation_invalid_auth_collection", "Must be a valid auth collection id or name."
)


def check_s3(app: App, filesystem: str) -> None:
    """Write, list and delete an object of the bucket that the settings name for *filesystem*.

    Raises `BadRequestError`, with what the bucket said, when that does not work.
    """
    if filesystem not in FILESYSTEMS:
        issue = IN_INVALID if filesystem else REQUIRED
        raise BadRequestError(S3_FAILED, {"filesystem": issue})
    settings = app.settings.current
    s3 = settings.s3 if filesystem == FILESYSTEMS[0] else settings.backups.s3
    if not s3.enabled:
        raise _raw(S3_FAILED, "S3 storage filesystem is not enabled")
    from pocketbase_server.services.file_systems import bucket_of
    from pocketbase_server.storage.files.s3 import check_bucket

    _carry_out(S3_FAILED, lambda: check_bucket(bucket_of(s3)))


class EmailTest(NamedTuple):
    """Which letter is to be sent to whom, as if it were for a record of which collection."""

    email: str
    template: str
    collection: str = ""


def check_email(app: App, test: EmailTest) -> None:
    """Send one of the letters with made-up values; raises `BadRequestError` when that fails."""
    collection = app.collections.get(test.collection or "_superusers")
    issues = _email_issues(test)
    if collection is None or not collection.is_auth:
        issues["collection"] = _NOT_AUTH
    if issues or collection is None:
        raise BadRequestError(EMAIL_FAILED, issues)
    from pocketbase_server.services.auth.trial import send_trial

    _carry_out(EMAIL_FAILED, lambda: send_trial(app, collection, test.template, test.email))


def _email_issues(test: EmailTest) -> dict[str, Any]:
    template = IN_INVALID if test.template not in TEMPLATES else None
    return without_blanks(
        {
            "email": email_issue(test.email),
            "template": template if test.template else REQUIRED,
        }
    )


def _carry_out(message: str, act: Callable[[], None]) -> None:
    try:
        act()
    except (AppError, FileStoreError, OSError, ValueError) as ex:
        raise _raw(message, str(ex)) from ex


def _raw(message: str, reason: str) -> BadRequestError:
    return BadRequestError(f"{message} Raw error: \n{reason}")
