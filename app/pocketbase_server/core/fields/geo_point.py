"""A place on earth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from pocketbase_server.core.errors import REQUIRED, Issue
from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.core.values import GeoPoint
from pocketbase_server.kit.broken_json import leading_numbers
from pocketbase_server.kit.cast import tidy
from pocketbase_server.kit.json import number_text
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record

NOWHERE = GeoPoint()
_NAMES = frozenset({"lon", "lat"})
_LATITUDE = Issue("validation_invalid_latitude", "Latitude must be between -90 and 90 degrees.")
_LONGITUDE = Issue(
    "validation_invalid_longitude", "Longitude must be between -180 and 180 degrees."
)
_MAX_LATITUDE, _MAX_LONGITUDE = 90, 180


@dataclass(slots=True)
class GeoPointField(Field):
    """Longitude and latitude; 0, 0 counts as blank."""

    type: ClassVar[str] = "geoPoint"
    KIND: ClassVar[ColumnKind] = ColumnKind.GEO_POINT

    def zero(self) -> Any:
        """Return 0, 0."""
        return NOWHERE

    def normalise(self, raw: Any) -> Any:
        """Return the place; 0, 0 for what is none."""
        if isinstance(raw, GeoPoint):
            return raw
        if isinstance(raw, str):
            raw = _parsed(raw)
        return _place(raw) if isinstance(raw, dict) else NOWHERE

    def from_db(self, stored: Any) -> Any:
        """Return the place of the stored JSON."""
        return self.normalise(stored)

    def to_db(self, value: Any) -> Any:
        """Return `{"lon":…,"lat":…}`."""
        return f'{{"lon":{number_text(value.lon)},"lat":{number_text(value.lat)}}}'

    def export_value(self, value: Any) -> Any:
        """Return the place as a ready piece of JSON."""
        return orjson.Fragment(self.to_db(value))

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse places off the map."""
        place: GeoPoint = record.get(self.name)
        if place.lat == 0 and place.lon == 0:
            return REQUIRED if self.required else None
        if not -_MAX_LATITUDE <= place.lat <= _MAX_LATITUDE:
            return _LATITUDE
        return None if -_MAX_LONGITUDE <= place.lon <= _MAX_LONGITUDE else _LONGITUDE


def _parsed(text: str) -> Any:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        return leading_numbers(text, _NAMES)
    is_plain = len(found) == text.count(":") and all(map(_is_number, found.values()))
    # COMPAT: what comes before a mistake counts
    return found if is_plain else leading_numbers(text, _NAMES)


def _place(raw: dict[str, Any]) -> GeoPoint:
    known: dict[str, Any] = dict.fromkeys(_NAMES, 0)
    for name, value in raw.items():
        if name in known:
            if not _is_number(value):
                break  # COMPAT: what comes before a mistake counts, mostly; the reference's order varies
            known[name] = tidy(value or 0)
    return GeoPoint(**known)


def _is_number(value: Any) -> bool:
    return value is None or value.__class__ is int or value.__class__ is float
