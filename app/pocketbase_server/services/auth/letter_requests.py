"""What all requests for a letter share: whose address it is, and that it is sent once in a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.hooks.events import DetailedRequestEvent
from pocketbase_server.services.auth.checks import email_issue, refuse
from pocketbase_server.services.auth.identity import record_by_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.hooks.hook import Hook
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo


def request_letter(
    app: App,
    collection: Collection,
    read_request: Callable[[], RequestInfo],
    read_email: Callable[[], str],
    *,
    hook: Hook[DetailedRequestEvent],
    act: Callable[[DetailedRequestEvent], None],
) -> None:
    """Run *act* inside *hook* for the record with the caller's address; nothing tells whether there is one.

    Raises `ValidationErrors` when what was sent is no address.
    """
    address = read_email()
    refuse({"email": email_issue(address)})
    record = record_by_identity(app, collection, address, "email")
    if record is None:
        return
    hook.trigger(DetailedRequestEvent(app, read_request(), collection, record), act)


def throttle_key(kind: str, record: Record) -> tuple[str, ...]:
    """Return by what letters of a kind to a record are counted."""
    return (kind, record.collection.id, record.id)


def send_once(app: App, key: tuple[str, ...], send: Callable[[], None], failure: str) -> None:
    """Send a letter in the background, unless one with that key went out a moment ago."""
    if app.mailer.throttle.take(*key):
        app.mailer.send_later(send, failure, lambda: app.mailer.throttle.release(*key))
