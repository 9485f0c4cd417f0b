"""The `pocketbase` command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pocketbase_cli.commands import COMMANDS, NAME, print_version
from pocketbase_cli.errors import CliError
from pocketbase_cli.flags import GLOBAL_FLAGS, GlobalFlags
from pocketbase_cli.parsing import split_globals

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.config import Config

def main(argv: Sequence[str] | None = None, make_app: Callable[[Config], App] | None = None) -> int:
    """Run the command line and return the exit code; *make_app* replaces the plain application."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        values, rest = split_globals(args, GLOBAL_FLAGS, COMMANDS)
        # PERF: the version is asked by scripts; it costs no import of the command line library
        if rest[:1] in (["--version"], ["-v"]):
            return print_version()
        return _run(rest, GlobalFlags(values), make_app or _plain_app)
    except CliError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def config_from(args: Sequence[str]) -> Config:
    """Return the `Config` that the global flags among *args* ask for; the defaults when they are wrong."""
    try:
        values, _ = split_globals(args, GLOBAL_FLAGS, COMMANDS)
    except CliError:  # the command line says so when it runs
        values, _ = split_globals((), GLOBAL_FLAGS, COMMANDS)
    return GlobalFlags(values).config()


def _plain_app(config: Config) -> App:
    from pocketbase_server.app import App

    return App(config)


def _fail(message: str) -> int:
    stamp = datetime.now().strftime("%Y/%m/%d %H:%M:%S")  # noqa: DTZ005 - the operator's clock
    print(f"{stamp} {message}", file=sys.stderr, flush=True)
    return 1


def _run(args: list[str], flags: GlobalFlags, make_app: Callable[[Config], App]) -> int:
    import typer.main

    from pocketbase_cli.root import app
    from pocketbase_cli.state import State
    from pocketbase_server.core.errors import AppError

    root = typer.main.get_command(app)
    try:
        code = root.main(args, prog_name=NAME, standalone_mode=False, obj=State(flags, make_app))
    except (AppError, OSError) as error:
        return _fail(str(error))
    except (typer.Exit, typer.Abort) as stop:
        return getattr(stop, "exit_code", 1)
    except typer.TyperException as error:  # what the library itself refuses
        return _fail(error.format_message())
    return code if isinstance(code, int) else 0
