"""Who may call: checks that stand before a responder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pocketbase_server.core.errors import BadRequestError, ForbiddenError, UnauthorizedError

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.web.endpoint import Responder
    from pocketbase_server.web.exchange import Request, Response


def require_auth(caller: Record | None, *collections: str) -> Record:
    """Return the signed-in caller, or raise; with *collections*, only records of those will do."""
    if caller is None:
        raise UnauthorizedError("The request requires valid record authorization token.")
    if collections and caller.collection.name not in collections:
        raise ForbiddenError("The authorized record is not allowed to perform this action.")
    return caller


def require_superuser(caller: Record | None) -> Record:
    """Return the caller when it is a superuser, or raise."""
    return require_auth(caller, "_superusers")


def require_guest(caller: Record | None) -> None:
    """Raise when the caller is signed in."""
    if caller is not None:
        raise BadRequestError("The request can be accessed only by guests.")


def for_superusers(responder: Responder) -> Responder:
    """Return *responder* behind the check that a superuser asks."""

    def guarded(req: Request, resp: Response, **params: Any) -> None:
        require_superuser(req.caller)
        responder(req, resp, **params)

    return guarded


def for_signed_in(responder: Responder) -> Responder:
    """Return *responder* behind the check that someone signed in asks."""

    def guarded(req: Request, resp: Response, **params: Any) -> None:
        require_auth(req.caller)
        responder(req, resp, **params)

    return guarded
