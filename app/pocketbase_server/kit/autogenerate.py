"""Random text that a pattern describes, as `autogeneratePattern` of text fields asks for."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import re2

from pocketbase_server.kit.ids import ALPHANUMERIC, random_string
from pocketbase_server.kit.regex import RegexError, compile_pattern

Make = Callable[[], str]

_MOST_REPEATS: Final = 5
"""What `*`, `+` and `{n,}` stop at."""
_SPACES: Final = "\t\n\f\r "
_CLASSES: Final = {"d": string.digits, "w": ALPHANUMERIC + "_", "s": _SPACES}
_CONTROLS: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REPEAT: Final = re.compile(r"\{(\d+)(,?)(\d*)\}")
_FLAGS: Final = re.compile(r"\?([a-zA-Z-]*)(:|\))")
_NAME: Final = re.compile(r"\?P?<\w+>")
_SIMPLE_CLASS: Final = re.compile(r"\[((?:[A-Za-z0-9_ !@#$%&*()+=.,:;<>?/|~'\"-]|\\[dws.\-])+)\]")
_HEX: Final = re.compile(r"x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))")
_PROPERTY: Final = re.compile(r"[pP](?:\{\^?\w+\}|[A-Z])")

# The operators that describe no text, by the number the reference's messages carry.
_EMPTY: Final = 2
_LINE_START, _LINE_END, _TEXT_START, _TEXT_END, _BOUNDARY, _NO_BOUNDARY = 7, 8, 9, 10, 11, 12


class AutogenerateError(ValueError):
    """The pattern is well made, but no text can be generated for it."""


def autogenerate(pattern: str) -> str:
    """Return random text for *pattern*; raises `RegexError` or `AutogenerateError`."""
    return maker(pattern)()


@lru_cache(maxsize=512)
def maker(pattern: str) -> Make:
    """Return a function that makes texts for *pattern*, from a cache; raises as `autogenerate`."""
    compile_pattern(pattern)  # says what is wrong with it in the usual words
    return _Parser(pattern).parse()


class _Parser:
    """Reads a pattern that is known to be well made."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._flags = ""

    def parse(self) -> Make:
        return self._alternatives()

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _alternatives(self) -> Make:
        flags = self._flags
        choices = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            choices.append(self._sequence())
        self._flags = flags
        if len(choices) == 1:
            return choices[0]
        return lambda: secrets.choice(choices)()  # noqa: PLW0108 - chosen anew each time

    def _sequence(self) -> Make:
        parts: list[Make] = []
        while self._peek() not in {"", "|", ")"}:
            part = self._repeated(self._atom())
            if part is not None:
                parts.append(part)
        if not parts and self._text:
            raise _unsupported(_EMPTY)
        if len(parts) == 1:
            return parts[0]
        return lambda: "".join([part() for part in parts])

    def _atom(self) -> tuple[Make | None, str]:
        """Return what makes the next atom, and the characters when it is one of a set."""
        char = self._peek()
        if char == "(":
            return self._group(), ""
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        self._at += 1
        if char == ".":
            return _one_of(ALPHANUMERIC)
        if char in "^$":
            raise _unsupported(self._anchor(char))
        return self._literal(char)

    def _anchor(self, char: str) -> int:
        if "m" in self._flags:
            return _LINE_START if char == "^" else _LINE_END
        return _TEXT_START if char == "^" else _TEXT_END

    def _literal(self, char: str) -> tuple[Make, str]:
        if "i" in self._flags:
            char = char.upper()
        return (lambda: char), char

    def _group(self) -> Make | None:
        self._at += 1
        outer = self._flags
        if self._peek() == "?" and self._take_prefix():
            return None
        made = self._alternatives()
        self._at += 1
        self._flags = outer
        return made

    def _take_prefix(self) -> bool:
        """Skip `?:`, `?i:` or `?P<name>`; True when it was only flags for what follows: `(?i)`."""
        name = _NAME.match(self._text, self._at)
        if name:
            self._at = name.end()
            return False
        flags = _FLAGS.match(self._text, self._at)
        if flags is None:
            raise RegexError("error parsing regexp: invalid or unsupported Perl syntax: `(?`")
        self._at = flags.end()
        self._flags = flags[1].partition("-")[0]
        return flags[2] == ")"

    def _class(self) -> tuple[Make, str]:
        simple = _SIMPLE_CLASS.match(self._text, self._at)
        if simple and "i" not in self._flags:
            self._at = simple.end()
            return _one_of(_expand(simple[1]))
        start = self._at
        self._at = _class_end(self._text, start)
        return _one_of(_members(self._text[start : self._at], self._flags))

    def _escape(self) -> tuple[Make | None, str]:
        rest = self._text[self._at + 1 :]
        special = _PROPERTY.match(rest) or re.match("[dDwWsS]", rest)
        if special:
            return self._escaped_class(special[0])
        code = _HEX.match(rest)
        if code:
            self._at += 1 + code.end()
            return self._literal(chr(int(code[1] or code[2], 16)))
        self._at += 2
        if rest[0] in "AzbB":
            raise _unsupported(
                {"A": _TEXT_START, "z": _TEXT_END, "b": _BOUNDARY}.get(rest[0], _NO_BOUNDARY)
            )
        return self._literal(_CONTROLS.get(rest[0], rest[0]))

    def _escaped_class(self, name: str) -> tuple[Make, str]:
        self._at += 1 + len(name)
        return _one_of(_CLASSES.get(name) or _members("\\" + name, self._flags))

    def _repeated(self, atom: tuple[Make | None, str]) -> Make | None:
        make, chars = atom
        bounds = self._bounds()
        if make is None or bounds is None:
            return make
        least, most = bounds
        if chars and least == most:
            # PERF: `[a-z0-9]{15}` is every record's id
            return lambda: random_string(least, chars)
        return lambda: "".join([make() for _ in range(_between(least, most))])

    def _bounds(self) -> tuple[int, int] | None:
        """Return how often the atom before may come; the upper bound is not reached."""
        char = self._peek()
        exact = _REPEAT.match(self._text, self._at)
        if exact:
            self._at = exact.end()
            bounds = _exact_bounds(exact)
        elif char and char in "*+?":
            self._at += 1
            bounds = (0, 1) if char == "?" else (int(char == "+"), _MOST_REPEATS + 1)
        else:
            return None
        if self._peek() == "?":
            self._at += 1
        return bounds


