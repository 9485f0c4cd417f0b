"""Tables as Peewee models, for building queries."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import peewee

from pocketbase_server.storage.sql.schema import ColumnKind

if TYPE_CHECKING:
    from pocketbase_server.storage.sql.schema import TableSpec

_FIELDS: Final[dict[ColumnKind, Any]] = {
    ColumnKind.PRIMARY_TEXT: peewee.TextField,
    ColumnKind.TEXT: peewee.TextField,
    ColumnKind.NUMBER: peewee.BareField,
    ColumnKind.BOOL: peewee.BooleanField,
    ColumnKind.JSON: peewee.BareField,
    ColumnKind.JSON_LIST: peewee.BareField,
    ColumnKind.GEO_POINT: peewee.BareField,
}


@lru_cache(maxsize=1024)
def model_of(spec: TableSpec) -> type[Any]:
    """Return the model class of a table; the same one for equal specs.

    Its columns are under `model._meta.columns`, by name.
    """
    attributes: dict[str, Any] = {
        # NOTE: a field may be called like something of Peewee's own (`save`, `select`)
        f"c_{column.name}": _FIELDS[column.kind](
            column_name=column.name, primary_key=column.kind is ColumnKind.PRIMARY_TEXT
        )
        for column in spec.columns
    }
    attributes["Meta"] = type("Meta", (), {"table_name": spec.name, "legacy_table_names": False})
    return type(f"Table_{spec.name}", (peewee.Model,), attributes)
