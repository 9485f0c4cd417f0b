"""What a collection's indexes are good for, as far as plans care."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection

_LED_BY: Final = re.compile(
    r"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s.*?\(\s*[`\"\[']?(\w+)[`\"\]']?[^)]*\)\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_FILLED: Final = re.compile(
    _LED_BY.pattern.removesuffix(r"\s*;?\s*")
    + r"\s*WHERE\s+[`\"\[']?(\w+)[`\"\]']?\s*(?:!=|<>)\s*''\s*;?\s*",
    _LED_BY.flags,
)
"""An index without those records whose column is blank, as auth collections have."""


@lru_cache(maxsize=1024)
def _columns(index: str) -> frozenset[str]:
    """Return the columns that a query must name for the index to be of use, as far as that is clear."""
    found = _FILLED.fullmatch(index)
    return (
        frozenset(map(str.lower, found.groups()))
        if found is not None
        else frozenset({_first_column(index)})
    )


@lru_cache(maxsize=1024)
def _first_column(index: str) -> str:
    found = _LED_BY.fullmatch(index)
    return found[1].lower() if found is not None else ""


def is_led_by(collection: Collection, name: str) -> bool:
    """Tell whether some index finds records by the field; one that leaves records out does not count."""
    return any(_first_column(index) == name.lower() for index in collection.indexes)


def leading_columns(collection: Collection) -> frozenset[str] | None:
    """Return the columns that an index begins with, in lower case; None when that is not clear."""
    leading = {name for index in collection.indexes for name in _columns(index)}
    is_clear = leading <= {field.name.lower() for field in collection.fields}
    return frozenset({*leading, "id"}) if is_clear else None
