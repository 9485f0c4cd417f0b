"""`pocketbase update`: a newer executable, when a release feed is configured."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pocketbase_cli.errors import CliError

if TYPE_CHECKING:
    from pocketbase_server.plugins.update import Release

app = typer.Typer(help="Replaces this executable by the newest release")


@app.command(
    help="Replaces this executable by the newest release of the configured feed",
    epilog="update --feed=https://example.com/releases/latest/manifest.json",
)
def update(
    feed: Annotated[
        str,
        typer.Option(
            help="the address of a release's manifest.json\n(default from POCKETBASE_UPDATE_FEED)"
        ),
    ] = "",
    check: Annotated[bool, typer.Option(help="only tell whether there is a newer release")] = False,
) -> None:
    """Update this executable."""
    from pocketbase_server.plugins.update import (
        FEED_VARIABLE,
        UpdateError,
        install,
        is_newer,
        latest,
        own_executable,
    )
    from pocketbase_server.version import __version__

    address = feed or os.environ.get(FEED_VARIABLE, "")
    if not address:
        raise CliError(f"no release feed is configured: give --feed or set {FEED_VARIABLE}")
    try:
        release = latest(address)
        if not is_newer(release.version, __version__):
            print(f"You already have the latest version {__version__}.")
            return
        print(f"Version {release.version} is there; this is {__version__}.")
        if check:
            return
        kept = install(release, own_executable(), _show)
    except UpdateError as error:
        raise CliError(str(error)) from error
    _tell(release, str(kept))


def _show(done: int, total: int) -> None:
    if sys.stdout.isatty():
        print(f"\r{done * 100 // total:3d} % of {total / 1e6:.1f} MB", end="", flush=True)


def _tell(release: Release, kept: str) -> None:
    print(f"Updated to {release.version}; the executable of before is kept as {kept}.")
    print("Running servers go on as they are until they are restarted; pb_data was not touched.")
    if release.notes:
        print(f"\n{release.notes}")
