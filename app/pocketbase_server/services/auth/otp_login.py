"""Signing in with a one-time password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.errors import BadRequestError, TooManyRequestsError
from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.core.records.auth import (
    email,
    is_verified,
    password_hash,
    refresh_token_key,
    set_verified,
)
from pocketbase_server.core.records.auth_refs import OTPS
from pocketbase_server.services.auth.checks import refuse, text_issue
from pocketbase_server.services.auth.mfa import is_required
from pocketbase_server.services.auth.otp import find_otp_collection, has_expired
from pocketbase_server.services.auth.sign_in import AuthAnswer, sign_in
from pocketbase_server.services.auth.spare_password import set_spare_password, spare_password

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

METHOD: Final = "otp"
INVALID: Final = "Invalid or expired OTP."
TOO_MANY: Final = "Too many attempts, please try again later with a new OTP."
LONGEST_PASSWORD: Final = 71


@dataclass(slots=True, frozen=True)
class OtpForm:
    """The id of a one-time password, and the code that came by letter."""

    otp_id: str = ""
    password: str = ""

    def check(self) -> None:
        """Raise `ValidationErrors` unless the form can be tried."""
        password = text_issue(self.password, 1, LONGEST_PASSWORD)
        refuse({"otpId": text_issue(self.otp_id), "password": password})


def auth_with_otp(
    app: App,
    name_or_id: str,
    read_request: Callable[[], RequestInfo],
    read_form: Callable[[], OtpForm],
) -> AuthAnswer:
    """Sign in the record that the one-time password was made for; it is used up."""
    collection, _ = find_otp_collection(app, name_or_id)
    form = read_form()
    form.check()
    code = _find(app, collection, form.otp_id)
    request, record = read_request(), app.records.get(collection, code.get("recordRef"))
    if record is not None:
        _count(app, request, record, code)
    event = DetailedRequestEvent(app, request, collection, record)
    event.details["otp"] = code
    answer: list[AuthAnswer] = []
    act = app.hooks.record_auth_with_otp_request
    act.trigger(event, lambda e: answer.append(_sign_in(e, form.password)))
    return answer[0] if answer else AuthAnswer(event.answer)


def _find(app: App, collection: Collection, otp_id: str) -> Record:
    code = app.records.get(OTPS, otp_id)
    if code is None or code.get("collectionRef") != collection.id:
        raise BadRequestError(INVALID)
    if has_expired(code, collection):
        raise BadRequestError(INVALID)
    return code


def _count(app: App, request: RequestInfo, record: Record, code: Record) -> None:
    """Raise `TooManyRequestsError` when the code, or the caller at this record, was tried too often."""
    # SECURITY: by code, so that guessing from many addresses does not help; and by caller and
    # record, so that new codes give no new guesses
    for tried in (code.id, f"{request.ip} {record.collection.id} {record.id}"):
        if not app.attempts.take(tried):
            raise TooManyRequestsError(TOO_MANY)


def _sign_in(event: DetailedRequestEvent, password: str) -> AuthAnswer:
    app, record, code = event.app, event.record, event.details["otp"]
    if record is None or not app.passwords.verify(password, password_hash(code)):
        raise BadRequestError(INVALID)
    _use_up(app, code)
    if code.get("sentTo") and code.get("sentTo") == email(record) and not is_verified(record):
        _verify(app, event.request, record)
    return sign_in(app, event.request, record, METHOD)


def _use_up(app: App, code: Any) -> None:
    # SECURITY: read and deleted in one transaction: of many at once only one gets through
    with app.data.transaction():
        now = app.records.get(OTPS, code.id)
        if now is None:
            raise BadRequestError(INVALID)
        app.records.delete(now)


def _verify(app: App, request: RequestInfo, record: Record) -> None:
    """Note that the address is its owner's; whoever registered with it may have been another."""
    password = spare_password(app, record.collection)
    options = record.collection.auth
    set_verified(record)
    # SECURITY: what was known before (password, tokens) is worth nothing from the same moment on
    with app.data.transaction():
        if options is not None and options.mfa.enabled:
            # NOTE: saved first, as the rule that asks for two methods may speak of `verified`
            refresh_token_key(record)
            app.records.update(record)
            if is_required(app, request, record):
                # COMPAT: the password is one of two methods then, worth nothing by itself
                return
        set_spare_password(record, password)
        app.records.update(record)
