"""`python -m pocketbase_cli` is the `pocketbase` command."""

from __future__ import annotations

import sys

from pocketbase_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
