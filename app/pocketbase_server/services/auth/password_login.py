"""Signing in with identity and password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import (
    REQUIRED,
    BadRequestError,
    ForbiddenError,
    Issue,
    ValidationErrors,
)
from pocketbase_server.core.hooks.events import RecordAuthWithPasswordRequestEvent
from pocketbase_server.core.records.auth import password_hash
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.identity import record_by_identity
from pocketbase_server.services.auth.sign_in import AuthAnswer, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.request_info import RequestInfo

PASSWORD: Final = "password"  # noqa: S105
FAILED: Final = "Failed to authenticate."
LONGEST: Final = 255

TOO_LONG: Final = Issue(
    "validation_length_out_of_range",
    f"The length must be between 1 and {LONGEST}.",
    {"max": LONGEST, "min": 1},
)
NOT_AMONG: Final = Issue("validation_in_invalid", "Must be a valid value.")


@dataclass(slots=True, frozen=True)
class PasswordForm:
    """What someone signs in with."""

    identity: str = ""
    password: str = ""
    identity_field: str = ""
    """Where to look for the identity; "" for any identity field."""

    def check(self, collection: Collection) -> None:
        """Raise `ValidationErrors` unless the form can be tried on *collection*."""
        issues = {
            name: issue
            for name, text in (("identity", self.identity), ("password", self.password))
            if (issue := _length_issue(text)) is not None
        }
        fields = collection.auth.password_auth.identity_fields if collection.auth else []
        if self.identity_field and self.identity_field not in fields:
            issues["identityField"] = _length_issue(self.identity_field) or NOT_AMONG
        if issues:
            raise ValidationErrors(issues)


def _length_issue(text: str) -> Issue | None:
    if not text:
        return REQUIRED
    # COMPAT: bytes are counted, not characters
    return TOO_LONG if len(text.encode(errors="surrogatepass")) > LONGEST else None


def auth_with_password(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_form: Callable[[], PasswordForm],
) -> AuthAnswer:
    """Sign in whoever the form names; it is read once the collection is known to allow it."""
    collection = find_auth_collection(app, name_or_id)
    if collection.auth is None or not collection.auth.password_auth.enabled:
        raise ForbiddenError("The collection is not configured to allow password authentication.")
    form = read_form()
    form.check(collection)
    return _try(app, collection, read_request(), form)


def _try(app: App, collection: Collection, request: RequestInfo, form: PasswordForm) -> AuthAnswer:
    record = record_by_identity(app, collection, form.identity, form.identity_field)
    event = RecordAuthWithPasswordRequestEvent(app, request, collection, record)
    event.identity, event.password = form.identity, form.password
    event.identity_field = form.identity_field
    answer: list[AuthAnswer] = []
    app.hooks.record_auth_with_password_request.trigger(event, lambda e: answer.append(_act(e)))
    return answer[0] if answer else AuthAnswer(event.answer)


def _act(event: RecordAuthWithPasswordRequestEvent) -> AuthAnswer:
    record = event.record
    if not _is_right(event) or record is None:
        raise BadRequestError(FAILED)
    return sign_in(event.app, event.request, record, PASSWORD)


def _is_right(event: RecordAuthWithPasswordRequestEvent) -> bool:
    passwords = event.app.passwords
    hashed = password_hash(event.record) if event.record is not None else ""
    if not hashed:
        # SECURITY: an unknown identity must not be told from a wrong password by the time it takes
        return passwords.verify_nothing(event.password, _cost(event.collection))
    return passwords.verify(event.password, hashed)


def _cost(collection: Collection) -> int:
    field = collection.field(PASSWORD)
    return getattr(field, "cost", 0)
