"""A local SMTP server that keeps what it is sent."""

from __future__ import annotations

import email
import email.policy
import re
import time
from asyncio import sleep
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller

from scripts.servers import LIMIT, free_port

if TYPE_CHECKING:
    from email.message import EmailMessage

TOKEN = re.compile(r"confirm-[a-z-]+/([\w-]+\.[\w-]+\.[\w-]+)")
CODE = re.compile(r"\b(\d{8})\b")


@dataclass(frozen=True)
class Letter:
    """One letter as it arrived."""

    sender: str
    to: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """Return the parsed letter."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)  # type: ignore[return-value]

    def part(self, kind: str) -> str:
        """Return the text of the plain or html part."""
        body = self.message.get_body((kind,))
        return "" if body is None else str(body.get_content())

    @property
    def token(self) -> str:
        """Return the token in its link."""
        found = TOKEN.search(self.part("html"))
        return found[1] if found else ""

    @property
    def code(self) -> str:
        """Return the one-time password in it."""
        found = CODE.search(self.part("plain"))
        return found[1] if found else ""


@dataclass
class Postbox:
    """The server; use as a context manager. `is_held` and `refusal` make it a bad one."""

    is_held: bool = False
    """Whether it leaves everybody waiting."""
    refusal: str = ""
    letters: list[Letter] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Self:
        self._server = Controller(
            self, hostname="127.0.0.1", port=self.port, ready_timeout=LIMIT, **self.options
        )
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_held = False
        self._server.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a letter."""
        while self.is_held:  # noqa: ASYNC110 - told by another thread
            await sleep(0.01)
        if self.refusal:
            return self.refusal
        self.letters.append(Letter(envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def settings(self) -> dict[str, Any]:
        """Return the settings that send letters here."""
        return {"smtp": {"enabled": True, "host": "127.0.0.1", "port": self.port, "tls": False}}

    def take(self, count: int = 1, patience: float = LIMIT) -> list[Letter]:
        """Wait until *count* letters are here and return all there are; 0 waits a moment for none."""
        until = time.monotonic() + (patience if count else 0.25)
        while time.monotonic() < until and (not count or len(self.letters) < count):
            time.sleep(0.01)
        taken, self.letters = self.letters, []
        return taken
