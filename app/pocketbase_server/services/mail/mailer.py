"""The mailer: sends letters, at once or in the background."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import AppError
from pocketbase_server.core.hooks.events import MailerEvent
from pocketbase_server.services.mail.messages import Address, Message
from pocketbase_server.services.mail.outbox import Outbox
from pocketbase_server.services.mail.throttle import make_throttle

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.services.mail.transports.base import Transport

WARN: Final = 4
ERROR: Final = 8
"""Log levels."""
PATIENCE_AT_END: Final = 1.0
"""Seconds that letters on their way get when the server stops."""


class Mailer:
    """Sends letters by the way that the settings name; `use()` sets another."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._transport: Transport | None = None
        self.outbox = Outbox()
        self.throttle = make_throttle(app.dir.path, is_alone=app.config.workers <= 1)

    def use(self, transport: Transport | None) -> None:
        """Send everything by *transport* from now on; None for what the settings say."""
        self._transport = transport

    def sender(self) -> Address:
        """Return who signs the application's letters."""
        meta = self._app.settings.current.meta
        return Address(meta.sender_address, meta.sender_name)

    def new_message(self, to: str, subject: str, html: str) -> Message:
        """Return a letter of the application to one address."""
        return Message(self.sender(), [Address(to)], subject, html)

    def send(self, message: Message) -> None:
        """Send a letter and return once it is handed over; raises `MailError`."""
        event = MailerEvent(self._app, message)
        self._app.hooks.mailer_send.trigger(event, lambda e: self.transport().send(e.message))

    def transport(self) -> Transport:
        """Return the way letters leave now."""
        if self._transport is not None:
            return self._transport
        from pocketbase_server.services.mail.transports import TRANSPORTS

        smtp = self._app.settings.current.smtp
        return TRANSPORTS["smtp" if smtp.enabled else "sendmail"](smtp)

    def send_later(
        self, act: Callable[[], None], failure: str, undo: Callable[[], None], level: int = ERROR
    ) -> None:
        """Run *act*, which sends, in the background.

        When it fails, *failure* goes to the log and *undo* is called.
        """
        if not self.outbox.put(lambda: self._attempt(act, failure, undo, level)):
            self._give_up(AppError("too many letters wait already"), failure, undo, level)

    def _attempt(
        self, act: Callable[[], None], failure: str, undo: Callable[[], None], level: int
    ) -> None:
        try:
            act()
        except Exception as ex:  # noqa: BLE001 - a handler's fault too must end in the log, not in the thread
            self._give_up(ex, failure, undo, level)

    def _give_up(
        self, error: Exception, failure: str, undo: Callable[[], None], level: int
    ) -> None:
        self._app.logs.write(level, failure, {"error": str(error)})
        try:
            undo()
        except Exception as ex:  # noqa: BLE001 - nobody waits for this thread
            self._app.logs.write(ERROR, failure, {"error": str(ex)})

    def close(self) -> None:
        """Let what is on its way leave, but not for long."""
        self.outbox.close(PATIENCE_AT_END)
        self.throttle.close()
