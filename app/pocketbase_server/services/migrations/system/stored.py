"""Collections read and written past the store, which does not exist yet when steps are applied."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pocketbase_server.core.collections.model import Collection
from pocketbase_server.services.logs.entry import timestamp
from pocketbase_server.storage.sql.collection_rows import SELECT_ALL, UPDATE

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.engine import Engine


def stored_collections(data: Engine) -> list[Collection]:
    """Return all collections as they are stored, oldest first."""
    return [Collection.from_row(row) for row in data.all(SELECT_ALL)]


def store_collection(data: Engine, collection: Collection) -> None:
    """Write a collection back as changed now, in today's form."""
    collection.updated = timestamp(time.time())
    data.run(UPDATE, (*collection.to_row(), collection.id))
