"""A letter as handlers see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from pocketbase_server.core.errors import AppError


class MailError(AppError):
    """A letter could not be put together or handed over; the message says why."""

    default_message = "The letter could not be sent."


@dataclass(slots=True)
class Address:
    """An e-mail address, with the name of whoever it belongs to."""

    address: str
    name: str = ""


@dataclass(slots=True)
class Message:
    """A letter; handlers may change all of it before it is sent.

    Without `text`, the plain part is made from the HTML.
    """

    sender: Address
    to: list[Address]
    subject: str = ""
    html: str = ""
    text: str = ""
    cc: list[Address] = field(default_factory=list)
    bcc: list[Address] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)
    """Files by name."""
    inline_attachments: dict[str, bytes] = field(default_factory=dict)
    """Files that the HTML shows, by their `cid:`."""

    def recipients(self) -> list[str]:
        """Return everyone's address, each once."""
        return list(dict.fromkeys(one.address for one in (*self.to, *self.cc, *self.bcc)))
