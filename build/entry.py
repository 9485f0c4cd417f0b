"""Where the executable starts."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def main() -> int:
    """Run the command line, or the one role that the server starts itself in."""
    from pocketbase_server.services import thumb_maker

    if os.environ.pop(thumb_maker.ROLE_VARIABLE, "") == thumb_maker.ROLE:
        thumb_maker.main()
        return 0
    _tell_name()
    # PERF: help pages are ours; without this the command line library loads a terminal painter
    os.environ.setdefault("TYPER_USE_RICH", "0")
    from pocketbase_cli.main import main as run

    return run()


def _tell_name() -> None:
    """Have `ps` and `pgrep` call us by our name; it was the loader that the launcher started."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text("pocketbase")


if __name__ == "__main__":
    sys.exit(main())
