"""Letters that stay here: for tests and for programs that look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pocketbase_server.services.mail.composing import compose

if TYPE_CHECKING:
    from pocketbase_server.core.settings.model import Smtp
    from pocketbase_server.services.mail.messages import Message


class MemoryTransport:
    """Keeps what is sent in `sent`, oldest first."""

    name: ClassVar[str] = "memory"

    def __init__(self, settings: Smtp | None = None) -> None:  # noqa: ARG002
        self.sent: list[Message] = []

    def send(self, message: Message) -> None:
        """Keep the letter; one that could not travel is refused with `MailError`."""
        compose(message)
        self.sent.append(message)
