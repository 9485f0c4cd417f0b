"""From text to tokens, each with its position."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, NoReturn

from pocketbase_server.core.errors import RuleSyntaxError


class Kind(Enum):
    """What a token is; the value is how messages call it."""

    IDENTIFIER = "identifier"
    FUNCTION = "function"
    """A name with the opening parenthesis of its arguments."""
    TEXT = "text"
    NUMBER = "number"
    SIGN = "sign"
    JOIN = "join"
    OPEN = "("
    CLOSE = ")"
    COMMA = ","
    PARAM = "param"
    """`{:name}`: a value given by code."""
    SLOT = "slot"
    """A literal that was lifted out of the text; the token's text is its number."""
    END = "end"


@dataclass(slots=True, frozen=True)
class Token:
    """One token; a text is without its quotes, a function or parameter is its bare name."""

    kind: Kind
    text: str
    position: int


TEXT_SLOT: Final = "\x01"
NUMBER_SLOT: Final = "\x02"
"""Stand for lifted literals; never part of a caller's text (see `skeleton`)."""

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\n]+|//[^\n]*)
    |(?P<name>[A-Za-z@_\#][A-Za-z0-9_.:]*)(?P<call>\()?
    |(?P<number>[-0-9][0-9]*(?:\.[0-9]*)?)
    |(?P<text>'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+")
    |(?P<sign>[=?!><~]+)
    |(?P<join>[&|]+)
    |(?P<slot>[\x01\x02])
    |(?P<param>\{:\w+\})
    |(?P<mark>[(),])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_ESCAPED: Final = re.compile(r"""\\([ntr'"\\])""")
_MEANINGS: Final = {"n": "\n", "t": "\t", "r": "\r"}
_SIGNS: Final = frozenset(
    mark + sign for mark in ("", "?") for sign in ("=", "!=", "~", "!~", "<", "<=", ">", ">=")
)
_MARKS: Final = {"(": Kind.OPEN, ")": Kind.CLOSE, ",": Kind.COMMA}
_ESCAPES: Final = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\r": "\\r", "\v": "\\v", "\\": "\\\\"}


def scan(text: str) -> list[Token]:
    """Return the tokens of an expression, comments and blanks left out, an END last.

    Raises `RuleSyntaxError` at the first thing that is none.
    """
    tokens: list[Token] = []
    position = 0
    if "\0" in text:
        # SECURITY: no place for it; the reference takes it for a blank or for the end of a comment
        _refuse(text, text.index("\0"))
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            _refuse(text, position)
        if found.lastgroup != "space":
            tokens.append(_token(found))
        position = found.end()
    return [*tokens, Token(Kind.END, "", len(text))]


def _token(found: re.Match[str]) -> Token:
    group, at = found.lastgroup, found.start()
    assert group is not None  # noqa: S101 - every branch of the pattern has a name
    return Token(*_READERS[group](found), at)


def _name(found: re.Match[str]) -> tuple[Kind, str]:
    name = found["name"]
    if name[-1] in ".:":
        what = "function name" if found["call"] else "identifier"
        raise RuleSyntaxError(f'invalid {what} "{name}"', found.start())
    return (Kind.FUNCTION if found["call"] else Kind.IDENTIFIER), name


def _number(found: re.Match[str]) -> tuple[Kind, str]:
    text = found["number"]
    if text == "-" or text[-1] == ".":
        raise RuleSyntaxError(f'invalid number "{text}"', found.start())
    return Kind.NUMBER, text


def _text(found: re.Match[str]) -> tuple[Kind, str]:
    return Kind.TEXT, unquote(found["text"])


def unquote(literal: str) -> str:
    """Return the text of a literal in quotes."""
    inner = literal[1:-1]
    if "\\" not in inner:
        return inner
    return _ESCAPED.sub(lambda found: _MEANINGS.get(found[1], found[1]), inner)


def _sign(found: re.Match[str]) -> tuple[Kind, str]:
    sign = found["sign"]
    if sign not in _SIGNS:
        raise RuleSyntaxError(f'invalid sign operator "{sign}"', found.start())
    return Kind.SIGN, sign


def _join(found: re.Match[str]) -> tuple[Kind, str]:
    join = found["join"]
    if join not in {"&&", "||"}:
        raise RuleSyntaxError(f'invalid join operator "{join}"', found.start())
    return Kind.JOIN, join


_READERS: Final = {
    "name": _name,
    "call": _name,
    "number": _number,
    "text": _text,
    "sign": _sign,
    "join": _join,
    "slot": lambda found: (Kind.SLOT, found["slot"]),
    "param": lambda found: (Kind.PARAM, found["param"][2:-1]),
    "mark": lambda found: (_MARKS[found["mark"]], found["mark"]),
}


def _refuse(text: str, position: int) -> NoReturn:
    char = text[position]
    if char in "'\"":
        rest = text[position:]
        raise RuleSyntaxError(f"invalid quoted text {_quoted(rest)}", position)
    if char == "/":
        raise RuleSyntaxError("invalid comment", position)
    shown = _ESCAPES.get(char) or (char if char.isprintable() else f"\\u{ord(char):04x}")
    raise RuleSyntaxError(f"unexpected character '{shown}'", position)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
