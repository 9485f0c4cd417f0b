"""Through an SMTP server."""

from __future__ import annotations

import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final

from pocketbase_server.services.mail.composing import check_address, compose
from pocketbase_server.services.mail.messages import MailError

if TYPE_CHECKING:
    from pocketbase_server.core.settings.model import Smtp
    from pocketbase_server.services.mail.messages import Message

PATIENCE: Final = 15.0
"""Seconds without an answer after which the server counts as dead."""
LOGIN: Final = "LOGIN"
_GO_ON, _WELCOME = 334, 235
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SmtpTransport:
    """Speaks SMTP: TLS from the start when so set up, else STARTTLS where the server offers it."""

    name: ClassVar[str] = "smtp"
    context: ssl.SSLContext | None = None
    """What servers' certificates are checked with; None for the system's authorities."""

    def __init__(self, settings: Smtp) -> None:
        self._settings = settings

    def send(self, message: Message) -> None:
        """Hand the letter to the server; raises `MailError`."""
        data = compose(message)
        recipients = message.recipients()
        for address in recipients:
            check_address(address)
        try:
            with self._session() as session:
                self._log_in(session)
                options = () if _is_ascii(message) else ("SMTPUTF8",)
                session.sendmail(message.sender.address, recipients, data, options)
        except (smtplib.SMTPException, OSError, UnicodeError) as ex:
            raise MailError(self._reason(ex)) from ex

    def _reason(self, error: Exception) -> str:
        settings = self._settings
        if isinstance(error, ConnectionRefusedError):
            return f"dial tcp {settings.host}:{settings.port}: connect: connection refused"
        if isinstance(error, socket.gaierror):
            return f"dial tcp: lookup {settings.host}: no such host"
        return _reason(error)

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        session = self._connect()
        try:
            yield session
            session.quit()
        finally:
            session.close()

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        name = settings.local_name or "localhost"
        if settings.tls:
            return smtplib.SMTP_SSL(
                settings.host, settings.port, name, timeout=PATIENCE, context=self._tls()
            )
        session = smtplib.SMTP(settings.host, settings.port, name, timeout=PATIENCE)
        session.ehlo_or_helo_if_needed()
        if session.has_extn("starttls"):
            session.starttls(context=self._tls())
        return session

    def _tls(self) -> ssl.SSLContext:
        return self.context or ssl.create_default_context()

    def _log_in(self, session: smtplib.SMTP) -> None:
        settings = self._settings
        if not settings.username and not settings.password:
            return
        # SECURITY: a password must not be read along the way
        if not isinstance(session.sock, ssl.SSLSocket) and settings.host not in _LOCAL:
            raise MailError("unencrypted connection: the server offers no STARTTLS")
        session.ehlo_or_helo_if_needed()
        attempt = _login if settings.auth_method == LOGIN else _plain
        code, text = attempt(session, settings.username, settings.password)
        if code != _WELCOME:
            raise smtplib.SMTPAuthenticationError(code, text)


# NOTE: smtplib's own dialogues take ASCII only


def _plain(session: smtplib.SMTP, username: str, password: str) -> tuple[int, bytes]:
    return session.docmd("AUTH", f"PLAIN {_base64(f'{chr(0)}{username}{chr(0)}{password}')}")


def _login(session: smtplib.SMTP, username: str, password: str) -> tuple[int, bytes]:
    code, text = session.docmd("AUTH", "LOGIN")
    for answer in (username, password):
        if code == _GO_ON:
            code, text = session.docmd(_base64(answer))
    return code, text


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _is_ascii(message: Message) -> bool:
    return message.sender.address.isascii() and all(a.isascii() for a in message.recipients())


def _reason(error: Exception) -> str:
    """Return what went wrong in words fit for a log."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return f"{error.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(
            f"{who}: {code} {text.decode(errors='replace')}"
            for who, (code, text) in error.recipients.items()
        )
    return str(error) or type(error).__name__
