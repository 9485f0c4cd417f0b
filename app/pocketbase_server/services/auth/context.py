"""What every auth request begins with: which collection, and may this caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.errors import ForbiddenError, NotFoundError, UnauthorizedError

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.model import Record


def find_collection(app: App, name_or_id: str) -> Collection:
    """Return the collection that a path names; raises `NotFoundError`."""
    collection = app.collections.get(name_or_id)
    if collection is None:
        raise NotFoundError("Missing or invalid collection context.")
    return collection


def find_auth_collection(app: App, name_or_id: str) -> Collection:
    """Return the auth collection that a path names; raises `NotFoundError`."""
    collection = find_collection(app, name_or_id)
    if collection.auth is None:
        raise NotFoundError("Missing or invalid auth collection context.")
    return collection


def require_auth_of(collection: Collection, caller: Record | None) -> Record:
    """Return the caller, who must be signed in as a record of *collection*."""
    if caller is None:
        raise UnauthorizedError("The request requires valid record authorization token.")
    if caller.collection.id != collection.id:
        name = caller.collection.name
        raise ForbiddenError(f"The request requires auth record from {name} collection.")
    return caller
