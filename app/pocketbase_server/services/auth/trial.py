"""Letters with made-up values, to see whether and how they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.records.auth import refresh_token_key
from pocketbase_server.core.records.model import Record
from pocketbase_server.kit.dates import now
from pocketbase_server.services.auth import letters

if TYPE_CHECKING:
    from collections.abc import Callable

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection

RECORD_ID: Final = "__pb_test_id__"
OTP_ID: Final = "_test_otp_id_"
OTP: Final = "123456"

TRIALS: Final[dict[str, Callable[[App, Record, str], None]]] = {
    "verification": lambda app, record, _: letters.send_verification(app, record),
    "password-reset": lambda app, record, _: letters.send_password_reset(app, record),
    "email-change": letters.send_email_change,
    "otp": lambda app, record, _: letters.send_otp(app, record, OTP_ID, OTP, lambda: None),
    "login-alert": lambda app, record, _: letters.send_auth_alert(
        app, record, f"{now()} - TEST_IP TEST_USER_AGENT"
    ),
}
"""The letters, by the names that the API gives them."""


def send_trial(app: App, collection: Collection, template: str, email: str) -> None:
    """Send one of the `TRIALS`, as if a record of *collection* had that address.

    Raises `MailError`.
    """
    send = TRIALS.get(template)
    if send is None:
        raise BadRequestError
    record = Record(collection)
    record.values["id"] = RECORD_ID
    record.set("email", email)
    refresh_token_key(record)
    send(app, record, email)
