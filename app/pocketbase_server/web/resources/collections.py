"""`/api/collections`: for superusers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.collections.form import BAD_TYPE
from pocketbase_server.core.collections.views import dry_run_view
from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.options import INVALID_BODY
from pocketbase_server.services import collection_crud as crud
from pocketbase_server.web.media import (
    body_bytes,
    has_body,
    read_body,
    read_form,
    send_json,
    send_nothing,
)
from pocketbase_server.web.request_info import request_info
from pocketbase_server.web.resources.auth.forms import by_name, is_json, read_texts

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.request_info import RequestInfo
    from pocketbase_server.web.exchange import Request, Response


def _request_with_body(req: Request, refusal: str = INVALID_BODY) -> RequestInfo:
    try:
        body = read_body(req)
    except BadRequestError as ex:
        raise BadRequestError(refusal) from ex
    info = request_info(req)
    info.body = body
    return info


class CollectionsResource:
    """All collections."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """List collections."""
        page = crud.list_collections(self._app, request_info(req, has_body=False))
        send_json(req, resp, page, is_page=True)

    def on_post(self, req: Request, resp: Response) -> None:
        """Create a collection."""
        send_json(req, resp, crud.create_collection(self._app, _request_with_body(req, BAD_TYPE)))


class CollectionResource:
    """One collection."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response, collection: str) -> None:
        """Show a collection."""
        info = request_info(req, has_body=False)
        send_json(req, resp, crud.view_collection(self._app, info, collection))

    def on_patch(self, req: Request, resp: Response, collection: str) -> None:
        """Change a collection."""
        self._app.collections.find(collection)
        info = _request_with_body(req)
        if not info.body and has_body(req) and body_bytes(req).strip() == b"null":
            # COMPAT: null stands for a collection without a name
            info.body = {"name": ""}
        send_json(req, resp, crud.update_collection(self._app, info, collection))

    def on_delete(self, req: Request, resp: Response, collection: str) -> None:
        """Delete a collection."""
        crud.delete_collection(self._app, request_info(req, has_body=False), collection)
        send_nothing(resp)


class TruncateResource:
    """All records of a collection at once."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_delete(self, req: Request, resp: Response, collection: str) -> None:  # noqa: ARG002
        """Delete all records of a collection."""
        crud.truncate_collection(self._app, collection)
        send_nothing(resp)


class ImportResource:
    """Many collections at once."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_put(self, req: Request, resp: Response) -> None:
        """Create and update collections, all or nothing."""
        body = read_form(req, tells_type=True)
        info = request_info(req)
        info.body = by_name(body, ("collections", "deleteMissing")) if is_json(req) else body
        crud.import_collections(self._app, info)
        send_nothing(resp)


class ScaffoldsResource:
    """What new collections start from."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_get(self, req: Request, resp: Response) -> None:
        """Show blank collections of every type."""
        send_json(req, resp, crud.scaffolds())


class DryRunViewResource:
    """Trying the query of a view."""

    def __init__(self, app: App) -> None:
        self._app = app

    def on_post(self, req: Request, resp: Response) -> None:
        """Show the fields and some records that a query would give."""
        (query,) = read_texts(req, "query")
        send_json(req, resp, dry_run_view(self._app, {"query": query}))
