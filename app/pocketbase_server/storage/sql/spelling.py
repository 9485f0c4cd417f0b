"""Statements by hand may quote names the reference's way, which is the same for every database."""

from __future__ import annotations

import re
from typing import Final

from pocketbase_server.storage.sql.errors import UnknownParameterError

_QUOTED: Final = re.compile(r"\{\{([\w\-. ]+)\}\}|\[\[([\w\-. ]+)\]\]", re.ASCII)
_NAMED: Final = re.compile(r"\{:(\w+)\}", re.ASCII)


def spelt(text: str) -> str:
    """Return *text* as `with_names_quoted()` does.

    Raises `UnknownParameterError` for `{:name}`, whose value nobody gives.
    """
    unknown = _NAMED.search(text)
    if unknown is not None:
        raise UnknownParameterError(f"Named parameter not found: {unknown[1]}")
    return with_names_quoted(text)


def with_names_quoted(text: str) -> str:
    """Return *text* with `{{names}}` and `[[names]]` quoted, wherever they stand in it."""
    return _QUOTED.sub(lambda found: _quoted(found[1] or found[2]), text)


def _quoted(name: str) -> str:
    return ".".join(part if part == "*" else f"`{part}`" for part in name.split("."))
