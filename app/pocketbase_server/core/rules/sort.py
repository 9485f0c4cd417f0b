"""Sort expressions: `-created,author.name,@random`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pocketbase_server.core.errors import RuleSyntaxError

MAX_KEYS: Final = 8
_MAX_NAME: Final = 255
RANDOM: Final = "@random"
ROW_NUMBER: Final = "@rowid"


@dataclass(slots=True, frozen=True)
class SortKey:
    """One key: a name, `@random` or `@rowid`."""

    name: str
    descending: bool = False


@lru_cache(maxsize=1024)
def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Return the keys of a sort expression, none for a blank one; raises `RuleSyntaxError`."""
    if not text:
        return ()
    keys = tuple(_key(part.strip(" \t\n\r")) for part in text.split(","))
    if len(keys) > MAX_KEYS:
        raise RuleSyntaxError("max sort expressions limit reached")
    return keys


def _key(text: str) -> SortKey:
    if len(text) > _MAX_NAME:
        raise RuleSyntaxError("max sort field length limit reached")
    descending = text.startswith("-")
    return SortKey(text[1:] if text[:1] in {"-", "+"} else text, descending)
