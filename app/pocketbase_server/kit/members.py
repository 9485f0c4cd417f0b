"""Members of a JSON object by the names that a program knows, however a caller spells them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class RepeatedMemberError(ValueError):
    """Two members of an object are the same one, or it is unclear which one a member is."""


def members(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what *body* says of *names*; others are left out.

    COMPAT: neither case nor `_` and `-` matter, but for names that differ in nothing else. Raises
    `RepeatedMemberError` for what is said twice, and for what may be several of the names.
    """
    known = _spellings(names)
    found: dict[str, Any] = {}
    for key, value in body.items():
        fitting = (key,) if key in names else known.get(_fold(key))
        if fitting is None:
            continue
        name, *others = fitting
        if others or name in found:
            raise RepeatedMemberError(key)
        found[name] = value
    return found


def _fold(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


@lru_cache(maxsize=64)
def _spellings(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the names by what they are when folded."""
    spelled: dict[str, tuple[str, ...]] = {}
    for name in names:
        spelled[_fold(name)] = (*spelled.get(_fold(name), ()), name)
    return spelled
