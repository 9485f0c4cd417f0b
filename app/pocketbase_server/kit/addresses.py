"""Which texts are e-mail addresses and URLs, exactly as the reference sees it."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final, NamedTuple

from pocketbase_server.kit.regex import compile_pattern

_WIDE = r"\x{00A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}"
_ATOM = rf"[a-zA-Z0-9!#$%&'*+\-/=?^_`{{|}}~{_WIDE}]+"
_QUOTABLE = (
    rf"(?:[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x21\x23-\x5b\x5d-\x7e{_WIDE}]|\([\x01-\x09\x0b-\x7f])"
)
_LOCAL = rf"(?:{_ATOM}(?:\.{_ATOM})*|\x22{_QUOTABLE}*\x22)"
_ALNUM, _ALPHA, _INNER = rf"[a-zA-Z0-9{_WIDE}]", rf"[a-zA-Z{_WIDE}]", rf"[a-zA-Z0-9\-._~{_WIDE}]*"
_LABEL = rf"(?:{_ALNUM}|{_ALNUM}{_INNER}{_ALNUM})\."
_TOP = rf"(?:{_ALPHA}|{_ALPHA}{_INNER}{_ALPHA})"
_EMAIL: Final = compile_pattern(rf"^{_LOCAL}@(?:{_LABEL})+{_TOP}\.?$")
_PLAIN_EMAIL: Final = re.compile(r"[a-zA-Z0-9_+-]+@[a-zA-Z0-9]+\.[a-zA-Z]+")
"""Most of them; at most one try at each place, so it cannot run wild."""

_LETTER = r"a-zA-Z\x{00a1}-\x{ffff}"
_IP4 = (
    r"(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3]|24\d|25[0-5])"
    r"(?:\.(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])){2}\.(?:\d\d?|1\d\d|2[0-4]\d|25[0-4])"
)
_HEX = "[0-9a-fA-F]{1,4}"
_BYTE = r"(?:25[0-5]|(?:2[0-4]|1?[0-9])?[0-9])"
_TAIL = rf"(?:{_BYTE}\.){{3}}{_BYTE}"
_SHORTENED = "|".join(
    rf"(?:{_HEX}:){{1,{7 - after}}}(?::{_HEX}){{1,{after}}}" for after in range(1, 6)
)
"""Groups left out in the middle, so many behind them at most."""
_IP6 = (
    rf"\[(?:(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}:){{1,7}}:|{_SHORTENED}|{_HEX}:(?::{_HEX}){{1,6}}"
    rf"|:(?:(?::{_HEX}){{1,7}}|:)|fe80:(?::[0-9a-fA-F]{{0,4}}){{0,4}}%[0-9a-zA-Z]+"
    rf"|::(?:ffff(?::0{{1,4}})?:)?{_TAIL}|(?:{_HEX}:){{1,4}}:{_TAIL})\]"
)
_SUBDOMAIN = r"(?:www\.|[a-zA-Z0-9]+(?:[-_.]?[a-zA-Z0-9])*[a-zA-Z0-9]\.[a-zA-Z0-9]+)"
_FRONT = rf"(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-_]+)?[a-zA-Z0-9](?:[-.][a-zA-Z0-9]+)*|{_SUBDOMAIN}?)?"
_NAME = rf"{_FRONT}(?:[{_LETTER}0-9]+-?-?)*[{_LETTER}0-9]+(?:\.[{_LETTER}]+)?"
_URL: Final = compile_pattern(
    r"^(?:(?:ftp|tcp|udp|wss?|https?)://)?(?:\S+(?::\S*)?@)?"
    rf"(?:{_IP4}|{_IP6}|{_NAME})\.?(?::\d{{1,5}})?(?:[/?#]\S*)?$"
)
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_USER: Final = re.compile(r"[a-zA-Z0-9\-._~:!$&'()*+,;=%@]*")
_HOST: Final = re.compile(
    r"(?:[a-zA-Z0-9\-._~!$&'()*+,;=:\[\]<>\"\x80-\U0010ffff]|%25|%[89a-fA-F][0-9a-fA-F])*"
)
_PORT: Final = re.compile(r"[0-9]*")
_SHORTEST, _LONGEST = 3, 2083


@lru_cache(maxsize=1024)
def is_email(text: str) -> bool:
    """Tell whether *text* is one e-mail address."""
    return _PLAIN_EMAIL.fullmatch(text) is not None or _EMAIL.matches(text)


def is_url(text: str) -> bool:
    """Tell whether *text* is an absolute URL of a usual scheme, or one that lacks only the scheme."""
    if len(text) >= _LONGEST or len(text.encode()) <= _SHORTEST or text.startswith("."):
        return False
    parsed = _parsed("http://" + text if ":" in text and "://" not in text else text)
    if parsed is None or parsed.host.startswith("."):
        return False
    if not parsed.host and parsed.path and "." not in parsed.path:
        return False
    return _URL.matches(text)


class _Parsed(NamedTuple):
    host: str
    path: str


def _parsed(text: str) -> _Parsed | None:
    """Return host and path of a URL, or None where the reference's parser finds a mistake."""
    before, _, fragment = text.partition("#")
    if _CONTROL.search(before) or _BAD_ESCAPE.search(fragment):
        return None
    scheme = _SCHEME.match(before)
    rest = (before[scheme.end() :] if scheme else before).partition("?")[0]
    if not rest.startswith("/"):
        return _rootless(rest, has_scheme=scheme is not None)
    if not rest.startswith("//") or (scheme is None and rest.startswith("///")):
        return _with_path("", rest)
    authority, slash, path = rest[2:].partition("/")
    user, _, host = authority.rpartition("@")
    is_sound = _USER.fullmatch(user) and not _BAD_ESCAPE.search(user) and _is_host(host)
    return _with_path(host, slash + path) if is_sound else None


def _rootless(rest: str, *, has_scheme: bool) -> _Parsed | None:
    if has_scheme:
        return _Parsed("", "")
    return None if ":" in rest.partition("/")[0] else _with_path("", rest)


def _with_path(host: str, path: str) -> _Parsed | None:
    return None if _BAD_ESCAPE.search(path) else _Parsed(host, path)


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        _, colon, port = host.rpartition(":")
        return bool((not colon or _PORT.fullmatch(port)) and _HOST.fullmatch(host))
    address, end, port = host[1:].rpartition("]")
    return bool(end and _PORT.fullmatch(port.removeprefix(":")) and _is_ip6(address))


def _is_ip6(address: str) -> bool:
    plain, _, zone = address.partition("%25")
    if "%" in plain + zone:
        return False
    try:
        IPv6Address(plain)
    except ValueError:
        return False
    return True


def url_host(text: str) -> str:
    """Return the host of a URL, with its port; "" when it has no scheme or cannot be read."""
    parsed = _parsed(text)
    return parsed.host if parsed is not None else ""
