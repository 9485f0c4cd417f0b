"""The root command: the table of commands as a Typer application."""

from __future__ import annotations

from typing import Annotated, ClassVar

import typer
import typer.main

from pocketbase_cli.cobra import LazyGroup, Mount, Node
from pocketbase_cli.commands import COMMANDS, NAME


class RootGroup(LazyGroup):
    """All commands."""

    mounts: ClassVar = {name: Mount(*where) for name, where in COMMANDS.items()}


app = typer.Typer(cls=RootGroup, help="PocketBase CLI", add_completion=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", "-v", help=f"version for {NAME}")] = False,
) -> None:
    """PocketBase CLI"""  # noqa: D400 - help text


def root_node() -> Node:
    """Return the root of the tree of commands."""
    command: typer.core.TyperGroup = typer.main.get_command(app)  # type: ignore[assignment]
    return Node(command, NAME, is_root=True)
