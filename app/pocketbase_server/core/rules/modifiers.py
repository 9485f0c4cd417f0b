"""Modifiers: `:isset`, `:changed`, `:length`, `:each` and `:lower` at the end of a path."""

from __future__ import annotations

from typing import Final

from pocketbase_server.core.errors import RuleSyntaxError

ISSET: Final = "isset"
CHANGED: Final = "changed"
LENGTH: Final = "length"
EACH: Final = "each"
LOWER: Final = "lower"
MODIFIERS: Final = frozenset({ISSET, CHANGED, LENGTH, EACH, LOWER})


def split_modifier(step: str) -> tuple[str, str]:
    """Return the last step of a path as name and modifier ("" for none).

    Raises `RuleSyntaxError` for a modifier that there is not.
    """
    name, _, modifier = step.partition(":")
    # COMPAT: two colons make no modifier at all, but an odd name that no field has
    if not _ or ":" in modifier:
        return step, ""
    if modifier not in MODIFIERS:
        raise RuleSyntaxError(f'unknown modifier in "{step}"')
    return name, modifier
