"""Guards for own routes: middlewares that let only certain callers through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import ForbiddenError
from pocketbase_server.web.guards import require_auth, require_guest, require_superuser

if TYPE_CHECKING:
    from pocketbase_server.web.route_event import RouteEvent
    from pocketbase_server.web.router import Handler

_NOT_YOURS: Final = "You are not allowed to perform this request."


def signed_in(*collections: str) -> Handler:
    """Let signed-in callers pass; with *collections*, only records of those."""

    def guard(event: RouteEvent) -> None:
        require_auth(event.auth, *collections)
        event.next()

    return guard


def superusers() -> Handler:
    """Let superusers pass."""

    def guard(event: RouteEvent) -> None:
        require_superuser(event.auth)
        event.next()

    return guard


def superusers_or_owner(param: str = "id") -> Handler:
    """Let superusers pass, and the record whose id is the path's parameter *param*."""

    def guard(event: RouteEvent) -> None:
        caller = require_auth(event.auth)
        if not caller.is_superuser and caller.id != event.params.get(param):
            raise ForbiddenError(_NOT_YOURS)
        event.next()

    return guard


def guests() -> Handler:
    """Let only those pass who are not signed in."""

    def guard(event: RouteEvent) -> None:
        require_guest(event.auth)
        event.next()

    return guard
