"""Tokens that came by letter: whether they are good, and that they are good once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue, ValidationErrors
from pocketbase_server.core.fields.password import NewPassword
from pocketbase_server.core.records.auth import token_key
from pocketbase_server.kit import jwt
from pocketbase_server.services.auth.tokens import record_by_token

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record

INVALID: Final = Issue("validation_invalid_token", "Invalid or expired token.")
OTHER_COLLECTION: Final = Issue(
    "validation_token_collection_mismatch", "The provided token is for different auth collection."
)


class LetterToken(NamedTuple):
    """What became of a token: whose it is, or what is wrong with it."""

    record: Record | None = None
    issue: Issue | None = None


def read_token(app: App, collection: Collection, token: str, type: str) -> LetterToken:
    """Return whose *token* of that type is, or why it is no good for *collection*."""
    if not token:
        return LetterToken(issue=REQUIRED)
    record = record_by_token(app, token, type)
    if record is None:
        return LetterToken(issue=INVALID)
    if record.collection.id != collection.id:
        return LetterToken(issue=OTHER_COLLECTION)
    return LetterToken(record)


def claim(token: str, name: str) -> Any:
    """Return what *token* says, not yet believed, whoever signed it; None when it does not."""
    try:
        _, claims = jwt.parse_unverified(token)
    except jwt.TokenError:
        return None
    return claims.get(name)


@contextmanager
def still_good(app: App, record: Record) -> Iterator[None]:
    """Run the block as the one use of a token for *record*; raises `ValidationErrors` if it was used.

    What the block changes must change the token key.
    """
    # SECURITY: looked at again inside the transaction: of many at once only one gets through
    with app.data.transaction():
        now = app.records.get(record.collection, record.id)
        if now is None or token_key(now) != token_key(record):
            raise ValidationErrors({"token": INVALID})
        yield


def hash_ahead(app: App, record: Record) -> None:
    """Hash the record's new password, if it is a good one, before a transaction needs the hash."""
    field, value = record.collection.field("password"), record.get("password")
    if field is None or not isinstance(value, NewPassword):
        return
    if field.validate_value(record, app.records.context) is None:
        value.hash_with(app.passwords.hash)


def save(app: App, record: Record, failure: str) -> None:
    """Save the record; raises `BadRequestError` with *failure* when its fields refuse."""
    try:
        app.records.update(record)
    except ValidationErrors as ex:
        raise BadRequestError(failure, ex.issues) from ex
