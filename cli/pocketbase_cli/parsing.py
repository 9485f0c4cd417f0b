"""Flags and commands as the reference reads them: `--name=value`, `--name value`, `--switch`, `--switch=false`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from pocketbase_cli.errors import CliError

_OCTAL = re.compile(r"[+-]?0[0-7_]+", re.ASCII)
_INT64 = 1 << 63
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class Kind(Enum):
    """What a flag's value is; the value is the word that help prints for it."""

    BOOL = ""
    INT = "int"
    STRING = "string"
    STRINGS = "strings"


@dataclass(slots=True, frozen=True)
class Flag:
    """One flag: its long name without dashes, kind, default as text, what it does, its one-letter name."""

    name: str
    kind: Kind
    default: str
    help: str
    short: str = ""

    def checked(self, text: str) -> str:
        """Return *text* in one spelling (`true`, `false`, decimal), or raise `CliError` when it is no such value."""
        if self.kind is Kind.BOOL:
            return self._bool(text)
        if self.kind is Kind.INT:
            return self._int(text)
        return text

    def _bool(self, text: str) -> str:
        if text in _TRUE:
            return "true"
        if text in _FALSE:
            return "false"
        raise self._refused(text, "ParseBool")

    def _int(self, text: str) -> str:
        if not text.isascii() or text.strip() != text:
            raise self._refused(text, "ParseInt")
        try:
            # COMPAT: a zero in front means octal
            number = int(text, 8) if _OCTAL.fullmatch(text) else int(text, 0)
        except ValueError:
            raise self._refused(text, "ParseInt") from None
        if not -_INT64 <= number < _INT64:
            raise self._refused(text, "ParseInt", "value out of range")
        return str(number)

    def _refused(self, text: str, parser: str, why: str = "invalid syntax") -> CliError:
        name = f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"
        return CliError(
            f'invalid argument "{text}" for "{name}" flag: strconv.{parser}: parsing "{text}": {why}'
        )


# -- flags


@dataclass(slots=True)
class Parsed:
    """Flags with their values in the order given, and the words between them."""

    flags: list[tuple[Flag, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def values_of(self, flags: Iterable[Flag]) -> dict[str, str]:
        """Return the values of *flags* by name: the last one given, or the default."""
        values = {flag.name: flag.default for flag in flags}
        return values | {flag.name: value for flag, value in self.flags if flag.name in values}


def parse(args: Sequence[str], flags: Iterable[Flag], *, is_lenient: bool = False) -> Parsed:
    """Return *args* taken apart; unknown flags are dropped when *is_lenient*, else refused with `CliError`."""
    known = _by_spelling(flags)
    parsed = Parsed()
    rest = list(args)
    while rest:
        piece = rest.pop(0)
        if piece == "--":
            parsed.words += rest
            break
        if not piece.startswith("-") or piece == "-":
            parsed.words.append(piece)
            continue
        key, has_value, value = piece.partition("=")
        flag = known.get(key)
        if flag is not None:
            text = value if has_value else _following(flag, rest)
            parsed.flags.append((flag, flag.checked(text)))
        elif not is_lenient or _is_malformed(piece):
            raise _unknown(piece, key)
        elif not has_value and rest and not rest[0].startswith("-"):
            # COMPAT: an unknown flag takes the word after it for its value
            rest.pop(0)
    return parsed


def _by_spelling(flags: Iterable[Flag]) -> Mapping[str, Flag]:
    known: dict[str, Flag] = {}
    for flag in flags:
        known[f"--{flag.name}"] = flag
        if flag.short:
            known[f"-{flag.short}"] = flag
    return known


def _following(flag: Flag, rest: list[str]) -> str:
    if flag.kind is Kind.BOOL:
        return "true"
    if not rest:
        raise CliError(f"flag needs an argument: --{flag.name}")
    return rest.pop(0)


def _unknown(piece: str, key: str) -> CliError:
    if _is_malformed(piece):
        return CliError(f"bad flag syntax: {piece}")
    if piece.startswith("--"):
        return CliError(f"unknown flag: {key}")
    return CliError(f"unknown shorthand flag: '{piece[1]}' in {piece}")


def _is_malformed(piece: str) -> bool:
    return piece.startswith(("---", "--="))


# -- commands


class Command(Protocol):
    """What finding a command needs to know of one."""

    def flags(self) -> Sequence[Flag]:
        """Return the flags it knows, global ones included."""
        ...

    def find(self, name: str) -> Command | None:
        """Return its sub-command of that name, or None."""
        ...


@dataclass(slots=True)
class Found:
    """The innermost command that a command line names, how it is reached, and what is left for it."""

    command: Command
    path: list[str]
    args: list[str]


def find_command(root: Command, args: Sequence[str]) -> Found:
    """Return the command that *args* name; flags may stand before, between and after its words."""
    found = Found(root, [], list(args))
    while True:
        at = next(_words(found.args, found.command.flags()), None)
        inner = None if at is None else found.command.find(found.args[at])
        if at is None or inner is None:
            return found
        found.path.append(found.args.pop(at))
        found.command = inner


def words_of(args: Sequence[str], flags: Iterable[Flag]) -> list[str]:
    """Return the words among *args* that could name a command."""
    return [args[at] for at in _words(args, flags)]


def _words(args: Sequence[str], flags: Iterable[Flag]) -> Iterator[int]:
    """Give the places of the words that are no flags and no flags' values."""
    # COMPAT: the flags that every command has are not known yet, so they are taken to have a value
    known = _by_spelling(flag for flag in flags if flag.name not in _LATE)
    at = 0
    while at < len(args) and args[at] != "--":
        piece = args[at]
        is_flag = piece.startswith("-") or not piece
        if not is_flag:
            yield at
        at += 2 if is_flag and _takes_next(piece, known) else 1


_LATE = frozenset({"help", "version"})
_SHORT = 2


def _takes_next(piece: str, known: Mapping[str, Flag]) -> bool:
    is_long = piece.startswith("--")
    if "=" in piece or not (is_long or len(piece) == _SHORT):
        return False
    flag = known.get(piece)
    return flag is None or flag.kind is not Kind.BOOL
