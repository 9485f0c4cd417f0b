"""From where records sign in: a few fingerprints each, so that a new place can be noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.records.auth_refs import AUTH_ORIGINS, new_ref, refs_of
from pocketbase_server.kit.security import md5

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record
    from pocketbase_server.core.request_info import RequestInfo

MOST: Final = 5
"""Places remembered of one record; the oldest is forgotten first."""


def fingerprint(request: RequestInfo) -> str:
    """Return what stands for the place a request comes from."""
    return md5(request.ip + request.headers.get("user_agent", ""))


def remember_origin(app: App, request: RequestInfo, record: Record) -> Record | None:
    """Remember from where *record* signs in.

    Return what was remembered when it did so before, but never from there; else None.
    """
    mark = fingerprint(request)
    with app.data.transaction():
        known = refs_of(app, AUTH_ORIGINS, record)
        same = next((origin for origin in known if origin.get("fingerprint") == mark), None)
        if same is not None:
            app.records.update(same)
            return None
        origin = new_ref(app, AUTH_ORIGINS, record)
        origin.set("fingerprint", mark)
        app.records.create(origin)
        for oldest in known[MOST - 1 :]:
            app.records.delete(oldest)
    return origin if known else None
