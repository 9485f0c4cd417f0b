"""What clients subscribe to: `posts/*`, `posts/ID`, any other name; with options behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import orjson

from pocketbase_server.kit.cast import to_text
from pocketbase_server.kit.query import parse_query

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTIONS: Final = "options"
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
    """Return what *text* subscribes to; options that cannot be read count as none."""
    topic, _, query = text.partition("?")
    raw = parse_query(query).get(OPTIONS) if query else None
    if not raw:
        return Subscription(text, topic)
    options = _loaded(raw)
    params = {str(k): to_text(v) for k, v in _object(options.get("query")).items()}
    headers = {
        _ODD.sub("_", str(k).lower()): to_text(v)
        for k, v in _object(options.get("headers")).items()
    }
    spelt = orjson.dumps([params, headers], option=orjson.OPT_SORT_KEYS).decode()
    return Subscription(text, topic, params, headers, spelt if params or headers else "")


def _loaded(raw: str) -> dict[str, Any]:
    try:
        return _object(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return {}


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def frame(name: str, data: bytes) -> bytes:
    """Return what stands behind the id in a server-sent event."""
    # SECURITY: a line break in a name would begin a field of its own
    clean = name.replace("\r", " ").replace("\n", " ")
    lines = data.replace(b"\r", b"").replace(b"\n", b"\ndata:") if b"\n" in data else data
    return b"event:%b\ndata:%b\n\n" % (clean.encode("utf-8", "replace"), lines)
