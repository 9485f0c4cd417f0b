"""A small cache that forgets what was not used for longest."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Lru(Generic[K, V]):
    """Keeps at most *size* values by key; safe to share between threads."""

    __slots__ = ("_lock", "_size", "_values")

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[K, V] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """Return the value kept for *key*, or None."""
        # PERF: a look-up takes no lock; only when the cache is half full does the order matter
        value = self._values.get(key)
        if value is not None and len(self._values) * 2 > self._size:
            self._touch(key)
        return value

    def _touch(self, key: K) -> None:
        with self._lock:
            value = self._values.pop(key, None)
            if value is not None:
                self._values[key] = value

    def put(self, key: K, value: V) -> None:
        """Keep *value*, forgetting the one unused for longest when there are too many."""
        with self._lock:
            values = self._values
            values.pop(key, None)
            values[key] = value
            if len(values) > self._size:
                del values[next(iter(values))]

    def pop(self, key: K) -> V | None:
        """Forget *key* and return what was kept for it."""
        with self._lock:
            return self._values.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
