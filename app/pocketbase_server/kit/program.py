"""What program this is."""

from __future__ import annotations

import sys


def is_executable() -> bool:
    """Tell whether this is the executable, and not the source run by somebody's Python."""
    # NOTE: the compiler marks what it has compiled; where it starts is always part of that
    return "__compiled__" in vars(sys.modules["__main__"]) or bool(getattr(sys, "frozen", False))
