"""Flags as the reference reads them: `--name=value`, `--name value`, `--switch`, `--switch=false`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from pocketbase_cli.errors import CliError

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
        try:
            return str(int(text, 0))
        except ValueError:
            raise self._refused(text, "ParseInt") from None

    def _refused(self, text: str, parser: str) -> CliError:
        return CliError(
            f'invalid argument "{text}" for "--{self.name}" flag: strconv.{parser}: parsing "{text}": invalid syntax'
        )


@dataclass(slots=True)
class _Tokens:
    """Arguments still to be read."""

    rest: list[str]

    def next(self) -> str | None:
        return self.rest.pop(0) if self.rest else None


def split_globals(
    args: Sequence[str], flags: Iterable[Flag], commands: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    """Take the global flags out of *args*, wherever they stand, and return their values and what is left.

    Before the command unknown flags are dropped, since they may belong to someone's hooks.
    """
    known = {flag.name: flag for flag in flags}
    values = {flag.name: flag.default for flag in flags}
    left: list[str] = []
    tokens = _Tokens(list(args))
    names = frozenset(commands)
    while (token := tokens.next()) is not None:
        if token == "--":
            left += [token, *tokens.rest]
            break
        if not token.startswith("-") or token == "-":
            left.append(token)
            continue
        name, has_value, value = token.lstrip("-").partition("=")
        flag = known.get(name) if token.startswith("--") else None
        if flag is not None:
            values[name] = flag.checked(value if has_value else _value_of(flag, tokens))
        elif not names.isdisjoint(left) or name in _ROOT_FLAGS:
            left.append(token)
        elif not has_value and tokens.rest and not tokens.rest[0].startswith("-"):
            # COMPAT: an unknown flag takes the word after it for its value
            tokens.next()
    return values, left


_ROOT_FLAGS = frozenset({"h", "help", "v", "version"})


def _value_of(flag: Flag, tokens: _Tokens) -> str:
    if flag.kind is Kind.BOOL:
        return "true"
    value = tokens.next()
    if value is None:
        raise CliError(f"flag needs an argument: --{flag.name}")
    return value


def normalise(args: Sequence[str], flags: Iterable[Flag]) -> list[str]:
    """Return *args* of one command with every flag spelt in the one way that the command line library knows.

    Raises `CliError` for flags that are not among *flags*, values of the wrong kind and missing ones.
    """
    known = {f"--{flag.name}": flag for flag in flags}
    known |= {f"-{flag.short}": flag for flag in flags if flag.short}
    named: list[str] = []
    plain: list[str] = []
    tokens = _Tokens(list(args))
    while (token := tokens.next()) is not None:
        if token == "--":
            plain += tokens.rest
            break
        if not token.startswith("-") or token == "-":
            plain.append(token)
            continue
        key, has_value, value = token.partition("=")
        flag = known.get(key)
        if flag is None:
            raise _unknown(token, key)
        named += _spelt(flag, flag.checked(value if has_value else _value_of(flag, tokens)))
    return [*named, "--", *plain] if any(p.startswith("-") for p in plain) else [*named, *plain]


def _spelt(flag: Flag, value: str) -> list[str]:
    if flag.kind is Kind.BOOL:
        return [f"--{flag.name}"] if value == "true" else [f"--no-{flag.name}"]
    if flag.kind is Kind.STRINGS:
        return [part for item in value.split(",") for part in (f"--{flag.name}", item)]
    return [f"--{flag.name}", value]


def _unknown(token: str, key: str) -> CliError:
    if token.startswith("--"):
        return CliError(f"unknown flag: {key}")
    return CliError(f"unknown shorthand flag: '{token[1]}' in {token}")
