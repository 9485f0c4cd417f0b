"""Members of a JSON object by the names that a program knows, however a caller spells them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class RepeatedMemberError(ValueError):
    """Two members of an object are the same one."""


def members(body: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what *body* says of *names*; others are left out.

    COMPAT: neither case nor `_` and `-` matter. Raises `RepeatedMemberError` for what is said twice.
    """
    known = _spellings(names)
    found: dict[str, Any] = {}
    for key, value in body.items():
        name = known.get(key) or known.get(_fold(key))
        if name is None:
            continue
        if name in found:
            raise RepeatedMemberError(name)
        found[name] = value
    return found


def _fold(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


@lru_cache(maxsize=64)
def _spellings(names: tuple[str, ...]) -> dict[str, str]:
    return {_fold(name): name for name in names} | {name: name for name in names}
