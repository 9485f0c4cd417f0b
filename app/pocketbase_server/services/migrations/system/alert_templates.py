"""Letters about new logins that nobody edited get the text that tells where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.auth_defaults import default_auth_options
from pocketbase_server.kit.security import sha256
from pocketbase_server.services.migrations.system.stored import (
    store_collection,
    stored_collections,
)

if TYPE_CHECKING:
    from pocketbase_server.app import App

_OLD_BODY: Final = "ba5c60f52c2370c3c8cbbf54cbca348bde1dfd6ccdca01b06d32524139312d28"
"""The SHA-256 of the text that PocketBase 0.23 to 0.33 started with."""


def update_alert_templates(app: App) -> None:
    """Replace the alert letter of every auth collection that still has the first one."""
    new_body = default_auth_options().auth_alert.email_template.body
    for collection in stored_collections(app.data):
        if collection.auth is None:
            continue
        template = collection.auth.auth_alert.email_template
        if sha256(template.body) == _OLD_BODY:
            template.body = new_body
            store_collection(app.data, collection)
