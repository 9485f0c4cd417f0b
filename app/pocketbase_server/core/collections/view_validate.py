"""Giving view collections their fields, and saying what is wrong with their query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.collections.views import ViewQueryError, try_view
from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.kit.text import sentence

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection

_FIELDS_KEY = "view issue"


def load_view_fields(app: App, collection: Collection) -> None:
    """Replace the fields of a view by what its query gives; none when the query is no good."""
    options = collection.view
    collection.cache.pop(_FIELDS_KEY, None)
    if options is None or not options.view_query:
        collection.fields = []
    else:
        try:
            collection.fields = try_view(options.view_query, app.data, app.collections.get).fields
        except ViewQueryError as ex:
            collection.fields = []
            collection.cache[_FIELDS_KEY] = sentence(f"Invalid query - {ex}")
    collection.forget_fields()


def query_issue(collection: Collection) -> Issue | None:
    """Return why the query cannot be that of a view, or None; after `load_view_fields()`."""
    if collection.view is None or not collection.view.view_query:
        return REQUIRED
    message: str | None = collection.cache.get(_FIELDS_KEY)
    return None if message is None else Issue("validation_invalid_view_query", message)
