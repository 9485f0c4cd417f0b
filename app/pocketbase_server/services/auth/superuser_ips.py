"""From where superusers may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pocketbase_server.core.errors import ForbiddenError
from pocketbase_server.core.settings.networks import contains

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.records.model import Record


class ForeignAddressError(Exception):
    """Stands as the cause in the activity log, not in the answer."""


def may_ask_from(app: App, record: Record | None, ip: str) -> bool:
    """Tell whether *record* may ask from *ip*: only superusers may be kept to certain addresses."""
    if record is None or not record.is_superuser:
        return True
    allowed = app.settings.current.superuser_ips
    return not allowed or contains(allowed, ip)


def check_superuser_ip(app: App, record: Record | None, ip: str) -> None:
    """Raise `ForbiddenError` when *record* is a superuser who may not ask from *ip*."""
    if not may_ask_from(app, record, ip):
        raise ForbiddenError from ForeignAddressError("superuser IP is not whitelisted")
