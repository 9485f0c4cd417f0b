"""Lists of addresses and networks, as the settings hold them."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from pocketbase_server.core.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = IPv4Network | IPv6Network

_LENGTH = re.compile(r"/(?:0|[1-9]\d*)\Z", re.ASCII)
# COMPAT: the reference spells the code so
INVALID_NETWORK = Issue("validation_invlaid_ip_or_subnet", "Invalid IP or CIDR subnet.")


def issues_of(networks: Iterable[str]) -> dict[str, Issue]:
    """Return an issue for each text (by its position) that is neither an address nor a network."""
    return {
        str(position): INVALID_NETWORK
        for position, text in enumerate(networks)
        if parse_network(text) is None
    }


def parse_network(text: str) -> Network | None:
    """Return the network that *text* names (an address is a network of one), or None."""
    try:
        # COMPAT: a netmask in place of the prefix length is refused, and so are zeros before it
        return ip_network(text, strict=False) if _LENGTH.search(text) else _host(text)
    except ValueError:
        return None


def _host(text: str) -> Network:
    return ip_network(ip_address(text))


@lru_cache(maxsize=64)
def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    parsed = (parse_network(text) for text in texts)
    return tuple(network for network in parsed if network is not None)


@lru_cache(maxsize=4096)
def _is_inside(ip: str, texts: tuple[str, ...]) -> bool:
    try:
        # COMPAT: IPv4 written as IPv6 is inside no IPv4 network
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in network for network in _networks(texts))


def contains(networks: Iterable[str], ip: str) -> bool:
    """Tell whether *ip* is one of *networks* or inside one; an unreadable *ip* never is."""
    return _is_inside(ip, tuple(networks))
