"""Which fields the query of a view gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.collections.select_list import (
    Named,
    SelectParts,
    ViewQueryError,
    read_select,
    require_one_expression,
    require_one_statement,
)
from pocketbase_server.core.fields import (
    BoolField,
    Field,
    JsonField,
    NumberField,
    RelationField,
    TextField,
)
from pocketbase_server.kit.ids import checksum_id, random_string
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.view_trial import raw_error, view_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.storage.sql.engine import Engine
    from pocketbase_server.storage.sql.schema import ColumnInfo

FindCollection = Callable[[str], "Collection | None"]

ID: Final = "id"
_MAX_JSON: Final = 1
_COLUMN_PATH: Final = 2
_CAST: Final = re.compile(r"cast\(.*\s+as\s+(\w+)\s*\)", re.IGNORECASE | re.DOTALL)
_TRIMMED: Final = "; \t\n\f\r\v"
_WILDCARD: Final = (
    "wildcard columns (*) are not supported - manually type the collection field names"
    " you want the view query to have"
)


def normalise_query(query: str) -> str:
    """Return *query* without the space and semicolons around it."""
    return query.strip(_TRIMMED)


def infer_fields(query: str, engine: Engine, find_collection: FindCollection) -> list[Field]:
    """Return the fields that the columns of *query* make, in their order.

    Columns that are fields of a collection are copies of these under a random id. Raises
    `ViewQueryError`; fields with bad names, and none called `id`, are no reason for it.
    """
    query = normalise_query(query)
    require_one_statement(query)
    known = _known_fields(read_select(query), find_collection)
    return [_field_of(column.name, known) for column in query_columns(query, engine)]


def query_columns(query: str, engine: Engine) -> list[ColumnInfo]:
    """Return the columns that *query* gives; raises `ViewQueryError`."""
    require_one_expression(query)
    try:
        return view_columns(engine, f"_temp_{random_string(6)}", query)
    except DatabaseError as ex:
        raise ViewQueryError(raw_error(ex)) from ex


def _field_of(name: str, known: Mapping[str, Field]) -> Field:
    if name == ID:
        return _id_field()
    return known.get(name) or _own(JsonField(name=name, max_size=_MAX_JSON))


def _known_fields(parts: SelectParts, find_collection: FindCollection) -> dict[str, Field]:
    """Return the fields of those columns that are more than an expression, by alias."""
    tables = _collections(parts.tables, find_collection)
    # COMPAT: a column without a table is looked for in the first table only
    first = tables.get(parts.tables[0].alias) if parts.tables else None
    made = {column.alias: _column_field(column, tables, first) for column in parts.columns}
    return {alias: item for alias, item in made.items() if item is not None}


def _collections(
    tables: list[Named], find_collection: FindCollection
) -> dict[str, Collection | None]:
    found: dict[str, Collection | None] = {}
    for table in tables:
        collection = find_collection(table.original)
        # COMPAT: only the exact name counts, and an alias with a parenthesis is none
        is_it = collection is not None and collection.name == table.original
        found[table.alias] = collection if is_it and "(" not in table.alias else None
    return found


def _column_field(
    column: Named, tables: Mapping[str, Collection | None], first: Collection | None
) -> Field | None:
    computed = _computed_field(column)
    if computed is not None:
        return computed
    path = column.path
    if column.alias == "*":
        raise ViewQueryError(_WILDCARD)
    if len(path) > _COLUMN_PATH:
        return None
    collection = first if len(path) == 1 else tables.get(path[0])
    return _stored_field(collection, path[-1], column.alias) if collection is not None else None


def _computed_field(column: Named) -> Field | None:
    expression, name = column.original.lower(), column.alias
    if expression.startswith("count("):
        return _own(NumberField(name=name, only_int=True))
    if expression.startswith("total("):
        return _own(NumberField(name=name))
    cast = _CAST.fullmatch(expression)
    make = _CAST_FIELDS.get(cast[1]) if cast is not None else None
    return _own(make(name)) if make is not None else None


_CAST_FIELDS: Final[dict[str, Callable[[str], Field]]] = {
    "real": lambda name: NumberField(name=name),
    "decimal": lambda name: NumberField(name=name),
    "numeric": lambda name: NumberField(name=name),
    "int": lambda name: NumberField(name=name, only_int=True),
    "integer": lambda name: NumberField(name=name, only_int=True),
    "text": lambda name: TextField(name=name),
    "bool": lambda name: BoolField(name=name),
    "boolean": lambda name: BoolField(name=name),
}


def _stored_field(collection: Collection, column: str, name: str) -> Field | None:
    column = column.lower()
    if column == ID:
        return _own(RelationField(name=name, collection_id=collection.id, max_select=1))
    known = next((f for f in collection.fields if f.name.lower() == column), None)
    if known is None:
        return None
    copy = known.clone()
    copy.id, copy.name = f"_clone_{random_string(4)}", name
    return copy


def _own(made: Field) -> Field:
    made.id = made.type + checksum_id(made.name)
    return made


def _id_field() -> Field:
    return _own(
        TextField(name=ID, system=True, required=True, primary_key=True, pattern="^[a-z0-9]+$")
    )
