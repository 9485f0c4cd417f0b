"""Commands whose flags and help look like the reference's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from pocketbase_cli.errors import CliError
from pocketbase_cli.flags import GLOBAL_FLAGS
from pocketbase_cli.parsing import Command, Flag, Kind, Parsed

AnyCommand = TyperCommand | TyperGroup


@dataclass(slots=True, frozen=True)
class Mount:
    """A command that is imported when it is used: its module, and its one-line help."""

    module: str
    help: str


class LazyGroup(TyperGroup):
    """The root: sub-commands are imported when they are used."""

    mounts: ClassVar[Mapping[str, Mount]] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the names of the commands."""
        return list(self.mounts)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import and return a command, or None when there is no such."""
        mount = self.mounts.get(cmd_name)
        return None if mount is None else _load(cmd_name, mount.module)


def _load(name: str, module: str) -> AnyCommand:
    """Return the command whose Typer application `app` lives in *module*."""
    app: typer.Typer = import_module(module).app
    app.info.name = name
    app._add_completion = False
    built: Any = typer.main.get_command(app)
    built.name = name
    return built  # type: ignore[no-any-return]


class Node(Command):
    """One command in the tree, as parsing and help see it."""

    def __init__(self, command: AnyCommand, path: str, *, is_root: bool = False) -> None:
        self.command = command
        self.path = path
        self.is_root = is_root

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(" ")[2]

    @property
    def is_group(self) -> bool:
        """Whether it has sub-commands."""
        return isinstance(self.command, TyperGroup)

    def find(self, name: str) -> Node | None:
        """Return its sub-command of that name, or None."""
        if not isinstance(self.command, TyperGroup):
            return None
        inner: Any = self.command.get_command(None, name)  # type: ignore[arg-type]
        return None if inner is None else Node(inner, f"{self.path} {name}")

    def flags(self) -> list[Flag]:
        """Return the flags it knows, global ones included."""
        options = [p for p in self.command.params if isinstance(p, TyperOption)]
        negated = [
            Flag(name[2:], Kind.BOOL, "false", "") for p in options for name in p.secondary_opts
        ]
        return [*GLOBAL_FLAGS, *map(_flag, options), *negated, self.help_flag()]

    def own_flags(self) -> list[Flag]:
        """Return the flags that its help names as its own."""
        options = (p for p in self.command.params if isinstance(p, TyperOption) and not p.hidden)
        return [*map(_flag, options), self.help_flag()]

    def help_flag(self) -> Flag:
        """Return the flag that asks for help."""
        return Flag("help", Kind.BOOL, "false", f"help for {self.name}", "h")

    def tokens(self, parsed: Parsed) -> list[str]:
        """Return *parsed* in the one spelling that Typer knows, without global flags."""
        named = [
            token
            for flag, value in parsed.flags
            if flag not in GLOBAL_FLAGS and flag.name != "help"
            for token in _spelt(flag, value, self._negations())
        ]
        return [*named, "--", *parsed.words] if parsed.words else named

    def _negations(self) -> Mapping[str, str]:
        return {
            name: negated
            for p in self.command.params
            if isinstance(p, TyperOption)
            for name, negated in zip(p.opts, p.secondary_opts, strict=False)
        }


def _spelt(flag: Flag, value: str, negations: Mapping[str, str]) -> list[str]:
    name = f"--{flag.name}"
    if flag.kind is Kind.BOOL:
        if value == "true":
            return [name]
        opposites = {**negations, **{negated: plain for plain, negated in negations.items()}}
        return [opposites[name]] if name in opposites else []
    if flag.kind is Kind.STRINGS:
        return [part for item in value.split(",") for part in (name, item)]
    return [name, value]


def _flag(option: TyperOption) -> Flag:
    long = next(name for name in option.opts if name.startswith("--"))
    short = next((name[1:] for name in option.opts if not name.startswith("--")), "")
    return Flag(long[2:], _kind(option), _default_text(option), option.help or "", short)


def _kind(option: TyperOption) -> Kind:
    if option.is_flag:
        return Kind.BOOL
    if option.multiple:
        return Kind.STRINGS
    return Kind.INT if option.bare_type() == "int" else Kind.STRING


def _default_text(option: TyperOption) -> str:
    default = option.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (list, tuple)):
        return f"[{','.join(map(str, default))}]" if default else ""
    return "" if default is None or callable(default) else str(default)


# -- help


def help_page(node: Node) -> str:
    """Return the help of a command: what it does, then its usage."""
    about = (node.command.help or "").strip()
    return f"{about}\n\n{usage(node)}" if about else usage(node)


def usage(node: Node) -> str:
    """Return how a command is called: examples, sub-commands, flags."""
    own = node.own_flags()
    parts = [
        f"Usage:\n{_usage_line(node)}",
        f"Examples:\n{node.command.epilog}" if node.command.epilog else "",
        f"Available Commands:\n{_command_lines(node.command)}" if node.is_group else "",
        f"Flags:\n{_flag_lines([*GLOBAL_FLAGS, *own] if node.is_root else own)}",
        "" if node.is_root else f"Global Flags:\n{_flag_lines(GLOBAL_FLAGS)}",
        f'Use "{node.path} [command] --help" for more information about a command.'
        if node.is_group
        else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _usage_line(node: Node) -> str:
    if node.is_group:
        return f"  {node.path} [command]"
    asked = node.command.options_metavar or ""
    return f"  {node.path} {asked if asked != '[OPTIONS]' else '[flags]'}"


def _command_lines(group: Any) -> str:
    if isinstance(group, LazyGroup):
        rows = sorted((name, mount.help) for name, mount in group.mounts.items())
    else:
        rows = sorted((name, _first_line(sub)) for name, sub in group.commands.items())
    width = max(11, *(len(name) for name, _ in rows))
    return "\n".join(f"  {name:<{width}} {text}" for name, text in rows)


def _first_line(command: Any) -> str:
    text: str = command.short_help or command.help or ""
    return text.strip().partition("\n")[0].rstrip(".")


def _flag_lines(flags: Sequence[Flag]) -> str:
    ordered = sorted(flags, key=lambda flag: flag.name)
    heads = [_flag_head(flag) for flag in ordered]
    width = max(map(len, heads)) + 3
    indent = "\n" + " " * width
    lines = (
        f"{head:<{width}}{_flag_text(flag).replace(chr(10), indent)}"
        for head, flag in zip(heads, ordered, strict=True)
    )
    return "\n".join(lines)


def _flag_head(flag: Flag) -> str:
    short = f"  -{flag.short}, " if flag.short else "      "
    return f"{short}--{flag.name} {flag.kind.value}".rstrip()


def _flag_text(flag: Flag) -> str:
    if flag.default in {"", "false", "0"}:
        return flag.help
    shown = f'"{flag.default}"' if flag.kind is Kind.STRING else flag.default
    return f"{flag.help} (default {shown})"


def refuse_unknown_words(node: Node, words: Sequence[str]) -> None:
    """Raise `CliError` when the root is given a word that names no command."""
    if node.is_root and words:
        word = words[0]
        close = [name for name in _names(node.command) if _is_close(word.lower(), name)]
        meant = "\n\nDid you mean this?" + "".join(f"\n\t{name}" for name in close) if close else ""
        raise CliError(f'unknown command "{word}" for "{node.path}"{meant}')


def _names(group: Any) -> list[str]:
    return list(group.mounts)[::-1] if isinstance(group, LazyGroup) else []


def _is_close(word: str, name: str) -> bool:
    """Tell whether *word* begins *name*, or is at most two typing errors away from it."""
    return name.startswith(word) or _distance(word, name) <= _TYPING_ERRORS


_TYPING_ERRORS = 2


def _distance(one: str, other: str) -> int:
    """Return how many letters have to be put in, left out or changed."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for k, right in enumerate(other, 1):
            before, row[k] = row[k], min(row[k] + 1, row[k - 1] + 1, before + (left != right))
    return row[-1]
