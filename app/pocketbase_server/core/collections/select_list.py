"""The columns and tables that a SELECT names, read as loosely as the reference reads them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Final

from pocketbase_server.core.errors import AppError
from pocketbase_server.kit.json import quote
from pocketbase_server.storage.sql.spelling import with_names_quoted

SPACE: Final = frozenset(" \t\n\f\r\v")
COMMA: Final = frozenset(",")

_QUOTES: Final = frozenset("'\"`")
_NAME_MARKS: Final = '`"[];'
_COMMENT: Final = re.compile(r"/\*.*?\*/|--[^\n]+", re.DOTALL)
_JOIN: Final = re.compile(
    r"\s+(?:(?:(?:full|left|right)\s+)?(?:outer\s+)?|inner\s+|cross\s+)join\s", re.IGNORECASE
)
_REST: Final = re.compile(r"\s+(?:where|group\s+by|having|order|limit)\s", re.IGNORECASE)
# COMPAT: refusals show these words
_JOIN_MARK: Final = "__pb_join__"
_REST_MARK: Final = "__pb_discard__"
_WITH_ALIAS = 2
_WITH_AS = 3


class ViewQueryError(AppError):
    """The query cannot be that of a view; the message says why, as a raw error."""

    default_message = "invalid view query"


def split_outside(text: str, separators: Container[str]) -> list[str]:
    """Return the parts of *text* between separators, blank ones left out.

    Separators inside quotes and parentheses do not count. Raises `ViewQueryError` when one of
    those is left open.
    """
    return [part for part in _parts(text, separators) if part not in separators]


def _parts(text: str, separators: Container[str]) -> list[str]:
    """Return the parts with the separators between them."""
    reader = _Reader(separators)
    for char in text:
        reader.feed(char)
    return reader.finish()


@dataclass(slots=True)
class _Reader:
    separators: Container[str]
    parts: list[str] = field(default_factory=list)
    current: str = ""
    quote: str = ""
    depth: int = 0

    def feed(self, char: str) -> None:
        if self.quote:
            # COMPAT: a backslash keeps a quote from ending, which it does not in SQL
            if char == self.quote and not self.current.endswith("\\"):
                self.quote = ""
        elif char in _QUOTES:
            self.quote = char
        elif char in "()":
            self.depth = max(0, self.depth + (1 if char == "(" else -1))
        elif self.depth == 0 and char in self.separators:
            self._end()
            self.parts.append(char)
            return
        self.current += char

    def _end(self) -> None:
        if self.current.strip():
            self.parts.append(self.current.strip())
        self.current = ""

    def finish(self) -> list[str]:
        if self.quote or self.depth:
            what = quote(self.current)
            raise ViewQueryError(f"unbalanced parenthesis or quoted expression: {what}")
        self._end()
        return self.parts


@dataclass(slots=True, frozen=True)
class Named:
    """An expression or table of a SELECT, and the name it goes by there."""

    original: str
    alias: str

    @property
    def path(self) -> list[str]:
        """The dotted parts of the original."""
        return self.original.split(".")


@dataclass(slots=True, frozen=True)
class SelectParts:
    """What a SELECT names."""

    columns: list[Named]
    tables: list[Named]


def read_select(query: str) -> SelectParts:
    """Return the columns and tables that *query* names.

    Raises `ViewQueryError` when an expression is of a kind that has to be put in parentheses.
    """
    text = _COMMENT.sub(" ", query)
    text = _JOIN.sub(f" {_JOIN_MARK} ", text)
    text = _REST.sub(f" {_REST_MARK} ", text)
    texts = {"select": "", "from": "", _JOIN_MARK: ""}
    for section, token in _sections(text):
        texts[section] += f" {token}"
    columns = _read_names(texts["select"])
    return SelectParts(columns, _read_names(texts["from"]) + _read_names(texts[_JOIN_MARK]))


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Give each token with the section it belongs to; what names nothing is left out."""
    section, is_skipped = "", False
    for token in _parts(text, SPACE | COMMA):
        word = token.lower()
        if word in {"select", "from", _JOIN_MARK}:
            # a join after a join reads like a comma
            if word == section == _JOIN_MARK:
                yield section, ","
            section, is_skipped = word, False
        elif word == _REST_MARK or (word == "on" and section == _JOIN_MARK):
            is_skipped = True
        elif section and not is_skipped and word != "distinct":
            yield section, token


def _read_names(text: str) -> list[Named]:
    return [_read_name(split_outside(part, SPACE)) for part in split_outside(text, COMMA)]


def _read_name(parts: list[str]) -> Named:
    original = parts[0]
    if len(parts) == 1:
        alias = original.split(".")[-1]
    elif len(parts) == _WITH_ALIAS:
        alias = parts[1]
    elif len(parts) > _WITH_AS:
        raise ViewQueryError(f"invalid identifier parts [{' '.join(parts)}]")
    elif parts[1].lower() == "as":
        alias = parts[2]
    else:
        raise ViewQueryError(f'invalid identifier part - expected "as", got {parts[1]}')
    return Named(_plain(original, _NAME_MARKS), _plain(alias, _NAME_MARKS + "'"))


def _plain(name: str, marks: str) -> str:
    return ".".join(part.strip(marks) for part in name.split("."))


_SQL_TOKEN: Final = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|[();]""",
    re.DOTALL,
)


def require_one_statement(query: str) -> None:
    """Raise `ViewQueryError` when *query* is more than one statement, as the reference reads it."""
    try:
        is_one = len(split_outside(query, frozenset(";"))) <= 1
    except ViewQueryError:
        is_one = True  # what is left open is reported by whoever reads the names
    if not is_one:
        raise ViewQueryError("multiple statements are not supported")


def require_one_expression(query: str) -> None:
    """Raise `ViewQueryError` unless *query* stays inside parentheses put around it."""
    # SECURITY: other words here follow the reference; this is how SQLite itself reads the text
    depth = 0
    for mark in _SQL_TOKEN.findall(with_names_quoted(query)):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if mark == ";" or depth < 0:
            raise ViewQueryError(f'SQL logic error: near "{mark}": syntax error (1)')
