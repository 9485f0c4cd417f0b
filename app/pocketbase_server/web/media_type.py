"""Headers of the form `form-data; name="a"; filename*=UTF-8''b`, read as strictly as by Go."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_TOKEN: Final = r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+"  # noqa: S105 - a word of the grammar
_TYPE: Final = re.compile(rf"\s*{_TOKEN}(?:/{_TOKEN})?\s*")
_PARAM: Final = re.compile(
    rf'\s*;\s*(?P<name>{_TOKEN})\s*=\s*(?:(?P<token>{_TOKEN})|"(?P<quoted>(?:\\.|[^"\\\r\n])*)")',
    re.DOTALL,
)
_END: Final = re.compile(r"\s*;?\s*")
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
    at = len(kind)
    while (found := _PARAM.match(header, at)) is not None:
        name, value = _value(found)
        if params.setdefault(name, value) != value:
            return None
        at = found.end()
    if _END.fullmatch(header, at) is None:
        return None
    return MediaType(kind.strip().lower(), params)


def _value(found: re.Match[str]) -> tuple[str, str]:
    name, token, quoted = found["name"].lower(), found["token"], found["quoted"]
    text = token if token is not None else _ESCAPE.sub(r"\1", quoted)
    if not name.endswith("*"):
        return name, text
    charset, _, encoded = text.partition("'")
    encoded = encoded.partition("'")[2]
    is_known = charset.lower() in {"utf-8", "us-ascii"}
    return name[:-1], unquote_to_bytes(encoded).decode("utf-8", "replace") if is_known else ""
