"""Commands that read flags and print help in the reference's layout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup, TyperOption

from pocketbase_cli.errors import CliError
from pocketbase_cli.flags import GLOBAL_FLAGS
from pocketbase_cli.parsing import Flag, Kind, normalise

if TYPE_CHECKING:
    AnyCommand = TyperCommand | TyperGroup


def _kind(option: TyperOption) -> Kind:
    if option.is_flag:
        return Kind.BOOL
    if option.multiple:
        return Kind.STRINGS
    return Kind.INT if option.bare_type() == "int" else Kind.STRING


def _flag(option: TyperOption) -> Flag:
    long = next(name for name in option.opts if name.startswith("--"))
    short = next((name[1:] for name in option.opts if not name.startswith("--")), "")
    return Flag(long[2:], _kind(option), _default_text(option), option.help or "", short)


def _default_text(option: TyperOption) -> str:
    default = option.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (list, tuple)):
        return f"[{','.join(map(str, default))}]" if default else ""
    return "" if default is None or callable(default) else str(default)


def _own_flags(command: AnyCommand) -> list[Flag]:
    return [_flag(p) for p in command.params if isinstance(p, TyperOption) and not p.hidden]


def _known_flags(command: AnyCommand) -> list[Flag]:
    named = [_flag(p) for p in command.params if isinstance(p, TyperOption)]
    negated = [
        Flag(name[2:], Kind.BOOL, "false", "")
        for p in command.params
        if isinstance(p, TyperOption)
        for name in p.secondary_opts
    ]
    return [*named, *negated, Flag("help", Kind.BOOL, "false", "", "h")]


class CobraCommand(TyperCommand):
    """One command: refuses unknown flags in the reference's words, prints help in its layout."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read *args*."""
        return super().parse_args(ctx, normalise(args, _known_flags(self)))

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return help_page(self, ctx)


class CobraGroup(TyperGroup):
    """A command of commands: prints its help when it is given none, or one it does not know."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read *args* up to the sub-command; what follows is the sub-command's."""
        at = next((i for i, arg in enumerate(args) if arg in self.list_commands(ctx)), len(args))
        return super().parse_args(ctx, [*normalise(args[:at], _known_flags(self)), *args[at:]])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the sub-command that *args* name."""
        if args[0] not in self.list_commands(ctx):
            typer.echo(help_page(self, ctx))
            raise typer.Exit
        return super().resolve_command(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help page."""
        return help_page(self, ctx)


@dataclass(slots=True, frozen=True)
class Mount:
    """A command that is imported when it is used: its module, and its one-line help."""

    module: str
    help: str


class LazyGroup(CobraGroup):
    """The root: sub-commands are imported when they are used."""

    mounts: Mapping[str, Mount] = {}

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the names of the commands."""
        return list(self.mounts)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import and return a command, or None when there is no such."""
        mount = self.mounts.get(cmd_name)
        return None if mount is None else load(cmd_name, mount.module)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that *args* name; refuse unknown ones."""
        if args[0] not in self.mounts:
            raise CliError(f'unknown command "{args[0]}" for "{ctx.info_name}"')
        return super().resolve_command(ctx, args)

    def short_helps(self, ctx: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return name and one line of every command, without importing them."""
        return [(name, mount.help) for name, mount in sorted(self.mounts.items())]


def load(name: str, module: str) -> AnyCommand:
    """Return the command whose Typer application `app` lives in *module*."""
    app: typer.Typer = import_module(module).app
    app.info.name = name
    app._add_completion = False
    app.info.cls = CobraGroup
    for command in app.registered_commands:
        command.cls = CobraCommand
    built = typer.main.get_command(app)
    built.name = name
    return built  # type: ignore[return-value]


# -- help


def help_page(command: AnyCommand, ctx: Any) -> str:
    """Return the help of *command*: what it does, how it is called, commands, flags."""
    is_root = ctx.parent is None
    parts = [(command.help or "").strip(), f"Usage:\n{_usage(command, ctx)}"]
    if command.epilog:
        parts.append(f"Examples:\n{command.epilog}")
    if isinstance(command, TyperGroup):
        parts.append(f"Available Commands:\n{_commands(command, ctx)}")
    own = [*_own_flags(command), Flag("help", Kind.BOOL, "false", f"help for {ctx.info_name}", "h")]
    parts.append(f"Flags:\n{_flag_lines([*GLOBAL_FLAGS, *own] if is_root else own)}")
    if not is_root:
        parts.append(f"Global Flags:\n{_flag_lines(GLOBAL_FLAGS)}")
    if isinstance(command, TyperGroup):
        path = ctx.command_path
        parts.append(f'Use "{path} [command] --help" for more information about a command.')
    return "\n\n".join(part for part in parts if part)


def _usage(command: AnyCommand, ctx: Any) -> str:
    if isinstance(command, TyperGroup):
        return f"  {ctx.command_path} [command]"
    asked = command.options_metavar or "[flags]"
    return f"  {ctx.command_path} {'[flags]' if asked == '[OPTIONS]' else asked}"


def _commands(group: TyperGroup, ctx: Any) -> str:
    if isinstance(group, LazyGroup):
        rows = group.short_helps(ctx)
    else:
        rows = sorted((name, _first_line(sub)) for name, sub in group.commands.items())
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"  {name:<{max(width, 11)}} {text}" for name, text in rows)


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
    shown = flag.default if flag.default not in {"", "false", "0"} else ""
    if not shown:
        return flag.help
    quoted = f'"{shown}"' if flag.kind is Kind.STRING else shown
    return f"{flag.help} (default {quoted})"


Handler = Callable[..., object]
