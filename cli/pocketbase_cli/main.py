"""The root command: global flags, version, and the table of commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from pocketbase_cli.errors import CliError
from pocketbase_cli.flags import GLOBAL_FLAGS, GlobalFlags
from pocketbase_cli.parsing import split_globals

if TYPE_CHECKING:
    import typer

    from pocketbase_server.app import App
    from pocketbase_server.core.config import Config

NAME: Final = "pocketbase"

COMMANDS: Final = {
    "migrate": ("pocketbase_cli.migrate", "Runs and manages the migrations of the data directory"),
    "serve": (
        "pocketbase_cli.serve",
        "Starts the web server (on 127.0.0.1:8090 unless a domain is given)",
    ),
    "superuser": ("pocketbase_cli.superuser", "Manages superusers"),
}
"""Every command: the module whose `app` it is, and its line in the help."""


def main(argv: Sequence[str] | None = None, make_app: Callable[[Config], App] | None = None) -> int:
    """Run the command line and return the exit code; *make_app* replaces the plain application."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        values, rest = split_globals(args, GLOBAL_FLAGS, COMMANDS)
        # PERF: the version is asked by scripts; it costs no import of the command line library
        if rest[:1] in (["--version"], ["-v"]):
            return _print_version()
        return _run(rest, GlobalFlags(values), make_app or _plain_app)
    except CliError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _plain_app(config: Config) -> App:
    from pocketbase_server.app import App

    return App(config)


def _print_version() -> int:
    from pocketbase_server.version import __version__

    print(f"{NAME} version {__version__}")
    return 0


def _fail(message: str) -> int:
    stamp = datetime.now().strftime("%Y/%m/%d %H:%M:%S")  # noqa: DTZ005 - the operator's clock
    print(f"{stamp} {message}", file=sys.stderr, flush=True)
    return 1


def _run(args: list[str], flags: GlobalFlags, make_app: Callable[[Config], App]) -> int:
    import typer.main

    from pocketbase_cli.state import State
    from pocketbase_server.core.errors import AppError

    root = typer.main.get_command(_root())
    try:
        code = root.main(args, prog_name=NAME, standalone_mode=False, obj=State(flags, make_app))
    except (AppError, OSError) as error:
        return _fail(str(error))
    except (typer.Exit, typer.Abort) as stop:
        return getattr(stop, "exit_code", 1)
    except typer.TyperException as error:  # what the library itself refuses
        return _fail(error.format_message())
    return code if isinstance(code, int) else 0


def _root() -> typer.Typer:
    import typer

    from pocketbase_cli.cobra import LazyGroup, Mount, help_page

    class Root(LazyGroup):
        mounts = {name: Mount(*where) for name, where in COMMANDS.items()}

    app = typer.Typer(
        cls=Root,
        help="PocketBase CLI",
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def root(
        context: typer.Context,
        version: Annotated[
            bool, typer.Option("--version", "-v", help="version for pocketbase")
        ] = False,
    ) -> None:
        if version:
            _print_version()
            raise typer.Exit
        if context.invoked_subcommand is None:
            typer.echo(help_page(context.command, context))  # type: ignore[arg-type]

    return app
