"""A client says what it wants to hear: the second half of connecting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import length_between
from pocketbase_server.core.errors import (
    REQUIRED,
    AppError,
    BadRequestError,
    ForbiddenError,
    Issue,
    NotFoundError,
    OffloadError,
)
from pocketbase_server.core.hooks.events import RealtimeEvent
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.storage.sql.inline import MODE

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.services.realtime.clients import RealtimeClient

_MAX_ID: Final = 255
"""COMPAT: lengths are in bytes."""
_MAX_SUBSCRIPTIONS: Final = 1000
_MAX_LENGTH: Final = 2500
_NO_CLIENT: Final = "Missing or invalid client id."
_OTHER_ADDRESS: Final = "Invalid realtime client."
_OTHER_AUTH: Final = "The current and the previous request authorization don't match."


@dataclass(slots=True)
class SubscribeForm:
    """Which client wants to listen to what."""

    client_id: str = ""
    subscriptions: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Raise `BadRequestError` when the form makes no sense."""
        issues: dict[str, Any] = {}
        if not self.client_id:
            issues["clientId"] = REQUIRED
        elif len(self.client_id.encode()) > _MAX_ID:
            issues["clientId"] = length_between(1, _MAX_ID)
        if len(self.subscriptions) > _MAX_SUBSCRIPTIONS:
            issues["subscriptions"] = _at_most(_MAX_SUBSCRIPTIONS)
        else:
            issues["subscriptions"] = {
                str(at): _at_most(_MAX_LENGTH)
                for at, text in enumerate(self.subscriptions)
                if len(text.encode()) > _MAX_LENGTH
            }
        issues = {name: issue for name, issue in issues.items() if issue}
        if issues:
            raise BadRequestError("", issues)


def _at_most(length: int) -> Issue:
    message = f"The length must be no more than {length}."
    return Issue("validation_length_too_long", message, {"max": length, "min": 0})


def subscribe(app: App, request: RequestInfo, form: SubscribeForm) -> None:
    """Replace what a client listens to and who it is.

    Raises `NotFoundError` for an unknown client, `ForbiddenError` when it was somebody else before,
    `BadRequestError` when it comes from another address.
    """
    form.check()
    client = app.realtime.broker.get(form.client_id)
    if client is not None:
        _apply(app, client, request, form)
        return
    if MODE.active:
        raise OffloadError
    _ask_owner(app, request, form)


def _apply(app: App, client: RealtimeClient, request: RequestInfo, form: SubscribeForm) -> None:
    if client.ip != request.ip:
        raise BadRequestError(_OTHER_ADDRESS)
    if client.auth is not None and not _is_same(client.auth, request.auth):
        raise ForbiddenError(_OTHER_AUTH)
    hook = app.hooks.realtime_subscribe_request
    if MODE.active and hook.has_user_handlers:
        raise OffloadError
    event = RealtimeEvent(app, request, client)
    event.subscriptions = form.subscriptions
    hook.trigger(event, _subscribe)


def _subscribe(event: RealtimeEvent) -> None:
    client: RealtimeClient = event.client
    event.app.realtime.broker.subscribe(client, event.subscriptions, event.request.auth)
    client.show_itself()


def _is_same(before: Record, now: Record | None) -> bool:
    return now is not None and now.id == before.id and now.collection.id == before.collection.id


# -- clients of other processes


def _ask_owner(app: App, request: RequestInfo, form: SubscribeForm) -> None:
    auth = request.auth
    answer = app.realtime.ask_owner(
        form.client_id,
        {
            "op": "subscribe",
            "client": form.client_id,
            "subscriptions": form.subscriptions,
            "auth": [auth.collection.id, auth.id] if auth is not None else None,
            "ip": request.ip,
            "headers": dict(request.headers),
        },
    )
    if answer is None:
        cause = LookupError(f'no client associated with connection ID "{form.client_id}"')
        raise NotFoundError(_NO_CLIENT) from cause
    kind, message = answer
    if kind in _REFUSALS:
        raise _REFUSALS[kind](message)


_REFUSALS: Final[dict[str, type[AppError]]] = {
    "bad": BadRequestError,
    "forbidden": ForbiddenError,
    "unknown": NotFoundError,
}


def subscribe_from_afar(app: App, message: dict[str, Any]) -> list[Any]:
    """Carry out what another process was asked for one of our clients; return kind and message."""
    client = app.realtime.broker.get(message["client"])
    if client is None:
        return ["unknown", _NO_CLIENT]
    auth = app.records.get(*message["auth"]) if message["auth"] else None
    request = RequestInfo(
        method="POST",
        auth=auth,
        ip=message["ip"],
        url="/api/realtime",
        read_headers=lambda: message["headers"],
    )
    form = SubscribeForm(message["client"], message["subscriptions"])
    try:
        _apply(app, client, request, form)
    except AppError as error:
        kinds = [kind for kind, refusal in _REFUSALS.items() if isinstance(error, refusal)]
        return [kinds[0] if kinds else "bad", error.message]
    return ["done", ""]
