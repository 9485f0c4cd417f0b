"""The plain part of a letter, made from its HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_BLOCKS: Final = _tags(
    "address article aside blockquote br caption dd div dl dt fieldset figure footer form h1 h2 h3"
    " h4 h5 h6 head header hr li main nav ol p pre section table tbody td tfoot th thead title tr ul"
)
_DROPPED: Final = _tags(
    "applet audio button canvas dialog iframe map math object script select style svg template"
    " textarea video"
)
_SPACE: Final = re.compile(r"[\t\n\f\r ]+")
_AROUND_BREAK: Final = re.compile(r" *\n *")
_BREAKS: Final = re.compile(r"\n{2,}")


def plain_text(html: str) -> str:
    """Return what *html* says: a line per block, dashes before list items, links in brackets."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = _AROUND_BREAK.sub("\n", "".join(reader.parts))
    return _BREAKS.sub("\n", text).strip()


class _Reader(HTMLParser):
    """Collects text; blocks begin and end lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[str] = []
        self._dropped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._dropped.append(tag)
        if self._dropped:
            return
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("- ")
        if tag == "a":
            self._links.append(dict(attrs).get("href") or "")
            self.parts.append("[")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropped:
            while self._dropped.pop() != tag:
                pass
            return
        if self._dropped:
            return
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "a" and self._links:
            href = self._links.pop()
            self.parts.append(f"]({href})" if href else "]")

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self.parts.append(_SPACE.sub(" ", data))
