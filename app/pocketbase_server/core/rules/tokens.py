"""From text to tokens, each with its position."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import isinf
from typing import Final

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


class TokenError(RuleSyntaxError):
    """A token that was begun and is not one: an unfinished text, a name that ends with a dot."""

    def __init__(self, what: str, text: str, position: int) -> None:
        super().__init__(f"invalid {what} {quoted(text)}", position)
        self.shown = quoted(text)


TEXT_SLOT: Final = "\x01"
NUMBER_SLOT: Final = "\x02"
"""Stand for lifted literals; in a caller's text they are refused (see `skeleton`)."""

_BLANKS: Final = re.compile(r"(?:[ \t\n]|//[^\n]*)+")
_TOKEN: Final = re.compile(
    r"""(?P<name>[A-Za-z@_\#][A-Za-z0-9_.:]*)(?P<call>\()?
    |(?P<number>[-0-9][0-9]*(?:\.[0-9]*)?)
    |(?P<text>'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+")
    |(?P<sign>[=?!><~]+)
    |(?P<join>[&|]+)
    |(?P<slot>[\x01\x02])
    |(?P<param>\{:\w+\})
    |(?P<mark>[(),])""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_BRACKETS: Final = re.compile(
    r"""[()]|(?P<open>'(?:\\.|[^'\\])*+(?P<a>')?|"(?:\\.|[^"\\])*+(?P<b>")?)""", re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\(?:([ntr'\"\\])|\Z)")
_MEANINGS: Final = {"n": "\n", "t": "\t", "r": "\r", None: ""}
_SIGNS: Final = frozenset(
    mark + sign for mark in ("", "?") for sign in ("=", "!=", "~", "!~", "<", "<=", ">", ">=")
)
_MARKS: Final = {"(": Kind.OPEN, ")": Kind.CLOSE, ",": Kind.COMMA}


class Scanner:
    """Reads a text token by token; inside a group, no further than its end."""

    __slots__ = ("_closings", "at", "end", "text")

    def __init__(self, text: str) -> None:
        if "\0" in text:
            # SECURITY: no place for it; the reference takes it for a blank or the end of a comment
            raise unexpected("\0", text.index("\0"))
        self.text = text
        self.at = 0
        self.end = len(text)
        self._closings: dict[int, int] = {}

    def peek(self) -> str:
        """Return the first character of what comes next, "" at the end; blanks are left behind.

        Raises `RuleSyntaxError` for a comment that is none.
        """
        found = _BLANKS.match(self.text, self.at, self.end)
        if found is not None:
            self.at = found.end()
        char = self.text[self.at] if self.at < self.end else ""
        if char == "/":
            raise RuleSyntaxError("invalid comment", self.at)
        return char

    def next(self) -> Token:
        """Return the next token, an END at the end; raises `RuleSyntaxError`."""
        char = self.peek()
        if not char:
            return Token(Kind.END, "", self.end)
        found = _TOKEN.match(self.text, self.at, self.end)
        if found is None:
            raise self._none(char)
        token = _token(found)
        self.at = found.end()
        return token

    def _none(self, char: str) -> RuleSyntaxError:
        if char in "'\"":
            return TokenError("quoted text", _unescaped(self.text[self.at : self.end]), self.at)
        return unexpected(char, self.at)

    # -- groups

    def enter(self, opened: int) -> int:
        """Read only the group that was opened there from now on; return the end so far.

        Raises `RuleSyntaxError` when the group is not closed.
        """
        if opened not in self._closings:
            self._match_brackets(opened)
        outer, self.end = self.end, self._closings[opened]
        return outer

    def leave(self, end: int) -> None:
        """Go on behind the group, up to *end*."""
        self.at, self.end = self.end + 1, end

    def _match_brackets(self, opened: int) -> None:
        """Note where the group, and those in it, end."""
        unclosed: list[int] = []
        # COMPAT: comments have no meaning yet; brackets and quotes in them count
        for found in _BRACKETS.finditer(self.text, opened, self.end):
            if found[0] == "(":
                unclosed.append(found.start())
            elif found[0] == ")":
                self._closings[unclosed.pop()] = found.start()
                if not unclosed:
                    return
            elif not (found["a"] or found["b"]):
                raise TokenError("quoted text", found[0], found.start())
        missing = len(unclosed)
        message = f"invalid formatted group - missing {missing} closing bracket(s)"
        raise RuleSyntaxError(message, unclosed[-1])


def scan(text: str) -> list[Token]:
    """Return the tokens of a text, comments and blanks left out, an END last.

    Raises `RuleSyntaxError` at the first thing that is none.
    """
    scanner = Scanner(text)
    tokens = [scanner.next()]
    while tokens[-1].kind is not Kind.END:
        tokens.append(scanner.next())
    return tokens


def _token(found: re.Match[str]) -> Token:
    group = found.lastgroup
    assert group is not None  # noqa: S101 - every branch of the pattern has a name
    return Token(*_READERS[group](found), found.start())


def _name(found: re.Match[str]) -> tuple[Kind, str]:
    name = found["name"]
    if name[-1] in ".:" or name in {"@", "#", "_"}:
        what = "function name" if found["call"] else "identifier"
        raise TokenError(what, name, found.start())
    return (Kind.FUNCTION if found["call"] else Kind.IDENTIFIER), name


def _number(found: re.Match[str]) -> tuple[Kind, str]:
    text = found["number"]
    if text == "-" or text[-1] == ".":
        raise TokenError("number", text, found.start())
    return Kind.NUMBER, text


def _text(found: re.Match[str]) -> tuple[Kind, str]:
    return Kind.TEXT, unquote(found["text"])


def unquote(literal: str) -> str:
    """Return the text of a literal in quotes."""
    return _unescaped(literal[1:-1])


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: _MEANINGS.get(found[1], found[1]), text)


def number_of(literal: str) -> float:
    """Return the number that a literal writes."""
    number = float(literal)
    # COMPAT: what is too large for a double counts as nothing
    return 0.0 if isinf(number) else number


def _sign(found: re.Match[str]) -> tuple[Kind, str]:
    sign = found["sign"]
    if sign not in _SIGNS:
        raise TokenError("sign operator", sign, found.start())
    return Kind.SIGN, sign


def _join(found: re.Match[str]) -> tuple[Kind, str]:
    join = found["join"]
    if join not in {"&&", "||"}:
        raise TokenError("join operator", join, found.start())
    return Kind.JOIN, join


_READERS: Final[dict[str, Callable[[re.Match[str]], tuple[Kind, str]]]] = {
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

# -- how messages show text

_SHOWN: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    "\\": "\\\\",
}  # fmt: skip
_ASCII: Final = 0x80
_WIDE: Final = 0x10000


def unexpected(char: str, position: int) -> RuleSyntaxError:
    """Return the error for a character that can begin nothing."""
    return RuleSyntaxError(f"unexpected character '{shown(char)}'", position)


def shown(char: str) -> str:
    """Return a character as messages show it: what cannot be seen is escaped."""
    if char in _SHOWN:
        return _SHOWN[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < _ASCII:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < _WIDE else f"\\U{code:08x}"


def quoted(text: str) -> str:
    """Return a text in quotes as messages show it."""
    return '"' + "".join('\\"' if char == '"' else shown(char) for char in text) + '"'
