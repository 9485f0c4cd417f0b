"""A newer token for who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.hooks.events import RecordRequestEvent
from pocketbase_server.services.auth.sign_in import AuthAnswer, hand_out
from pocketbase_server.services.auth.tokens import new_auth_token, read_claims

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo


def refresh_auth(app: App, caller: Record, request: RequestInfo, token: str) -> AuthAnswer:
    """Return the caller and a new token, or the same *token* when that is not refreshable."""
    event = RecordRequestEvent(app, request, caller.collection, caller)
    answer: list[AuthAnswer] = []

    def act(event: RecordRequestEvent) -> None:
        record = event.record or caller
        answer.append(hand_out(app, request, record, _renewed(record, token)))

    app.hooks.record_auth_refresh_request.trigger(event, act)
    return answer[0] if answer else AuthAnswer(event.answer)


def _renewed(record: Record, token: str) -> str:
    claims = read_claims(token)
    return token if claims is not None and not claims.is_refreshable else new_auth_token(record)
