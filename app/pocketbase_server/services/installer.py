"""The first superuser: a link that lets whoever reads the console create it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.model import SUPERUSERS
from pocketbase_server.core.records.auth import INSTALLER_EMAIL, set_password
from pocketbase_server.kit.ids import random_string
from pocketbase_server.services.auth.tokens import new_static_token

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record

DURATION: Final = 30 * 60
"""Seconds for which a link is good."""
_OTHERS: Final = "email != {:email}"


def needs_installer(app: App) -> bool:
    """Tell whether there is no superuser yet, but for the installer's hidden account."""
    params = {"email": INSTALLER_EMAIL}
    return not app.records.find_by_filter(SUPERUSERS, _OTHERS, limit=1, params=params)


def installer_link(app: App, base_url: str) -> str | None:
    """Return a link below *base_url* that creates the first superuser; None when there is one."""
    if not needs_installer(app):
        return None
    token = new_static_token(_installer(app), DURATION)
    return f"{base_url.rstrip('/')}/_/#/pbinstall/{token}"


def _installer(app: App) -> Record:
    known = app.records.first_by(SUPERUSERS, "email", INSTALLER_EMAIL)
    if known is not None:
        return known
    account = app.records.new(app.collections.find(SUPERUSERS))
    account.set("email", INSTALLER_EMAIL)
    set_password(account, random_string(30))
    app.records.create(account)
    return account
