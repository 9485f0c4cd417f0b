"""Pictures of people, taken over from a provider."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from pocketbase_server.core.fields.file import DEFAULT_MAX_SIZE
from pocketbase_server.kit.http import HttpError, ask_public
from pocketbase_server.kit.upload import Upload

if TYPE_CHECKING:
    from pocketbase_server.app import App

_WARNING: Final = 4
"""Log level."""


def fetch_avatar(app: App, url: str, most_bytes: int = 0) -> Upload | None:
    """Return the picture at *url*, or None when there is none to be had: the log says why.

    A sign-in never fails for the want of a picture.
    """
    try:
        picture = _fetch(url, most_bytes or DEFAULT_MAX_SIZE)
    except (HttpError, ValueError) as ex:
        app.logs.write(_WARNING, "Failed to retrieve OAuth2 avatar", {"error": str(ex)})
        return None
    return Upload.from_bytes(_name(url), picture)


def _fetch(url: str, most_bytes: int) -> bytes:
    # SECURITY: the URL is whatever someone has put into their profile elsewhere
    answer = ask_public(url, most_bytes)
    if not answer.is_good:
        raise HttpError(f"{url}: status {answer.status}")
    return answer.body


def _name(url: str) -> str:
    return posixpath.basename(unquote(urlsplit(url).path)) or "avatar"
