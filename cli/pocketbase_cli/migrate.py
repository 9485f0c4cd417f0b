"""`pocketbase migrate`: the migrations of the data directory."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from pocketbase_cli.errors import CliError
from pocketbase_cli.state import opened_app

_HELP: Final = """Runs and manages the migrations of the data directory:
- up            - applies every migration that is not applied yet
- down [number] - reverts the last [number] applied migrations
- create name   - writes a new, empty migration file
- collections   - writes a migration file with all collections as they are
- history-sync  - forgets applied migrations whose files are gone"""

app = typer.Typer(help="Runs and manages the migrations of the data directory")

_LATER: Final = frozenset({"down", "create", "collections"})


@app.command(help=_HELP)
def migrate(
    context: typer.Context, words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None
) -> None:
    """Run migrations."""
    verb = words[0] if words else "up"
    if words == ["create"]:
        raise CliError("missing migration file name")
    if verb in _LATER:
        raise CliError(f'"migrate {verb}" is not available yet: only system migrations are applied')
    if verb == "history-sync":
        _sync_history(context)
        return
    if verb != "up":
        raise CliError(f'unsupported command: "{verb}"')
    # NOTE: opening the data directory applies the system's own migrations
    with opened_app(context):
        print("No new migrations to apply.")


def _sync_history(context: typer.Context) -> None:
    from pocketbase_server.services.migrations.runner import forget_missing

    with opened_app(context) as app:
        forget_missing(app)
    print("The _migrations table was synced with the available migrations.")
