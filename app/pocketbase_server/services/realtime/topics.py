"""What clients subscribe to: `posts/*`, `posts/ID`, any other name; with options behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import orjson

from pocketbase_server.kit.broken_json import leading_objects
from pocketbase_server.kit.cast import to_text
from pocketbase_server.kit.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS: Final = "options"
_PARTS: Final = frozenset({"query", "headers"})
_ODD: Final = re.compile(r"\W", re.ASCII)


@dataclass(slots=True, frozen=True)
class Subscription:
    """One subscription: its text as sent, the topic in it, and its options."""

    text: str
    topic: str
    query: Mapping[str, str] = field(default_factory=dict)
    """`expand`, `fields` and `filter`, as a request would have them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers with names as rules write them."""
    options: str = ""
    """The options in one spelling: subscriptions with equal ones can share answers."""


@lru_cache(maxsize=8192)
def parse_subscription(text: str) -> Subscription:
    """Return what *text* subscribes to; options that are no options count as none."""
    topic, _, query = text.partition("?")
    raw = parse_query(query.partition("#")[0]).get(OPTIONS) if query else None
    if not raw:
        return Subscription(text, topic)
    # COMPAT: of broken options counts what stands before the mistake
    options = leading_objects(raw, _PARTS)
    params = {name: to_text(value) for name, value in options.get("query", {}).items()}
    headers = {
        _ODD.sub("_", name.lower()): to_text(value)
        for name, value in options.get("headers", {}).items()
    }
    spelt = orjson.dumps([params, headers], option=orjson.OPT_SORT_KEYS).decode()
    return Subscription(text, topic, params, headers, spelt if params or headers else "")


def frame(name: str, data: bytes) -> bytes:
    """Return what stands behind the id in a server-sent event."""
    # SECURITY: a line break in a name would begin a field of its own
    clean = name.replace("\r", " ").replace("\n", " ")
    lines = data.replace(b"\r", b"").replace(b"\n", b"\ndata:")
    return b"event:%b\ndata:%b\n\n" % (clean.encode("utf-8", "replace"), lines)
