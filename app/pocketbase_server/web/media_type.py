"""Headers of the form `form-data; name="a"; filename*=UTF-8''b`, read as strictly as by Go."""

from __future__ import annotations

import re
from itertools import count
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_TOKEN: Final = r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+"  # noqa: S105 - a word of the grammar
_TYPE: Final = re.compile(rf"\s*{_TOKEN}(?:/{_TOKEN})?\s*")
_PARAM: Final = re.compile(
    rf'\s*;\s*(?P<name>{_TOKEN})\s*=\s*(?:(?P<token>{_TOKEN})|"(?P<quoted>(?:\\.|[^"\\\r\n])*)")',
    re.DOTALL,
)
_END: Final = re.compile(r"\s*;?\s*")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(r'\\([()<>@,;:\\"/\[\]?=])')


class MediaType(NamedTuple):
    """A type or disposition in lower case, and its parameters."""

    kind: str
    params: dict[str, str]


def parse_media_type(header: str) -> MediaType | None:
    """Return what *header* says, or None when it is malformed."""
    kind = header.partition(";")[0]
    if _TYPE.fullmatch(kind) is None:
        return None
    params: dict[str, str] = {}
    pieces: dict[str, str] = {}
    at = len(kind)
    while (found := _PARAM.match(header, at)) is not None:
        name, value = _value(found)
        if (pieces if "*" in name else params).setdefault(name, value) != value:
            return None
        at = found.end()
    if _END.fullmatch(header, at) is None:
        return None
    return MediaType(kind.strip().lower(), params | _joined(pieces) if pieces else params)


def _value(found: re.Match[str]) -> tuple[str, str]:
    token, quoted = found["token"], found["quoted"]
    return found["name"].lower(), token if token is not None else _ESCAPE.sub(r"\1", quoted)


# -- RFC 2231


def _joined(pieces: dict[str, str]) -> dict[str, str]:
    """Return what parameters like `name*`, or `name*0` and `name*1*`, are together."""
    done = {}
    for base in {name.partition("*")[0] for name in pieces}:
        whole = pieces.get(f"{base}*")
        text = _numbered(base, pieces) if whole is None else _with_charset(whole)
        if text is not None:
            done[base] = text
    return done


def _numbered(base: str, pieces: dict[str, str]) -> str | None:
    texts: list[str] = []
    for number in count():
        plain, escaped = (pieces.get(f"{base}*{number}{mark}") for mark in ("", "*"))
        if plain is None and escaped is None:
            break
        read = _unescaped if number else _with_charset
        texts.append(plain if plain is not None else read(escaped or "") or "")
    return "".join(texts) if texts else None


def _with_charset(text: str) -> str | None:
    charset, _, encoded = text.partition("'")
    _, quote, encoded = encoded.partition("'")
    return _unescaped(encoded) if quote and charset.lower() in {"utf-8", "us-ascii"} else None


def _unescaped(text: str) -> str | None:
    if _BAD_ESCAPE.search(text):
        return None
    return unquote_to_bytes(text).decode("utf-8", "replace")
