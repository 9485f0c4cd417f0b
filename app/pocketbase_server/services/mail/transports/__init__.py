"""Ways for letters to leave, one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.services.mail.transports.memory import MemoryTransport
from pocketbase_server.services.mail.transports.sendmail import SendmailTransport
from pocketbase_server.services.mail.transports.smtp import SmtpTransport

if TYPE_CHECKING:
    from pocketbase_server.services.mail.transports.base import Transport

TRANSPORTS: Final[dict[str, type[Transport]]] = {
    transport.name: transport for transport in (SmtpTransport, SendmailTransport, MemoryTransport)
}
