"""Which texts are e-mail addresses and URLs, exactly as the reference sees it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

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
_IP6 = r"\[[0-9A-Za-z:.%]+\]"
_SUBDOMAIN = r"(?:www\.|[a-zA-Z0-9]+(?:[-_.]?[a-zA-Z0-9])*[a-zA-Z0-9]\.[a-zA-Z0-9]+)"
_FRONT = rf"(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-_]+)?[a-zA-Z0-9](?:[-.][a-zA-Z0-9]+)*|{_SUBDOMAIN}?)?"
_NAME = rf"{_FRONT}(?:[{_LETTER}0-9]+-?-?)*[{_LETTER}0-9]+(?:\.[{_LETTER}]+)?"
_URL: Final = compile_pattern(
    r"^(?:(?:ftp|tcp|udp|wss?|https?)://)?(?:\S+(?::\S*)?@)?"
    rf"(?:{_IP4}|{_IP6}|{_NAME})\.?(?::\d{{1,5}})?(?:[/?#]\S*)?$"
)
_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SHORTEST, _LONGEST = 3, 2083


@lru_cache(maxsize=1024)
def is_email(text: str) -> bool:
    """Tell whether *text* is one e-mail address."""
    return _PLAIN_EMAIL.fullmatch(text) is not None or _EMAIL.matches(text)


def is_url(text: str) -> bool:
    """Tell whether *text* is an absolute URL of a usual scheme, or one that lacks only the scheme."""
    if len(text) >= _LONGEST or len(text.encode()) <= _SHORTEST or text.startswith("."):
        return False
    if _CONTROL.search(text) or _BAD_ESCAPE.search(_without_query(text)):
        return False
    full = "http://" + text if ":" in text and "://" not in text else text
    host = url_host(full)
    if host.startswith(".") or (not host and not _path_has_dot(full)):
        return False
    return _URL.matches(text)


def _without_query(text: str) -> str:
    before, _, after = text.partition("#")
    return before.partition("?")[0] + "#" + after


def _path_has_dot(text: str) -> bool:
    path = _without_query(text).partition("#")[0]
    return not path or "." in path


def url_host(text: str) -> str:
    """Return the host of a URL, with its port; "" when it has no scheme."""
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    if not rest.startswith("//"):
        return ""
    found = _AUTHORITY.match(rest, 2)
    return found[0].rpartition("@")[2] if found else ""
