"""Signing in as someone else, which superusers may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.checks import at_least
from pocketbase_server.core.errors import NotFoundError
from pocketbase_server.services.auth.checks import refuse
from pocketbase_server.services.auth.sign_in import AuthAnswer, hand_out_unchecked
from pocketbase_server.services.auth.tokens import new_static_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.request_info import RequestInfo

NO_COLLECTION: Final = "Missing or invalid auth collection context."
LONGEST: Final = 1 << 40
"""Seconds: some 35,000 years."""


def impersonate(
    app: App,
    name_or_id: str,
    record_id: str,
    read_request: Callable[[], RequestInfo],
    read_duration: Callable[[], int],
) -> AuthAnswer:
    """Return the record and a token that signs in as it, but cannot be exchanged for a newer one.

    The auth rule is not asked. A duration of 0 means as long as the collection says.
    """
    collection = app.collections.get(name_or_id)
    if collection is None or collection.auth is None:
        raise NotFoundError(NO_COLLECTION)
    record = app.records.find(collection, record_id)
    duration = read_duration()
    refuse({"duration": at_least(0) if duration < 0 else None})
    token = new_static_token(record, min(duration, LONGEST))
    return hand_out_unchecked(app, read_request(), record, token)
