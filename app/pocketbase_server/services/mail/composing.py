"""From a letter to the bytes it travels as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, localtime
from typing import TYPE_CHECKING, Final

from pocketbase_server.kit.ids import random_string
from pocketbase_server.kit.mime import SNIFFED, sniff, type_by_name
from pocketbase_server.services.mail.messages import MailError
from pocketbase_server.services.mail.plain_text import plain_text

if TYPE_CHECKING:
    from pocketbase_server.services.mail.messages import Address, Message

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_SPACE: Final = re.compile(r"\s+")
_HEADER_NAME: Final = re.compile(r"[!-9;-~]+")
_OURS: Final = frozenset({"from", "to", "cc", "subject", "date", "mime-version", "content-type"})


def compose(message: Message) -> bytes:
    """Return the letter as it travels; raises `MailError` for addresses that are none."""
    everyone = [message.sender, *message.to, *message.cc]
    is_ascii = all(one.address.isascii() for one in everyone)
    letter = EmailMessage(policy=SMTP if is_ascii else SMTPUTF8)
    _add_headers(letter, message)
    _add_body(letter, message)
    return letter.as_bytes()


def _add_headers(letter: EmailMessage, message: Message) -> None:
    letter["From"] = _header_address(message.sender)
    letter["To"] = [_header_address(one) for one in message.to]
    if message.cc:
        letter["Cc"] = [_header_address(one) for one in message.cc]
    letter["Subject"] = one_line(message.subject)
    letter["Date"] = format_datetime(localtime())
    for name, value in _own_headers(message.headers):
        letter[name] = one_line(value)
    if "Message-ID" not in letter:
        domain = message.sender.address.rpartition("@")[2]
        letter["Message-ID"] = f"<{random_string(15)}@{domain}>"


def _own_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in headers.items()
        if _HEADER_NAME.fullmatch(name) and name.lower() not in _OURS
    ]


def _header_address(one: Address) -> HeaderAddress:
    check_address(one.address)
    name, _, domain = one.address.rpartition("@")
    try:
        if not name.isascii():
            # NOTE: the library reads no names beyond ASCII, but writes them
            return HeaderAddress(one_line(one.name), username=name, domain=domain)
        return HeaderAddress(one_line(one.name), addr_spec=one.address)
    except (ValueError, IndexError) as ex:
        raise MailError(f"invalid address {one.address!r}") from ex


def check_address(address: str) -> None:
    """Raise `MailError` for what could be anything but one address on the wire."""
    # SECURITY: a line break or space here would be a command or header of its own
    if not address or "@" not in address or _CONTROL.search(address) or _SPACE.search(address):
        raise MailError(f"invalid address {address!r}")


def one_line(text: str) -> str:
    """Return *text* as it may stand in a header: no line breaks, no control characters."""
    # SECURITY: what follows a line break would be read as another header
    return _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()


def _add_body(letter: EmailMessage, message: Message) -> None:
    text = message.text or plain_text(message.html)
    letter.set_content(text, cte="quoted-printable")
    if message.html:
        letter.add_alternative(message.html, subtype="html", cte="quoted-printable")
        _add_inline(letter, message.inline_attachments)
    for name, data in message.attachments.items():
        main, sub = _kind(name, data)
        letter.add_attachment(data, maintype=main, subtype=sub, filename=one_line(name))


def _add_inline(letter: EmailMessage, files: Mapping[str, bytes]) -> None:
    html = letter.get_body(("html",))
    for name, data in files.items():
        main, sub = _kind(name, data)
        if isinstance(html, EmailMessage):
            html.add_related(data, maintype=main, subtype=sub, cid=f"<{one_line(name)}>")


def _kind(name: str, data: bytes) -> tuple[str, str]:
    """Return the two halves of a file's content type."""
    kind = type_by_name(name) or sniff(data[:SNIFFED])
    main, _, sub = kind.partition(";")[0].partition("/")
    return main, sub
