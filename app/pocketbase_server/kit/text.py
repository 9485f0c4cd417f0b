"""Small text work: sentences, names, excerpts."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_WORD: Final = re.compile(r"[A-Za-z0-9_]")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9]+")
_OPEN_TAG: Final = re.compile(r"<[A-Za-z/!?]")
_SPACE: Final = re.compile(r"[\t\n\f\r ]+")


def sentence(text: str) -> str:
    """Return *text* as a sentence: first letter upper case, a full stop at the end."""
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?" else text + "."


def decoded(data: bytes) -> str:
    """Return UTF-8 bytes as text; of those that are none, each one is U+FFFD."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        # COMPAT: Python's own replacement is one character for a sequence that was cut off
        text = data.decode("utf-8", "surrogateescape")
        return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


def snake_case(text: str) -> str:
    """Return the words of *text* in lower case, `_` between them: `UhLKX91 b` is `uh_lkx91_b`."""
    return _NO_WORD.sub("_", _HUMP.sub("_", text)).strip("_").lower()


def excerpt(text: str, size: int, *, with_ellipsis: bool = False) -> str:
    """Return the first *size* characters of what *text* says once tags and extra space are gone."""
    plain = html_to_text(text)
    if len(plain) <= size:
        return plain
    cut = plain[:size].strip()
    return cut + "..." if with_ellipsis else cut


def html_to_text(text: str) -> str:
    """Return the text of an HTML fragment on one line, as the reference's excerpts see it."""
    if "<" in text or "&" in text:
        reader = _TextReader()
        reader.feed(text)
        if not _OPEN_TAG.match(reader.rawdata):  # a tag that never ends is no text
            reader.close()
        text = "".join(reader.parts)
    return _SPACE.sub(" ", text).strip()


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_INLINE: Final = _tags(
    "a abbr acronym b bdo big body br cite code em embed frame frameset head html i img input label"
    " q small span strike strong sub sup time"
)
_TABLE: Final = _tags("caption col colgroup tbody td tfoot th thead tr")
_DROPPED: Final = _tags(
    "applet button dialog form iframe object option picture script select style svg template"
    " textarea title"
)
_VOID: Final = _tags("area base hr link meta param source track wbr")


class _TextReader(HTMLParser):
    """Collects text; elements that are no part of a line put a space around themselves."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropped: list[str] = []
        self._tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _DROPPED:
            self._dropped.append(tag)
        elif tag == "table":
            self._tables += 1
        self._space_around(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropped:
            while self._dropped.pop() != tag:
                pass
        elif tag == "table":
            self._tables -= 1
        if tag not in _VOID:
            self._space_around(tag)

    def _space_around(self, tag: str) -> None:
        is_inline = tag in _INLINE or tag in _DROPPED or (tag in _TABLE and self._tables <= 0)
        if not is_inline and not self._dropped:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.parts.append(data)
