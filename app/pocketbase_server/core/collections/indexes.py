"""The indexes of a collection: CREATE INDEX texts, read, rewritten and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.collections.select_list import COMMA, ViewQueryError, split_outside
from pocketbase_server.core.errors import Issue
from pocketbase_server.storage.sql.view_trial import raw_error

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.storage.sql.engine import Engine
    from pocketbase_server.storage.sql.errors import DatabaseError

MAX_NAME: Final = 64
_QUALIFIED: Final = 2
_MARKS: Final = "`\"'[] \t\n\f\r\v"
_INDEX: Final = re.compile(
    r"create\s+(?P<unique>unique\s+)?index\s*(?P<exists>if\s+not\s+exists\s+)?(?P<name>\S*)\s+"
    r"on\s+(?P<table>[^\s(]*)\s*\((?P<columns>.*?)\)(?:\s+where\s+(?P<where>.*)|\s*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_COLUMN: Final = re.compile(
    r"(?P<name>.+?)(?:\s+collate\s+(?P<collate>\w+))?(?:\s+(?P<sort>asc|desc))?",
    re.IGNORECASE | re.DOTALL,
)

INVALID_INDEX: Final = Issue(
    "validation_invalid_index_expression", "Invalid CREATE INDEX expression."
)
_REPEATED_NAME: Final = Issue("validation_duplicated_index_name", "The index name already exists.")
_REPEATED: Final = Issue(
    "validation_duplicated_index_definition", "The index definition already exists."
)
_UNSUPPORTED: Final = Issue(
    "validation_indexes_not_supported", "View collections don't support indexes."
)


@dataclass(slots=True, frozen=True)
class IndexColumn:
    """One column, or expression, of an index."""

    name: str
    collate: str = ""
    sort: str = ""

    def build(self) -> str:
        """Return the column as it stands in the statement."""
        # COMPAT: only a parenthesis or a space tells an expression from a name
        is_expression = "(" in self.name or " " in self.name
        text = self.name if is_expression else f"`{self.name}`"
        text += f" COLLATE {self.collate}" if self.collate else ""
        return text + (f" {self.sort}" if self.sort else "")


@dataclass(slots=True, frozen=True)
class Index:
    """What a CREATE INDEX text says; nothing at all when it is none."""

    unique: bool = False
    if_not_exists: bool = False
    schema: str = ""
    name: str = ""
    table: str = ""
    columns: tuple[IndexColumn, ...] = ()
    where: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether name, table and columns are known."""
        return bool(self.name and self.table and self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def build(self) -> str:
        """Return the normalised statement; it makes no sense unless the index is valid."""
        head = "CREATE UNIQUE INDEX" if self.unique else "CREATE INDEX"
        head += " IF NOT EXISTS" if self.if_not_exists else ""
        schema = f"`{self.schema}`." if self.schema else ""
        tail = f" WHERE {self.where}" if self.where else ""
        return f"{head} {schema}`{self.name}` ON `{self.table}` ({self._columns()}){tail}"

    def _columns(self) -> str:
        texts = [column.build() for column in self.columns]
        return texts[0] if len(texts) == 1 else "\n  " + ",\n  ".join(texts) + "\n"


# -- reading


def parse_index(text: str) -> Index:
    """Return what a CREATE INDEX text says; `is_valid` is False when it cannot be understood."""
    found = _INDEX.search(text)
    if found is None:
        return Index()
    try:
        qualified = [part.strip(_MARKS) for part in split_outside(found["name"], ".")]
        columns = [_parse_column(part) for part in split_outside(found["columns"], COMMA)]
    except ViewQueryError:
        return Index()
    if not 0 < len(qualified) <= _QUALIFIED:
        return Index()
    return Index(
        unique=bool(found["unique"]),
        if_not_exists=bool(found["exists"]),
        schema=qualified[0] if len(qualified) == _QUALIFIED else "",
        name=qualified[-1],
        table=found["table"].strip(_MARKS),
        columns=tuple(column for column in columns if column.name),
        where=(found["where"] or "").strip(),
    )


def _parse_column(text: str) -> IndexColumn:
    found = _COLUMN.fullmatch(text.strip())
    if found is None:
        return IndexColumn("")
    name, collate, sort = found["name"], found["collate"] or "", found["sort"] or ""
    return IndexColumn(name.strip(_MARKS), collate, sort.upper())


# -- rewriting


def renamed_table(indexes: Sequence[str], table: str) -> list[str]:
    """Return the texts with *table* as their table; those that name it already stay as they are."""
    return [_on_table(text, table) for text in indexes]


def _on_table(text: str, table: str) -> str:
    index = parse_index(text)
    if not index.is_valid or index.table == table:
        return text
    return replace(index, table=table).build()


def renamed_column(indexes: Sequence[str], old: str, new: str) -> list[str]:
    """Return the texts with the column *old* called *new*; expressions stay as they are."""
    return [_with_column(text, old, new) for text in indexes]


def _with_column(text: str, old: str, new: str) -> str:
    index = parse_index(text)
    if not _uses(index, old):
        return text
    columns = tuple(
        replace(column, name=new) if column.name.lower() == old.lower() else column
        for column in index.columns
    )
    return replace(index, columns=columns).build()


def without_column(indexes: Sequence[str], column: str) -> list[str]:
    """Return the texts whose indexes do not name *column*."""
    return [text for text in indexes if not _uses(parse_index(text), column)]


def _uses(index: Index, column: str) -> bool:
    return column.lower() in {name.lower() for name in index.column_names}


# -- unique columns


def single_column_unique(indexes: Iterable[str], column: str) -> Index | None:
    """Return the first unique index on *column* (ignoring case) and nothing else, or None."""
    wanted = column.lower()
    for text in indexes:
        index = parse_index(text)
        if index.unique and [name.lower() for name in index.column_names] == [wanted]:
            return index
    return None


def has_single_column_unique(indexes: Iterable[str], column: str) -> tuple[bool, bool]:
    """Tell whether *column* alone is unique, and whether that ignores case."""
    index = single_column_unique(indexes, column)
    if index is None:
        return False, False
    return True, index.columns[0].collate.lower() == "nocase"


def default_auth_indexes(index_id: str, table: str) -> dict[str, str]:
    """Return the indexes on token key and e-mail that every auth collection has, by column."""
    token_key = _default_index("tokenKey", index_id, table)
    email = _default_index("email", index_id, table)
    email = replace(email, where="`email` != ''")
    return {"tokenKey": token_key.build(), "email": email.build()}


def _default_index(field: str, index_id: str, table: str) -> Index:
    name = f"idx_{field}_{index_id}"[:MAX_NAME]
    return Index(unique=True, name=name, table=table, columns=(IndexColumn(field),))


# -- checks


def validate_indexes(
    collection: Collection,
    old: Collection | None,
    engine: Engine,
) -> dict[str, Any]:
    """Return the issues of the indexes by `indexes`; empty when there are none.

    The first issue is the only one, as in the reference. That a column is unknown shows only when
    the index is made: see `creation_issue()`.
    """
    issue = _first_issue(collection, old, engine)
    return {"indexes": issue} if issue else {}


def _first_issue(collection: Collection, old: Collection | None, engine: Engine) -> Any:
    if collection.is_view:
        return _UNSUPPORTED if collection.indexes else None
    indexes = [parse_index(text) for text in collection.indexes]
    own = {c.name.lower() for c in (collection, old) if c is not None}
    for at, index in enumerate(indexes):
        issue = _own_issue(index, own, engine) or _repeated_issue(index, indexes[:at])
        if issue is not None:
            return {str(at): issue}
    return _lost_unique_issue(indexes, old) if old is not None else None


def _own_issue(index: Index, tables: set[str], engine: Engine) -> Issue | None:
    if not index.is_valid:
        return INVALID_INDEX
    owner = engine.dialect.index_owner(engine, index.name)
    if owner is None or owner.lower() in tables:
        return None
    message = f"The index name is already used in {owner} collection."
    return Issue("validation_existing_index_name", message, {"usedTableName": owner})


def _repeated_issue(index: Index, before: Sequence[Index]) -> Issue | None:
    name, definition = index.name.lower(), _definition(index)
    for other in before:
        if other.name.lower() == name:
            return _REPEATED_NAME
        if _definition(other) == definition:
            return _REPEATED
    return None


def _definition(index: Index) -> Index:
    return replace(index, schema="", name="", table="")


def _lost_unique_issue(indexes: Sequence[Index], old: Collection) -> Issue | None:
    """Return the issue of a unique index over a system field that is no longer there."""
    kept = {index.column_names for index in indexes if index.unique}
    system = {f.name for f in old.fields if f.system}
    for text in old.indexes:
        was = parse_index(text)
        name = next((name for name in was.column_names if name in system), None)
        if was.unique and name is not None and was.column_names not in kept:
            message = f"Unique index definition on system fields ({name}) is invalid or missing."
            params = {"fieldName": name}
            return Issue("validation_invalid_unique_system_field_index", message, params)
    return None


def creation_issue(index: Index, error: DatabaseError) -> Issue:
    """Return the issue of an index that the database refused to make."""
    message = f"Failed to create index {index.name} - {raw_error(error)}."
    return Issue("validation_invalid_index_expression", message)
