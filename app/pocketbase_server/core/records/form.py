"""A body on its way into a record: who may set what, what a new password takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import REQUIRED, Issue, ValidationErrors
from pocketbase_server.kit.cast import to_text

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record

MISMATCH = Issue("validation_values_mismatch", "Values don't match.")
INVALID_OLD_PASSWORD = Issue("validation_invalid_old_password", "Missing or invalid old password.")

_NEVER = frozenset({"expand"})
_ASIDE = frozenset({"expand", "passwordConfirm", "oldPassword"})

CheckPassword = Callable[[str, str], bool]


class Access(IntEnum):
    """How much of an auth record the caller may change."""

    DEFAULT = 0
    MANAGER = 1
    SUPERUSER = 2


class RecordForm:
    """Takes a body into a record, checks what only a form can know, and saves.

    `check_password(plain, hash)` tells whether a password is right.
    """

    __slots__ = ("_check_password", "_email", "_passwords", "_verified", "access", "record")

    def __init__(self, record: Record, access: Access, check_password: CheckPassword) -> None:
        self.record = record
        self.access = access
        self._check_password = check_password
        self._passwords = ("", "", "")
        is_auth = record.collection.is_auth
        self._email = record.get("email") if is_auth else None
        self._verified = record.get("verified") if is_auth else None

    @property
    def _is_auth(self) -> bool:
        return self.record.collection.is_auth

    def load(self, body: Mapping[str, Any]) -> None:
        """Take over what the body says, but for unknown keys and fields hidden from the caller."""
        if self._is_auth:
            names = ("password", "passwordConfirm", "oldPassword")
            self._passwords = tuple(to_text(body.get(name)) for name in names)  # type: ignore[assignment]
        self.record.load(body, without=self.ignored())

    def ignored(self) -> frozenset[str]:
        """Return the body keys that do not reach the record."""
        aside = _ASIDE if self._is_auth else _NEVER
        hidden = hidden_keys(self.record) if self.access < Access.SUPERUSER else frozenset()
        return aside | hidden if hidden else aside

    def validate(self) -> None:
        """Raise `ValidationErrors` when the caller may not do this, or passwords do not fit."""
        if not self._is_auth:
            return
        issues = {**self._account_issues(), **self._password_issues()}
        if issues:
            raise ValidationErrors(issues)

    def _account_issues(self) -> dict[str, Issue]:
        if self.access is not Access.DEFAULT:
            return {}
        issues = {}
        # COMPAT: a new record may come with any email, but never verified
        if not self.record.is_new and self.record.get("email") != self._email:
            issues["email"] = MISMATCH
        if self.record.get("verified") != self._verified:
            issues["verified"] = MISMATCH
        return issues

    def _password_issues(self) -> dict[str, Issue]:
        password, confirm, old = self._passwords
        is_new = self.record.is_new
        if not (is_new or password or confirm or old):
            return {}
        issues = {}
        if not password:
            issues["password"] = REQUIRED
        if not confirm:
            issues["passwordConfirm"] = REQUIRED
        elif confirm != password:
            issues["passwordConfirm"] = MISMATCH
        # COMPAT: an old password alone is not looked at
        if not is_new and self.access is Access.DEFAULT and (password or confirm):
            issues |= self._old_password_issues(old)
        return issues

    def _old_password_issues(self, old: str) -> dict[str, Issue]:
        if not old:
            return {"oldPassword": REQUIRED}
        hashed = str((self.record.original or {}).get("password", ""))
        return {} if self._check_password(old, hashed) else {"oldPassword": INVALID_OLD_PASSWORD}

    def submit(self, app: App) -> None:
        """Validate and save the record; raises `ValidationErrors`."""
        self.validate()
        app.records.save(self.record)


def hidden_keys(record: Record) -> frozenset[str]:
    """Return the body keys of fields that only superusers may set; a password is no such field."""
    collection = record.collection
    known: frozenset[str] | None = collection.cache.get("hidden keys")
    if known is None:
        known = collection.cache["hidden keys"] = frozenset(
            key
            for field in collection.fields
            if field.hidden and field.name != "password"
            for key in (field.name, *field.setters())
        )
    return known
