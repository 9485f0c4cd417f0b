"""What every bus can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Handler = Callable[[bytes], "bytes | None"]
"""Takes a message of another process; what it returns is the answer to a question."""


class Bus(Protocol):
    """Carries messages between the processes that serve one application."""

    tag: str
    """What others ask this process by; "" where there are no others."""

    def listen(self, handler: Handler) -> None:
        """Begin to take messages; a second call changes nothing."""
        ...

    def has_peers(self) -> bool:
        """Tell whether any other process listens."""
        ...

    def publish(self, message: bytes) -> None:
        """Send a message to every other process that listens; what cannot be sent is lost."""
        ...

    def ask(self, tag: str, message: bytes) -> bytes | None:
        """Return the answer of the process called *tag*; None when there is none in time."""
        ...

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        ...
