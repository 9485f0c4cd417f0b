"""The end of every way to sign in: rule, second factor, place, and the answer with the token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pocketbase_server.core.errors import ForbiddenError
from pocketbase_server.core.hooks.events import RecordAuthRequestEvent
from pocketbase_server.core.records.expand import enrich
from pocketbase_server.services.auth.alerts import watch_origin
from pocketbase_server.services.auth.mfa import check_mfa
from pocketbase_server.services.auth.superuser_ips import check_superuser_ip
from pocketbase_server.services.auth.tokens import new_auth_token
from pocketbase_server.services.rule_checks import holds

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo


class AuthAnswer(NamedTuple):
    """What is sent to someone who signs in."""

    body: Any
    is_complete: bool = True
    """False: `body` names the session that a second method must name."""


def sign_in(
    app: App, request: RequestInfo, record: Record, method: str, meta: Any = None
) -> AuthAnswer:
    """Sign *record* in after *method* said yes: auth rule and second factor may be in the way."""
    event = _event(app, request, record, new_auth_token(record))
    event.auth_method, event.meta = method, meta
    return answer_auth(event)


def hand_out(app: App, request: RequestInfo, record: Record, token: str) -> AuthAnswer:
    """Return the answer that gives *token* to *record*: no second factor, no place remembered."""
    return answer_auth(_event(app, request, record, token))


def hand_out_unchecked(app: App, request: RequestInfo, record: Record, token: str) -> AuthAnswer:
    """Return the answer that gives *token* to *record*, whatever the auth rule says."""
    return _answer(_event(app, request, record, token))


def _event(app: App, request: RequestInfo, record: Record, token: str) -> RecordAuthRequestEvent:
    return RecordAuthRequestEvent(app, request, record.collection, record, token)


def answer_auth(event: RecordAuthRequestEvent) -> AuthAnswer:
    """Return what the `record_auth_request` hook makes of *event*.

    Raises `ForbiddenError` when the auth rule does not let the record in, or its address is wrong.
    """
    check_superuser_ip(event.app, event.record, event.request.ip)
    _check_auth_rule(event)
    return _answer(event)


def _answer(event: RecordAuthRequestEvent) -> AuthAnswer:
    pending: list[str] = []
    event.app.hooks.record_auth_request.trigger(event, lambda e: _act(e, pending))
    return AuthAnswer(event.answer, is_complete=not pending)


def _check_auth_rule(event: RecordAuthRequestEvent) -> None:
    options, record = event.collection.auth, event.record
    rule = options.auth_rule if options is not None else None
    if rule == "" or event.request.is_superuser:
        return
    matches = event.app.queries.matches
    if (
        rule
        and record is not None
        and holds(lambda: matches(event.collection, record.id, event.request, rule))
    ):
        return
    raise ForbiddenError("The request doesn't satisfy the collection requirements to authenticate.")


def _act(event: RecordAuthRequestEvent, pending: list[str]) -> None:
    record = event.record
    if record is None:
        return
    if event.auth_method:
        mfa_id = check_mfa(event.app, event.request, record, event.auth_method)
        if mfa_id:
            pending.append(mfa_id)
            event.answer = {"mfaId": mfa_id}
            return
        watch_origin(event.app, event.request, record)
    event.answer = _signed_in(event, record)


def _signed_in(event: RecordAuthRequestEvent, record: Record) -> dict[str, Any]:
    # NOTE: expand and hidden fields go by what the record itself may see, now that it is signed in
    enrich(event.app, [record], replace(event.request, auth=record))
    record.ignore_email_visibility = True
    answer: dict[str, Any] = {"record": record, "token": event.token}
    return answer if event.meta is None else {"meta": event.meta, **answer}
