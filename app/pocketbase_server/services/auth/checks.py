"""What the forms of signing in check alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import byte_length, length_between
from pocketbase_server.core.errors import REQUIRED, Issue, ValidationErrors
from pocketbase_server.kit.addresses import is_email

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.core.collections.model import Collection

LONGEST: Final = 255

NOT_EMAIL: Final = Issue("validation_is_email", "Must be a valid email address.")
MISMATCH: Final = Issue("validation_values_mismatch", "Values don't match.")


def text_issue(text: str, low: int = 1, high: int = LONGEST) -> Issue | None:
    """Return the issue of a text that must be given and has *low* to *high* bytes."""
    if not text:
        return REQUIRED
    # COMPAT: bytes are counted, not characters
    return None if low <= byte_length(text) <= high else length_between(low, high)


def email_issue(text: str) -> Issue | None:
    """Return the issue of a text that must be an e-mail address."""
    return text_issue(text) or (None if is_email(text) else NOT_EMAIL)


def password_issues(collection: Collection, password: str, confirm: str) -> dict[str, Issue | None]:
    """Return the issues of a new password and of what was typed to confirm it."""
    shortest = int(getattr(collection.field("password"), "min", 0)) or 1
    mismatch = None if confirm == password else MISMATCH
    return {
        "password": text_issue(password, shortest),
        "passwordConfirm": mismatch if confirm else REQUIRED,
    }


def refuse(issues: Mapping[str, Any]) -> None:
    """Raise `ValidationErrors` when any of the named issues is one."""
    found = {name: issue for name, issue in issues.items() if issue is not None}
    if found:
        raise ValidationErrors(found)
