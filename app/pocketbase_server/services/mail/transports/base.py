"""What every way of sending promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pocketbase_server.core.settings.model import Smtp
    from pocketbase_server.services.mail.messages import Message


@runtime_checkable
class Transport(Protocol):
    """Hands letters over; safe to use from several threads."""

    name: ClassVar[str]

    def __init__(self, settings: Smtp) -> None: ...

    def send(self, message: Message) -> None:
        """Hand the letter over and return once that is done; raises `MailError`."""
        ...
