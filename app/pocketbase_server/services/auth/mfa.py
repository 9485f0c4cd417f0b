"""A second method: who must use one, and the session between the first and the second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.records.auth_refs import MFAS, age_of, delete_older, new_ref
from pocketbase_server.services.rule_checks import BROKEN

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo


def check_mfa(app: App, request: RequestInfo, record: Record, method: str) -> str:
    """Return "" when *record* is through, else the id of a session for the second method.

    Raises `BadRequestError` when the request names a session that is no good.
    """
    if not is_required(app, request, record):
        return ""
    mfa_id = _named_session(request)
    if not mfa_id:
        return _begin(app, record, method)
    _finish(app, record, method, mfa_id)
    return ""


def is_required(app: App, request: RequestInfo, record: Record) -> bool:
    """Tell whether *record* has to use two methods.

    Raises `BadRequestError` when the rule that says so cannot be evaluated.
    """
    options = record.collection.auth
    if options is None or not options.mfa.enabled or not options.mfa.rule:
        return options is not None and options.mfa.enabled
    try:
        return app.queries.matches(record.collection, record.id, request, options.mfa.rule)
    except BROKEN as ex:
        raise BadRequestError("Failed to authenticate.") from ex


def _named_session(request: RequestInfo) -> str:
    mfa_id: Any = request.body.get("mfaId")
    if mfa_id is not None and not isinstance(mfa_id, str):
        raise BadRequestError("Failed to read MFA Id.")
    return mfa_id or request.query.get("mfaId", "")


def _begin(app: App, record: Record, method: str) -> str:
    session = new_ref(app, MFAS, record)
    session.set("method", method)
    app.records.create(session)
    return session.id


def _finish(app: App, record: Record, method: str, mfa_id: str) -> None:
    # SECURITY: read and deleted in one transaction: of many at once only one gets through
    with app.data.transaction():
        session = app.records.get(MFAS, mfa_id)
        if session is None:
            raise BadRequestError("Invalid or expired MFA session.")
        is_over = _has_expired(session, record)
        if not is_over:
            _check_session(session, record, method)
        app.records.delete(session)
    if is_over:
        raise BadRequestError("Invalid or expired MFA session.")


def _check_session(session: Record, record: Record, method: str) -> None:
    owner = (session.get("collectionRef"), session.get("recordRef"))
    if owner != (record.collection.id, record.id):
        raise BadRequestError("Invalid MFA session.")
    if session.get("method") == method:
        raise BadRequestError("A different authentication method is required.")


def _has_expired(session: Record, record: Record) -> bool:
    options = record.collection.auth
    return age_of(session) > (options.mfa.duration if options else 0)


def delete_expired(app: App) -> None:
    """Delete the sessions that are too old to be finished."""
    for collection in app.collections.all():
        if collection.auth is not None:
            delete_older(app, MFAS, collection, collection.auth.mfa.duration)
