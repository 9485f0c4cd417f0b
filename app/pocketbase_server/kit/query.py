"""Query strings and urlencoded forms, read as the reference reads them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from pocketbase_server.kit.text import decoded

_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")


class QueryError(ValueError):
    """A pair has a broken escape or a semicolon."""


def parse_query(text: str) -> dict[str, str]:
    """Return the parameters; of repeated ones the first, broken ones left out."""
    found: dict[str, str] = {}
    for pair in text.split("&"):
        if not pair:
            continue
        try:
            name, value = _pair(pair)
        except QueryError:
            continue
        found.setdefault(name, value)
    return found


def is_whole_query(text: str) -> bool:
    """Tell whether `parse_query()` would leave nothing out."""
    return not _is_encoded(text) or (";" not in text and not _BROKEN_ESCAPE.search(text))


def parse_form(text: str) -> list[tuple[str, str]]:
    """Return all pairs of an urlencoded form in order; raises `QueryError` for a broken one."""
    return [_pair(pair) for pair in text.split("&") if pair]


def _pair(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    # PERF: most pairs need no decoding at all
    if not _is_encoded(pair):
        return name, value
    if ";" in pair or _BROKEN_ESCAPE.search(pair):
        raise QueryError(pair)
    return _decoded(name), _decoded(value)


def _is_encoded(pair: str) -> bool:
    return "%" in pair or "+" in pair or ";" in pair


def _decoded(text: str) -> str:
    return decoded(unquote_to_bytes(text.replace("+", " ")))
