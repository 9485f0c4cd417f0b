"""Through the `sendmail` program of the machine: what is used when no SMTP server is set up."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, ClassVar, Final

from pocketbase_server.services.mail.composing import compose
from pocketbase_server.services.mail.messages import MailError

if TYPE_CHECKING:
    from pocketbase_server.core.settings.model import Smtp
    from pocketbase_server.services.mail.messages import Message

PLACES: Final = ("/usr/sbin/sendmail", "/usr/bin/sendmail", "/usr/lib/sendmail", "sendmail")
PATIENCE: Final = 30.0
"""Seconds that the program may take."""


class SendmailTransport:
    """Pipes letters into `sendmail`."""

    name: ClassVar[str] = "sendmail"

    def __init__(self, settings: Smtp | None = None) -> None:
        pass

    def send(self, message: Message) -> None:
        """Hand the letter to the program; raises `MailError` when there is none or it refuses."""
        program = _program()
        # SECURITY: after `--` nothing is an option, not even an address that begins with a dash
        line = [program, "-i", "-f", message.sender.address, "--", *message.recipients()]
        try:
            done = subprocess.run(  # noqa: S603
                line, input=compose(message), capture_output=True, timeout=PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as ex:
            raise MailError(f"sendmail: {ex}") from ex
        if done.returncode != 0:
            raise MailError(f"sendmail: {done.stderr.decode(errors='replace').strip()}")


def _program() -> str:
    for place in PLACES:
        found = shutil.which(place)
        if found is not None:
            return found
    raise MailError("failed to locate a sendmail executable path")
