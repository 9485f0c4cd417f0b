"""Giving view collections their fields, and saying what is wrong with their query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.collections.select_list import ViewQueryError
from pocketbase_server.core.collections.view_fields import infer_fields
from pocketbase_server.core.collections.views import require_id, try_fields
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.kit.text import sentence

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection

_ISSUE_KEY = "view issue"


def load_view_fields(app: App, collection: Collection, *, is_tried: bool = True) -> None:
    """Replace the fields of a view by what its query gives; none when the query is no good.

    The query is tried out, unless *is_tried* is False.
    """
    options = collection.view
    collection.cache.pop(_ISSUE_KEY, None)
    collection.fields = []
    collection.forget_fields()
    if options is None or not options.view_query:
        return
    try:
        collection.fields = infer_fields(options.view_query, app.data, app.collections.named)
        collection.forget_fields()
        if is_tried:
            try_fields(options.view_query, collection.fields, app.data)
    except ViewQueryError as ex:
        collection.cache[_ISSUE_KEY] = sentence(f"Invalid query - {ex}")


def require_view_fields(app: App, collection: Collection) -> None:
    """Raise `ViewQueryError` unless the query gives fields, an id among them."""
    query = collection.view.view_query if collection.view else ""
    require_id(infer_fields(query, app.data, app.collections.named))


def query_issue(collection: Collection) -> Issue | None:
    """Return why the query cannot be that of a view, or None; after `load_view_fields()`."""
    if collection.view is None or not collection.view.view_query:
        return REQUIRED
    message: str | None = collection.cache.get(_ISSUE_KEY)
    return None if message is None else Issue("validation_invalid_view_query", message)
