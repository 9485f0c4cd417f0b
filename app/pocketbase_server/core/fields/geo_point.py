"""A place on earth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from pocketbase_server.core.fields.base import Field, FieldContext, ValueIssue
from pocketbase_server.core.values import GeoPoint
from pocketbase_server.kit.cast import to_number
from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.core.records.model import Record


@dataclass(slots=True)
class GeoPointField(Field):
    """Longitude and latitude; 0, 0 counts as blank."""

    type: ClassVar[str] = "geoPoint"
    KIND: ClassVar[ColumnKind] = ColumnKind.GEO_POINT

    def zero(self) -> Any:
        """Return 0, 0."""
        return GeoPoint()

    def normalise(self, raw: Any) -> Any:
        """Return the place; 0, 0 for what is none."""
        if isinstance(raw, GeoPoint):
            return raw
        if isinstance(raw, dict):
            return GeoPoint(to_number(raw.get("lon")), to_number(raw.get("lat")))
        return GeoPoint()

    def from_db(self, stored: Any) -> Any:
        """Return the place of the stored JSON."""
        return self.normalise(orjson.loads(stored)) if stored else GeoPoint()

    def to_db(self, value: Any) -> Any:
        """Return `{"lon":…,"lat":…}`."""
        return orjson.dumps(value.export()).decode()

    def export_value(self, value: Any) -> Any:
        """Return `{"lon": …, "lat": …}`."""
        return value.export()

    def validate_value(self, record: Record, context: FieldContext) -> ValueIssue:  # noqa: ARG002
        """Refuse places off the map."""
        return self.required_issue(record.get(self.name))
