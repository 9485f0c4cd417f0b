"""The beginning of a text, without its mark-up."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

_SPACES = re.compile(r"[\t\n\f\r ]+")
_EDGES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # noqa: E501
"""What is cut off at both ends: blank for Unicode; for Python \\x1c to \\x1f are so too."""
_BOGUS_COMMENT = re.compile(r"<!--?>|<!--->|<!\[[^>]*>?")
_CUT_TAG = re.compile(r"<[a-zA-Z][^>]*$")

# COMPAT: the two lists were found by asking the reference about every HTML element
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdo",
        "big",
        "br",
        "cite",
        "code",
        "em",
        "i",
        "img",
        "input",
        "label",
        "q",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
    ]
)
_SKIPPED = frozenset(
    [
        "applet",
        "button",
        "dialog",
        "form",
        "head",
        "iframe",
        "object",
        "option",
        "picture",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
    ]
)
_STRUCTURE = frozenset(
    [
        "body",
        "caption",
        "col",
        "colgroup",
        "embed",
        "frame",
        "frameset",
        "head",
        "html",
        "image",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    ]
)
"""Elements whose tags mean nothing outside their place, so they neither skip nor separate."""
_HEAD_ONLY = frozenset(("noscript", "title"))
_VOID = frozenset(
    ["area", "base", "basefont", "hr", "keygen", "link", "meta", "param", "source", "track", "wbr"]
)
_ROWS = frozenset(("caption", "tbody", "td", "tfoot", "th", "thead", "tr"))


_RAW = (
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "script",
    "style",
    "title",
    "xmp",
)
"""Elements inside which tags are text."""


class _EnoughError(Exception):
    """The text is long enough."""


class _Text(HTMLParser):
    """Collects the visible text, with single spaces, up to a little over *limit* characters."""

    CDATA_CONTENT_ELEMENTS = _RAW  # type: ignore[misc]

    def __init__(self, limit: int) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._limit = limit
        self._length = 0
        self._wants_space = False
        self._skipped = ""
        self._open: dict[str, int] = {}

    def finish(self) -> None:
        """Take what is left, also inside an element that holds raw text and was never closed."""
        if not self.cdata_elem:
            self.close()
        elif self.rawdata:
            self.handle_data(self.rawdata)

    def set_cdata_mode(self, elem: str, *, escapable: bool = False) -> None:  # noqa: ARG002
        """Take what follows as raw text; inside a drawing no element is of that kind."""
        if self._skipped != "svg":
            super().set_cdata_mode(elem)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        """Begin to skip, or note a gap between blocks."""
        if self._skipped:
            return
        if (tag in _SKIPPED and tag != "head") or (tag in _HEAD_ONLY and not self.parts):
            self._skipped = tag
        elif self._separates(tag):
            self._wants_space = True
        if tag not in _VOID:
            self._open[tag] = self._open.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        """End the skipping, or note a gap between blocks."""
        if self._skipped:
            if tag == self._skipped:
                self._skipped = ""
            return
        if (self._open.get(tag) or tag == "p") and self._separates(tag):
            self._wants_space = True

    def _separates(self, tag: str) -> bool:
        if tag in _ROWS:
            return "table" in self._open
        return tag not in _INLINE and tag not in _STRUCTURE

    def handle_data(self, data: str) -> None:
        """Take a piece of text."""
        if self._skipped:
            return
        text = _SPACES.sub(" ", unescape(data) if self.cdata_elem == "title" else data)
        if not self.parts or self.parts[-1][-1] == " ":
            text = text.lstrip(" ")
        elif self._wants_space and text[0] != " ":
            text = " " + text
        self._wants_space = False
        if text:
            self._add(text)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self._length += len(text)
        if (
            self._length > self._limit
            and len("".join(self.parts).lstrip(_EDGES).rstrip(" ")) > self._limit
        ):
            raise _EnoughError


def excerpt(text: str, limit: int, *, with_ellipsis: bool = False) -> str:
    """Return the first *limit* visible characters of a plain or HTML text, spaces collapsed.

    With *with_ellipsis* "..." follows when something was cut off.
    """
    plain = _visible(text.replace("\0", ""), limit).strip(_EDGES)
    if len(plain) <= limit:
        return plain
    return plain[:limit].strip(_EDGES) + ("..." if with_ellipsis else "")


def _visible(text: str, limit: int) -> str:
    if "<" not in text and "&" not in text:
        return _SPACES.sub(" ", text)
    parser = _Text(limit)
    try:
        parser.feed(_CUT_TAG.sub("", _BOGUS_COMMENT.sub("", text)))
        parser.finish()
    except _EnoughError:
        pass
    return "".join(parser.parts)
