"""View collections: whether a query can be a view's, and trying it out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.checks import byte_length, name_issue
from pocketbase_server.core.collections.raw_text import raw_text
from pocketbase_server.core.collections.select_list import (
    ViewQueryError,
    read_select,
    require_one_expression,
    require_one_statement,
)
from pocketbase_server.core.collections.view_fields import (
    ID,
    FindCollection,
    infer_fields,
    normalise_query,
    query_columns,
)
from pocketbase_server.core.errors import REQUIRED, BadRequestError, Issue
from pocketbase_server.core.fields import Field
from pocketbase_server.kit.ids import checksum_id, random_string
from pocketbase_server.kit.json import quote
from pocketbase_server.storage.sql.errors import DatabaseError
from pocketbase_server.storage.sql.spelling import spelt
from pocketbase_server.storage.sql.view_trial import raw_error, sample_query, with_text_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pocketbase_server.app import App
    from pocketbase_server.storage.sql.engine import Engine

MAX_QUERY: Final = 5000
SAMPLE: Final = 10

# COMPAT: the reference shows the columns as it writes them before it knows the database
_SELECTED: Final = re.compile(r"(?<=\()SELECT (?:(?:CAST\(`id` as TEXT\) )?`\w+`,?)+ FROM \(")
_NAME: Final = re.compile(r"`(\w+)`")
_NO_ID: Final = (
    "missing required id column (you can use `(ROW_NUMBER() OVER()) as id` if you don't have one)"
)
_EMPTY_IDS: Final = "the query could return records with empty or invalid ids"
_REPEATED_IDS: Final = "the query could return records with non-unique ids"


def view_select(query: str, engine: Engine) -> str:
    """Return what the view of *query* selects from: the query, with its ids turned into text.

    Raises `ViewQueryError`.
    """
    plain = normalise_query(query)
    require_one_statement(plain)
    columns = query_columns(plain, engine)
    if any(column.name == ID and column.type.upper() == "TEXT" for column in columns):
        return plain
    # COMPAT: the space before a final semicolon stays
    query = query.strip().strip(";")
    require_one_expression(query)
    # COMPAT: of a UNION the names of all its parts are asked for, which the database may refuse
    return with_text_id(engine, query, [column.alias for column in read_select(plain).columns])


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
    at = next(at for at, item in enumerate(fields) if item.name == ID)
    _require_ids([row[at] for row in trial.rows])
    return trial


def require_id(fields: list[Field]) -> None:
    """Raise `ViewQueryError` when none of the fields of a query is the id."""
    if all(item.name != ID for item in fields):
        raise ViewQueryError(_NO_ID)


def _require_name(at: int, item: Field) -> None:
    issue = name_issue(item.name)
    if issue is not None:
        why = f"name: {raw_text(issue)}."
        raise ViewQueryError(f"invalid field {quote(item.name)} ({at}): {why}")


def _sample(name: str, select: str, engine: Engine) -> list[tuple[Any, ...]]:
    statement = sample_query(engine, name, select, SAMPLE)
    try:
        return engine.all(spelt(statement))
    except DatabaseError as ex:
        failed = _SELECTED.sub(lambda found: _NAME.sub(r"[[\1]]", found[0]), statement, count=1)
        raise ViewQueryError(
            f"failed to retrieve query records: {raw_error(ex)}; failed query: {failed}"
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
        trial = try_view(query, app.data, app.collections.named)
    except ViewQueryError as ex:
        raise BadRequestError(f"Invalid view query. Raw error: \n{ex}") from ex
    return {"fields": [item.export() for item in trial.fields], "sample": trial.sample()}


def _asked_query(form: Mapping[str, Any]) -> str:
    query = form.get("query") if isinstance(form, dict) else 0
    if query is not None and not isinstance(query, str):
        raise BadRequestError("An error occurred while loading the submitted data.")
    if not query:
        raise _refused(REQUIRED)
    if byte_length(query) > MAX_QUERY:
        message = f"The length must be no more than {MAX_QUERY}."
        raise _refused(Issue("validation_length_too_long", message, {"max": MAX_QUERY, "min": 0}))
    return query


def _refused(issue: Issue) -> BadRequestError:
    message = "An error occurred while validating the submitted data."
    return BadRequestError(message, {"query": issue})
