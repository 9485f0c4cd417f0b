"""One-time passwords."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from pocketbase_server.core.records.auth_refs import OTPS, new_ref
from pocketbase_server.kit.ids import random_string

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record


def new_otp(app: App, record: Record) -> tuple[Record, str]:
    """Make a one-time password for *record*: return what is stored of it, and the code in plain."""
    options = record.collection.auth
    plain = random_string(options.otp.length if options is not None else 0, string.digits)
    code = new_ref(app, OTPS, record)
    code.set("password", plain)
    app.records.create(code)
    return code, plain
