"""Letters about new logins that nobody edited get the text that tells where they came from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.auth_defaults import default_auth_options
from pocketbase_server.kit import json
from pocketbase_server.kit.security import sha256
from pocketbase_server.services.logs.entry import timestamp
from pocketbase_server.storage.sql.collection_rows import read_options, write_options

if TYPE_CHECKING:
    from pocketbase_server.app import App

_OLD_BODY: Final = "ba5c60f52c2370c3c8cbbf54cbca348bde1dfd6ccdca01b06d32524139312d28"
"""The SHA-256 of the text that PocketBase 0.23 to 0.33 started with."""


def update_alert_templates(app: App) -> None:
    """Replace the alert letter of every auth collection that still has the first one."""
    new_body = default_auth_options().auth_alert.email_template.body
    for collection_id, text in read_options(app.data, "auth"):
        options = json.loads(text)
        template = options.get("authAlert", {}).get("emailTemplate", {})
        if sha256(str(template.get("body", ""))) == _OLD_BODY:
            template["body"] = new_body
            changed = json.dumps(options).decode()
            write_options(app.data, collection_id, changed, timestamp(time.time()))
