"""The table of commands."""

from __future__ import annotations

from typing import Final

NAME: Final = "pocketbase"

COMMANDS: Final = {
    "migrate": ("pocketbase_cli.migrate", "Runs and manages the migrations of the data directory"),
    "serve": (
        "pocketbase_cli.serve",
        "Starts the web server (on 127.0.0.1:8090 unless a domain is given)",
    ),
    "superuser": ("pocketbase_cli.superuser", "Manages superusers"),
    "update": ("pocketbase_cli.update", "Replaces this executable by the newest release"),
}
"""Every command: the module whose `app` it is, and its line in the help."""


def print_version() -> int:
    """Print name and version; return the exit code."""
    from pocketbase_server.version import __version__

    print(f"{NAME} version {__version__}")
    return 0
