"""The `pocketbase` command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pocketbase_cli.commands import NAME, print_version
from pocketbase_cli.errors import CliError
from pocketbase_cli.flags import GLOBAL_FLAGS, GlobalFlags
from pocketbase_cli.parsing import find_command, parse, words_of

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.config import Config

    from pocketbase_cli.cobra import Node
    from pocketbase_cli.parsing import Parsed

MakeApp = Callable[["Config"], "App"]


def main(argv: Sequence[str] | None = None, make_app: MakeApp | None = None) -> int:
    """Run the command line and return the exit code; *make_app* replaces the plain application."""
    args = list(sys.argv[1:] if argv is None else argv)
    # PERF: the version is asked by scripts; it costs no import of the command line library
    if args in (["--version"], ["-v"]):
        return print_version()
    try:
        return _run(args, make_app or _plain_app)
    except CliError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def config_from(args: Sequence[str]) -> Config:
    """Return the `Config` that the global flags among *args* ask for; the defaults when they are wrong."""
    try:
        return _flags_of(parse(args, GLOBAL_FLAGS, is_lenient=True)).config()
    except CliError:  # the command line says so when it runs
        return _flags_of(parse((), GLOBAL_FLAGS)).config()


def _flags_of(parsed: Parsed) -> GlobalFlags:
    values = parsed.values_of(GLOBAL_FLAGS)
    if not values["dir"]:
        raise CliError("--dir is empty: name the data directory")
    return GlobalFlags(values)


def _plain_app(config: Config) -> App:
    from pocketbase_server.app import App

    return App(config)


def _fail(message: str) -> int:
    stamp = datetime.now().strftime("%Y/%m/%d %H:%M:%S")  # noqa: DTZ005 - the operator's clock
    print(f"{stamp} {message}", file=sys.stderr, flush=True)
    return 1


def _run(args: list[str], make_app: MakeApp) -> int:
    from pocketbase_cli.cobra import help_page, refuse_unknown_words, usage
    from pocketbase_cli.root import root_node

    root = root_node()
    found = find_command(root, args)
    node: Node = found.command  # type: ignore[assignment]
    refuse_unknown_words(node, words_of(found.args, node.flags()))
    try:
        parsed = parse(found.args, node.flags(), is_lenient=node.is_root)
    except CliError:
        # COMPAT: a command of commands explains itself before it complains
        if node.is_group:
            print(f"{usage(node)}\n", file=sys.stderr)
        raise
    asked = {flag.name for flag, value in parsed.flags if value == "true"}
    if "version" in asked and node.is_root:
        return print_version()
    if "help" in asked or node.is_group:
        print(help_page(node))
        return 0
    return _call(root, [*found.path, *node.tokens(parsed)], parsed, make_app)


def _call(root: Node, tokens: list[str], parsed: Parsed, make_app: MakeApp) -> int:
    """Let Typer run the command and return its exit code."""
    import typer
    from pocketbase_server.core.errors import AppError
    from pocketbase_server.storage.datadir import DataDirError
    from pocketbase_server.storage.sql.errors import DatabaseError

    from pocketbase_cli.state import State

    state = State(_flags_of(parsed), make_app)
    try:
        code = root.command.main(tokens, prog_name=NAME, standalone_mode=False, obj=state)
    except (AppError, DataDirError, DatabaseError, OSError) as error:
        return _fail(str(error))
    except (typer.Exit, typer.Abort) as stop:
        return int(getattr(stop, "exit_code", 1))
    except typer.TyperException as error:  # what the library itself refuses
        return _fail(error.format_message())
    return code if isinstance(code, int) else 0
