"""What the command line asked for: names, addresses, and who signs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pocketbase_server.serve.address import Address, parse_address

DIRECTORY_VARIABLE: Final = "POCKETBASE_ACME_DIRECTORY"
CA_FILE_VARIABLE: Final = "POCKETBASE_ACME_CA_FILE"
_DIRECTORY: Final = "https://acme-v02.api.letsencrypt.org/directory"
_WWW: Final = "www."
_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_HERE: Final = ("localhost", "127.0.0.1", "::1")
_ANYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - not bound, compared


class DomainError(ValueError):
    """No certificate can be had for that name."""


@dataclass(slots=True, frozen=True)
class Directory:
    """An authority's address, and a file of certificates to know it by ("" for the usual ones)."""

    url: str = _DIRECTORY
    ca_file: str = ""


@dataclass(slots=True, frozen=True)
class TlsPlan:
    """What is served over TLS, and where."""

    names: tuple[str, ...]
    """Every name that the certificate should have; the first is the main one."""
    optional: frozenset[str]
    """The `www.` names among them that nobody asked for; they lead to the bare ones."""
    secure: Address
    plain: Address
    url: str
    folder: Path
    """Where certificates are kept."""
    directory: Directory | None
    """Who is asked for them; None when nobody could sign for such names."""


def plan_tls(
    domains: Sequence[str],
    addresses: tuple[str, str],
    folder: Path,
    environ: Mapping[str, str],
) -> TlsPlan:
    """Return what to serve; *addresses* are those of HTTP and HTTPS, as the flags have them.

    Raises `DomainError` and `ListenError`.
    """
    http, https = addresses
    wanted = tuple(dict.fromkeys(_domain(name) for name in domains if name.strip()))
    # NOTE: all addresses, of both kinds: an authority may come by IPv6
    secure = parse_address(https or ":443")
    plain = parse_address(http or (":80" if wanted else "127.0.0.1:8090"))
    # COMPAT: domains are printed without the port, which others may map
    url = f"https://{wanted[0] if wanted else secure.text}"
    if not wanted and secure.host not in _ANYWHERE:
        wanted = (secure.host.lower(),)
    directory = _directory(wanted, environ)
    optional = _www_of(wanted) if directory is not None and domains else ()
    names = (*wanted, *optional) or _HERE
    return TlsPlan(names, frozenset(optional), secure, plain, url, folder, directory)


def _domain(text: str) -> str:
    try:
        name = text.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        name = ""
    if not _DOMAIN.fullmatch(name) or _is_address(name):
        raise DomainError(f'"{text}" is no domain that a certificate can be had for')
    return name


def _www_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the `www.` names of those that have none, unless they are asked for anyway."""
    found = (_WWW + name for name in names if not name.startswith(_WWW))
    return tuple(name for name in found if name not in names)


def _directory(names: Sequence[str], environ: Mapping[str, str]) -> Directory | None:
    url = environ.get(DIRECTORY_VARIABLE, "")
    if not names or any(_is_address(name) for name in names):
        return None
    if not url and any("." not in name for name in names):
        return None  # an own authority may sign for `localhost`, the public ones do not
    return Directory(url or _DIRECTORY, environ.get(CA_FILE_VARIABLE, ""))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
