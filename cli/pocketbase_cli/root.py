"""The root command: what is said when no other is named."""

from __future__ import annotations

from typing import Annotated

import typer

from pocketbase_cli.cobra import LazyGroup, Mount, help_page
from pocketbase_cli.commands import COMMANDS, print_version


class RootGroup(LazyGroup):
    """All commands."""

    mounts = {name: Mount(*where) for name, where in COMMANDS.items()}


app = typer.Typer(
    cls=RootGroup,
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
    """PocketBase CLI"""  # noqa: D400, D415 - help text
    if version:
        print_version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(help_page(context.command, context))  # type: ignore[arg-type]
