"""Who asks, with what: Falcon's request in domain terms."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.web.media import read_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pocketbase_server.core.settings.model import Settings
    from pocketbase_server.web.exchange import Request

_IPV4: Final = 4
_ODD: Final = re.compile(r"\W", re.ASCII)


def request_info(req: Request, context: str = "default", *, has_body: bool = True) -> RequestInfo:
    """Return the caller's side of *req*: method, query, body, auth, headers.

    Made once per request. Raises `BadRequestError` when the body is malformed; for routes that
    take none, *has_body* leaves it unread.
    """
    if req.info is None:
        # PERF: its reader of headers is not of the request: what has each other stays long, uploads included
        native = req.native
        req.info = RequestInfo(
            req.method,
            req.query if req.query_string else {},
            read_body(req) if has_body else {},
            req.caller,
            context,
            req.ip,
            req.target,
            lambda: _for_rules(native.items()),
        )
    return req.info


def rule_headers(req: Request) -> dict[str, str]:
    """Return the headers with names as rules write them; of repeated ones the first."""
    return _for_rules(req.native.items())


def _for_rules(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in items:
        if name != "host":
            found.setdefault(_ODD.sub("_", name), value)
    return found


def client_ip(req: Request, settings: Settings) -> str:
    """Return the caller's address: the peer's, or what a trusted proxy says it is."""
    proxy = settings.trusted_proxy
    for name in proxy.headers:
        claimed = _claimed(_last_header(req, name.lower()), leftmost=proxy.use_leftmost_ip)
        if claimed:
            return claimed
    return _peer(req.remote_ip)


def _last_header(req: Request, name: str) -> str:
    """Return the last value of a header: the nearest proxy's, whatever the client sent before it."""
    if req.header(name) is None:
        return ""
    values = [value for key, value in req.native.items() if key == name]
    return values[-1] if values else ""


def _claimed(header: str, *, leftmost: bool) -> str:
    parts = header.split(",")
    for part in parts if leftmost else reversed(parts):
        address = _parsed(part.strip())
        if address:
            return address
    return ""


def canonical_ip(text: str) -> str:
    """Return an address in its one long spelling; anything else as it is."""
    return _parsed(text) or text


@lru_cache(maxsize=4096)
def _peer(text: str) -> str:
    """Return the address of who is connected; IPv4 on a socket for both kinds is plain IPv4."""
    plain = text.lower().removeprefix("::ffff:")
    return plain if plain != text and "." in plain else canonical_ip(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> str:
    plain, percent, zone = text.partition("%")
    try:
        address = ip_address(plain)
    except ValueError:
        return ""
    if percent and (address.version == _IPV4 or not zone):
        return ""
    return address.exploded + percent + zone
