"""Against guessing by filters: whoever keeps asking for what is not there is answered later."""

from __future__ import annotations

import time
from random import random
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.request_info import RequestInfo

WINDOW = 3.0
ALLOWED = 3
LONGEST = 0.5
_MOST = 10_000


class EmptyListWatch:
    """Counts filtered lists that turned out empty, by caller and collection."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def pause(self, collection: Collection, request: RequestInfo, page: Any) -> float:
        """Return how many seconds the answer should wait: none for the first three."""
        if page["items"] or not request.query.get("filter"):
            return 0.0
        if not collection.list_rule or request.is_superuser:
            return 0.0
        count = self._count((request.ip, collection.id))
        # SECURITY: a varying time hides what the time of the query would tell
        return random() * LONGEST if count > ALLOWED else 0.0  # noqa: S311

    def _count(self, key: tuple[str, str]) -> int:
        now = time.monotonic()
        with self._lock:
            began, count = self._seen.get(key, (now, 0))
            if now - began > WINDOW:
                began, count = now, 0
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen[key] = (began, count + 1)
        return count + 1
