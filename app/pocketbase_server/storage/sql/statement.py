"""SQL text and its values travel together."""

from __future__ import annotations

from typing import Any, NamedTuple


class Sql(NamedTuple):
    """One statement: text with `?` marks and the values for them, in order."""

    text: str
    params: tuple[Any, ...] = ()