def _exact_bounds(found: re.Match[str]) -> tuple[int, int]:
    least = int(found[1])
    if not found[2]:
        return least, least
    if not found[3]:
        return least, max(least, _MOST_REPEATS) + 1
    return least, int(found[3])


def _between(least: int, most: int) -> int:
    return least if most <= least + 1 else least + secrets.randbelow(most - least)


def _unsupported(operator: int) -> AutogenerateError:
    return AutogenerateError(f"unsupported pattern operator {operator}")


def _one_of(chars: str) -> tuple[Make, str]:
    if not chars:
        raise _unsupported(1)
    return (lambda: secrets.choice(chars)), chars


def _expand(inner: str) -> str:
    """Return the characters of a class without its brackets: `a-c_` is `abc_`."""
    inner = re.sub(r"\\([dws])", lambda m: _CLASSES[m[1]], inner)
    inner = re.sub(r"(?s)([^\\])-([^\\])", lambda m: _range(m[1], m[2]), inner)
    return "".join(dict.fromkeys(inner.replace("\\", "")))


def _range(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1)))


def _class_end(text: str, start: int) -> int:
    """Return where the class that opens at *start* ends."""
    at = start + 1
    if text.startswith("^", at):
        at += 1
    if text.startswith("]", at):
        at += 1
    while text[at] != "]":
        if text.startswith("[:", at) and ":]" in text[at:]:
            at = text.index(":]", at) + 2
        else:
            at += 2 if text[at] == "\\" else 1
    return at + 1


def _all_characters() -> str:
    return "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))


@lru_cache(maxsize=8)
def _members(class_text: str, flags: str) -> str:
    """Return every character that a class takes in, whatever its syntax."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = "i" not in flags
    runs = re2.compile(f"{class_text}+".encode(), options)
    return b"".join(run[0] for run in runs.finditer(_all_characters().encode())).decode()
