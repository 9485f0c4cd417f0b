"""Paths of before 0.23: `/api/admins` was what the collection `_superusers` is now."""

from __future__ import annotations

from typing import Final

ADMINS: Final = "/api/admins"
ADMINS_KEY: Final = "pocketbase.admins"
"""WSGI environ key that says that the caller used the old path."""

_SUPERUSERS: Final = "/api/collections/_superusers"
_ACTIONS: Final = frozenset(
    {
        "auth-with-password",
        "auth-refresh",
        "request-password-reset",
        "confirm-password-reset",
    }
)


def present_path(path: str) -> str:
    """Return where *path* leads today; *path* itself unless it is one of the old ones."""
    head, _, rest = path.removeprefix(ADMINS).partition("/")
    if not path.startswith(ADMINS) or head or "/" in rest:
        return path
    if rest in _ACTIONS:
        return f"{_SUPERUSERS}/{rest}"
    if path.endswith("/"):
        return path
    return f"{_SUPERUSERS}/records/{rest}" if rest else f"{_SUPERUSERS}/records"
