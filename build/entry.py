"""Where the executable starts."""

from __future__ import annotations

import os
import sys

# PERF: help pages are ours; without this the command line library loads a terminal painter
os.environ.setdefault("TYPER_USE_RICH", "0")

from pocketbase_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
