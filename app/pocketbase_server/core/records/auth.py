"""What records of auth collections have on top of others: identity, password, token key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.fields.password import NewPassword
from pocketbase_server.kit.ids import random_string

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record

TOKEN_KEY_LENGTH: Final = 50
INSTALLER_EMAIL: Final = "__pbinstaller@example.com"
"""The hidden superuser whose token makes the first real one."""


def email(record: Record) -> str:
    """Return the record's e-mail address, "" when it has none."""
    value: str = record.get("email")
    return value


def token_key(record: Record) -> str:
    """Return the record's half of the key of its tokens."""
    value: str = record.get("tokenKey")
    return value


def is_verified(record: Record) -> bool:
    """Tell whether the e-mail address is known to be the owner's."""
    return bool(record.get("verified"))


def set_verified(record: Record, *, verified: bool = True) -> None:
    """Say whether the e-mail address is known to be the owner's."""
    record.set("verified", verified)


def refresh_token_key(record: Record) -> None:
    """Give the record a new token key: once saved, all tokens made before are worthless."""
    record.set("tokenKey", random_string(TOKEN_KEY_LENGTH))


def set_password(record: Record, plain: str) -> None:
    """Give the record another password; saving it also gives it a new token key."""
    record.set("password", plain)


def password_hash(record: Record) -> str:
    """Return the bcrypt hash of the record's password, "" when it has none."""
    value = record.get("password")
    return value.hash if isinstance(value, NewPassword) else str(value)
