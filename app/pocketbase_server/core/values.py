"""Values as records hold them and as the API prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson


class JsonRaw:
    """JSON text kept as it is: printed without being parsed, parsed only when asked."""

    __slots__ = ("is_sound", "text")

    def __init__(self, text: str = "null", *, is_sound: bool = False) -> None:
        self.text = text
        self.is_sound = is_sound
        """Whether the text is known to be good JSON, so that nobody needs to look."""

    def load(self) -> Any:
        """Return the parsed value."""
        return orjson.loads(self.text)

    def is_empty(self) -> bool:
        """Tell whether the value counts as blank: null, "", [] or {}."""
        return self.text in {"", "null", '""', "[]", "{}"}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonRaw) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"JsonRaw({self.text!r})"


@dataclass(slots=True, frozen=True)
class GeoPoint:
    """A place: longitude and latitude in degrees; 0, 0 counts as blank."""

    lon: float = 0
    lat: float = 0

    def export(self) -> dict[str, float]:
        """Return `{"lon": …, "lat": …}`."""
        return {"lon": self.lon, "lat": self.lat}


def to_jsonable(value: Any) -> Any:
    """Return *value* (any value a record can hold) in a form that orjson prints as the API does."""
    if isinstance(value, JsonRaw):
        return orjson.Fragment(value.text)
    if isinstance(value, GeoPoint):
        return value.export()
    return value
