"""Rules that nobody could evaluate: one over a collection that is gone, say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pocketbase_server.core.errors import RuleSyntaxError
from pocketbase_server.storage.sql.errors import DatabaseError

BROKEN: Final = (RuleSyntaxError, DatabaseError)
"""What asking a rule may raise that was fine when it was saved."""


def holds(ask: Callable[[], bool]) -> bool:
    """Tell whether a rule lets someone through; one that cannot be evaluated lets nobody."""
    try:
        return ask()
    except BROKEN:
        # SECURITY: the reason quotes the rule, which is nobody's business
        return False
