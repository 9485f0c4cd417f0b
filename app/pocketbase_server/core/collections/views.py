"""View collections: which fields a query gives, whether it can be a view's, trying it out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import name_issue
from pocketbase_server.core.collections.raw_text import raw_text
from pocketbase_server.core.collections.select_list import (
    Named,
    SelectParts,
    ViewQueryError,
    read_select,
    require_one_expression,
)
from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue
from pocketbase_server.core.fields import (
    BoolField,
    Field,
    JsonField,
    NumberField,
    RelationField,
    TextField,
)
from pocketbase_server.kit.ids import checksum_id, random_string
from pocketbase_server.kit.json import quote
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.view_trial import (
    raw_error,
    sample_query,
    view_columns,
    with_text_id,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.storage.sql.engine import Engine
    from pocketbase_server.storage.sql.schema import ColumnInfo

__all__ = [
    "ViewQueryError",
    "ViewTrial",
    "dry_run_view",
    "infer_fields",
    "normalise_query",
    "require_id",
    "try_fields",
    "try_view",
    "view_select",
]

FindCollection = Callable[[str], "Collection | None"]

MAX_QUERY: Final = 5000
SAMPLE: Final = 10
_ID: Final = "id"
_MAX_JSON: Final = 1
_COLUMN_PATH: Final = 2
_CAST: Final = re.compile(r"cast\(.*\s+as\s+(\w+)\s*\)", re.IGNORECASE | re.DOTALL)
_TRIMMED: Final = "; \t\n\f\r\v"

_NO_ID: Final = (
    "missing required id column (you can use `(ROW_NUMBER() OVER()) as id` if you don't have one)"
)
_WILDCARD: Final = (
    "wildcard columns (*) are not supported - manually type the collection field names"
    " you want the view query to have"
)
_EMPTY_IDS: Final = "the query could return records with empty or invalid ids"
_REPEATED_IDS: Final = "the query could return records with non-unique ids"


def normalise_query(query: str) -> str:
    """Return *query* without the space and semicolons around it."""
    return query.strip(_TRIMMED)


# -- fields


def infer_fields(query: str, engine: Engine, find_collection: FindCollection) -> list[Field]:
    """Return the fields that the columns of *query* make, in their order.

    Columns that are fields of a collection are copies of these under a random id. Raises
    `ViewQueryError`; fields with bad names, and none called `id`, are no reason for it.
    """
    query = normalise_query(query)
    require_one_expression(query)
    known = _known_fields(read_select(query), find_collection)
    return [_field_of(column.name, known) for column in _columns(query, engine)]


def _columns(query: str, engine: Engine) -> list[ColumnInfo]:
    try:
        return view_columns(engine, f"_temp_{random_string(6)}", query)
    except DatabaseError as ex:
        raise ViewQueryError(raw_error(ex)) from ex


def _field_of(name: str, known: Mapping[str, Field]) -> Field:
    if name == _ID:
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
    if path[-1] == "*":
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
    if column == _ID:
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
        TextField(name=_ID, system=True, required=True, primary_key=True, pattern="^[a-z0-9]+$")
    )


# -- the view itself


def view_select(query: str, engine: Engine) -> str:
    """Return what the view of *query* selects from: the query, with its ids turned into text.

    Raises `ViewQueryError`.
    """
    query = normalise_query(query)
    require_one_expression(query)
    columns = _columns(query, engine)
    if any(column.name == _ID and column.type.upper() == "TEXT" for column in columns):
        return query
    return with_text_id(engine, query, [column.name for column in columns])


@dataclass(slots=True)
class ViewTrial:
    """What came of trying a query: its fields and its first rows."""

    name: str
    fields: list[Field]
    rows: list[tuple[Any, ...]] = dataclass_field(default_factory=list)

    def sample(self) -> list[dict[str, Any]]:
        """Return the rows as the API prints records, hidden fields left out."""
        return [self._export(row) for row in self.rows]

    def _export(self, row: tuple[Any, ...]) -> dict[str, Any]:
        body = {
            f.name: f.export_value(_domain_value(f, value))
            for f, value in zip(self.fields, row, strict=True)
            if not f.hidden
        }
        body["collectionId"] = "pbc_" + checksum_id("view" + self.name)
        body["collectionName"] = self.name
        return dict(sorted(body.items()))


def _domain_value(field: Field, stored: Any) -> Any:
    """Return the domain value of what a query gave, which may be what no column of a table holds."""
    if stored is None:
        return field.zero()
    if isinstance(stored, bytes):
        stored = stored.decode(errors="replace")
    is_plain = type(field).from_db is Field.from_db
    return field.normalise(stored) if is_plain else field.from_db(stored)


def try_view(query: str, engine: Engine, find_collection: FindCollection) -> ViewTrial:
    """Return what *query* gives; nothing of it stays.

    Raises `ViewQueryError` when it could not be the query of a view collection.
    """
    return try_fields(query, infer_fields(query, engine, find_collection), engine)


def try_fields(query: str, fields: list[Field], engine: Engine) -> ViewTrial:
    """Return what *query* gives, whose columns make *fields*.

    Raises `ViewQueryError` when it could not be the query of a view collection.
    """
    require_id(fields)
    for at, item in enumerate(fields):
        _require_name(at, item)
    trial = ViewTrial(f"temp_view_{random_string(5)}", fields)
    trial.rows = _sample(trial.name, view_select(query, engine), engine)
    at = next(at for at, item in enumerate(fields) if item.name == _ID)
    _require_ids([row[at] for row in trial.rows])
    return trial


def require_id(fields: list[Field]) -> None:
    """Raise `ViewQueryError` when none of the fields of a query is the id."""
    if all(item.name != _ID for item in fields):
        raise ViewQueryError(_NO_ID)


def _require_name(at: int, item: Field) -> None:
    issue = name_issue(item.name)
    if issue is not None:
        why = f"name: {raw_text(issue)}."
        raise ViewQueryError(f"invalid field {quote(item.name)} ({at}): {why}")


def _sample(name: str, select: str, engine: Engine) -> list[tuple[Any, ...]]:
    statement = sample_query(engine, name, select, SAMPLE)
    try:
        return engine.all(statement)
    except DatabaseError as ex:
        raise ViewQueryError(
            f"failed to retrieve query records: {raw_error(ex)}; failed query: {statement}"
        ) from ex


def _require_ids(ids: list[Any]) -> None:
    seen: set[Any] = set()
    for value in ids:
        if value is None or value == "":
            raise ViewQueryError(_EMPTY_IDS)
        if value in seen:
            raise ViewQueryError(_REPEATED_IDS)
        seen.add(value)


# -- asked over the API


def dry_run_view(app: App, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields and some records of the query in *form*; nothing is changed.

    Raises `BadRequestError`.
    """
    query = _asked_query(form)
    try:
        trial = try_view(query, app.data, app.collections.get)
    except ViewQueryError as ex:
        raise BadRequestError(f"Invalid view query. Raw error: \n{ex}") from ex
    return {"fields": [item.export() for item in trial.fields], "sample": trial.sample()}


def _asked_query(form: Mapping[str, Any]) -> str:
    query = form.get("query") if isinstance(form, dict) else 0
    if query is not None and not isinstance(query, str):
        raise BadRequestError("An error occurred while loading the submitted data.")
    if not query:
        raise _refused(REQUIRED)
    if len(query) > MAX_QUERY:
        message = f"The length must be no more than {MAX_QUERY}."
        raise _refused(Issue("validation_length_too_long", message, {"max": MAX_QUERY, "min": 0}))
    return query


def _refused(issue: Issue) -> BadRequestError:
    message = "An error occurred while validating the submitted data."
    return BadRequestError(message, {"query": issue})
