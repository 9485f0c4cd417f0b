"""A file that came with a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_CHUNK: Final = 1 << 18


@dataclass(slots=True, frozen=True, eq=False)
class Upload:
    """One uploaded file: the name it had at the caller's, and its bytes.

    Large ones lie in a temporary file that lives as long as this object.
    """

    name: str
    content_type: str
    """As the caller says, which may be wrong or empty."""
    data: memoryview

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.data.nbytes

    def read(self) -> bytes:
        """Return all bytes."""
        return self.data.tobytes()

    def chunks(self, size: int = _CHUNK) -> Iterator[memoryview]:
        """Give the bytes in pieces of *size*."""
        for start in range(0, self.size, size):
            yield self.data[start : start + size]
