"""Signing in through an OAuth2 provider: exchange the code, find or make the record, link it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from pocketbase_server.core.errors import (
    REQUIRED,
    BadRequestError,
    ForbiddenError,
    ValidationErrors,
)
from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.core.records.auth import token_key
from pocketbase_server.services.auth.context import find_auth_collection
from pocketbase_server.services.auth.oauth2_records import (
    NewRecord,
    find_record,
    link_record,
    needs_password,
    welcome_record,
)
from pocketbase_server.services.auth.providers import PROVIDERS
from pocketbase_server.services.auth.providers.base import AuthUser, OAuth2Provider, ProviderError
from pocketbase_server.services.auth.sign_in import AuthAnswer, sign_in
from pocketbase_server.services.auth.spare_password import spare_password

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo
    from pocketbase_server.services.auth.oauth2_form import OAuth2Form

METHOD: Final = "oauth2"
FAILED: Final = "Failed to authenticate."
NO_TOKEN: Final = "Failed to fetch OAuth2 token."  # noqa: S105 - a message
NO_USER: Final = "Failed to fetch OAuth2 user."
NOT_ENABLED: Final = "The collection is not configured to allow OAuth2 authentication."

T = TypeVar("T")


def auth_with_oauth2(
    app: App,
    name_or_id: str,
    read_form: Callable[[], OAuth2Form],
    read_request: Callable[[], RequestInfo],
) -> AuthAnswer:
    """Sign in whoever comes back from a provider, as a new record if need be."""
    collection = find_auth_collection(app, name_or_id)
    if collection.auth is None or not collection.auth.oauth2.enabled:
        raise ForbiddenError(NOT_ENABLED)
    form = read_form()
    options = form.check(collection.auth.oauth2)
    provider = PROVIDERS[options.name](options)
    request = read_request()
    user = _fetch(provider, form)
    if not user.name:
        user.name = app.apple_names.take(form.code)
    event = DetailedRequestEvent(
        app, request, collection, find_record(app, collection, request, provider.name, user)
    )
    event.details = {
        "provider_name": provider.name,
        "provider": provider,
        "user": user,
        "create_data": form.create_data,
        "is_new_record": event.record is None,
    }
    answer: list[AuthAnswer] = []
    app.hooks.record_auth_with_oauth2_request.trigger(event, lambda e: answer.append(_act(e)))
    return answer[0] if answer else AuthAnswer(event.answer)


def _fetch(provider: OAuth2Provider, form: OAuth2Form) -> AuthUser:
    token = _asked(
        lambda: provider.fetch_token(form.code, form.code_verifier, form.redirect_url), NO_TOKEN
    )
    user = _asked(lambda: provider.fetch_user(token), NO_USER)
    if not user.id:
        # SECURITY: all those without an id would be one and the same
        raise BadRequestError(FAILED, {"providerId": REQUIRED})
    return user


def _asked(ask: Callable[[], T], message: str) -> T:
    try:
        return ask()
    except ProviderError as ex:
        raise BadRequestError(message) from ex


def _act(event: DetailedRequestEvent) -> AuthAnswer:
    user: AuthUser = event.details["user"]
    record, is_new = _settled(event, user)
    meta: dict[str, Any] = {**user.export(), "isNew": is_new}
    return sign_in(event.app, event.request, record, METHOD, meta)


def _settled(event: DetailedRequestEvent, user: AuthUser) -> tuple[Record, bool]:
    """Return the record that is linked to *user* from now on, and whether it was made for them."""
    app, collection, name = event.app, event.collection, event.details["provider_name"]
    # NOTE: what takes its time (a hash, a picture) comes before the writer is ours
    password = _spare_password(event)
    new = None if event.record is not None else NewRecord(event, user, password)
    with app.data.transaction():
        record = _fresh(event)
        if record is None:
            record = find_record(app, collection, event.request, name, user)
        is_new = record is None
        if record is None and new is not None:
            record = new.create()
        elif record is not None:
            welcome_record(app, event.request, record, user, password)
        if record is None:
            raise BadRequestError(FAILED)
        try:
            link_record(app, record, name, user)
        except ValidationErrors as ex:
            raise BadRequestError(FAILED, dict(sorted(ex.issues.items()))) from ex
    return record, is_new


def _fresh(event: DetailedRequestEvent) -> Record | None:
    """Return the event's record, as it is now if it has changed since the provider was asked."""
    record, caller = event.record, event.request.auth
    now = None if record is None else event.app.records.get(record.collection, record.id)
    if record is None or now is None:
        return record
    if caller is not None and caller.id == now.id and token_key(caller) != token_key(now):
        # SECURITY: the caller was signed out meanwhile, perhaps by the owner of the address
        raise BadRequestError(FAILED)
    return record if token_key(now) == token_key(record) else now


def _spare_password(event: DetailedRequestEvent) -> str:
    """Return a password nobody knows, where one will be needed, else ""."""
    record = event.record
    if record is None:
        is_needed = not event.details["create_data"].get("password")
    else:
        is_needed = needs_password(event.request, record)
    return spare_password(event.app, event.collection) if is_needed else ""
