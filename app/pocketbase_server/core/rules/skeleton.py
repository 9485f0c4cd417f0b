"""Literals lifted out of a filter, so that filters that differ only in them share one plan."""

from __future__ import annotations

import re
from typing import Final

from pocketbase_server.core.rules.tokens import NUMBER_SLOT, TEXT_SLOT, number_of, unquote

_LITERAL: Final = re.compile(
    r"""'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+"|(?<![\w.:@#-])-?[0-9]+(?:\.[0-9]+)?(?![\w.])|//""",
    re.DOTALL,
)


def lift(text: str) -> tuple[str, list[str | float]]:
    """Return *text* with its literals replaced by slots, and the literals in order.

    Blank texts stay, because they change what is asked; a text with comments stays as it is.
    """
    if "\0" in text:
        # NOTE: the parser refuses it, with its position
        return text, []
    values: list[str | float] = []

    def replace(found: re.Match[str]) -> str:
        literal = found[0]
        if literal[0] in "'\"":
            if len(literal) == 2:  # noqa: PLR2004 - only the quotes
                return literal
            values.append(unquote(literal))
            return TEXT_SLOT
        if literal == "//":
            raise _CommentError
        values.append(number_of(literal))
        return NUMBER_SLOT

    try:
        return _LITERAL.sub(replace, text), values
    except _CommentError:
        return text, []


class _CommentError(Exception):
    pass
