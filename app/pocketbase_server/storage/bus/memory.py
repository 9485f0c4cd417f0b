"""The bus of a process that is alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pocketbase_server.storage.bus.base import Handler


class MemoryBus:
    """Has nobody to talk to."""

    name: Final = "memory"
    tag = ""

    def listen(self, handler: Handler) -> None:
        """Do nothing: nobody will write."""

    def has_peers(self) -> bool:
        """Tell that there is nobody else."""
        return False

    def publish(self, message: bytes) -> None:
        """Do nothing: nobody listens."""

    def ask(self, tag: str, message: bytes) -> bytes | None:  # noqa: ARG002
        """Return None: there is nobody to answer."""
        return None

    def close(self) -> None:
        """Do nothing."""
