"""The records of one level of an expand: as dicts when no code looks at them, else as records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pocketbase_server.core.records.shape import shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pocketbase_server.core.collections.model import Collection
    from pocketbase_server.core.records.links import Link
    from pocketbase_server.core.records.model import Record, Row


class Level(Protocol):
    """Records of one collection at one depth of the tree."""

    collection: Collection

    def __len__(self) -> int: ...

    def ids(self) -> list[str]:
        """Return the records' ids."""
        ...

    def held(self, field: str) -> list[list[str]]:
        """Return the ids that each record's relation holds."""
        ...

    def begin(self) -> None:
        """Give every record an empty `expand`, if it has none."""
        ...

    def attach(self, key: str, link: Link, found: Any, related: list[list[str]]) -> None:
        """Put into each record's `expand` those of *found* that it is related to."""
        ...


class DictLevel:
    """Rows and what is printed for them."""

    __slots__ = ("collection", "dicts", "rows")

    def __init__(
        self, collection: Collection, rows: list[Row], dicts: list[dict[str, Any]]
    ) -> None:
        self.collection = collection
        self.rows = rows
        self.dicts = dicts

    def __len__(self) -> int:
        return len(self.rows)

    def ids(self) -> list[str]:
        """Return the records' ids."""
        at = shape(self.collection).names.index("id")
        return [row[at] for row in self.rows]

    def held(self, field: str) -> list[list[str]]:
        """Return the ids that each record's relation holds."""
        relation = self.collection.by_name[field]
        # PERF: what the encoder has made of the rows serves, unless it is hidden
        if relation.hidden:
            at = shape(self.collection).names.index(field)
            values = [relation.from_db(row[at]) for row in self.rows]
        else:
            values = [item[field] for item in self.dicts]
        if relation.is_multiple:
            return values
        return [[value] if value else [] for value in values]

    def begin(self) -> None:
        """Nothing to do: the encoder has put an empty `expand` at its place."""

    def attach(self, key: str, link: Link, found: DictLevel, related: list[list[str]]) -> None:
        """Put into each dict's `expand` those of *found* that it is related to."""
        _attach(
            [item["expand"] for item in self.dicts],
            key,
            related,
            dict(zip(found.ids(), found.dicts, strict=True)),
            is_single=link.is_single,
        )


class RecordLevel:
    """Records, for handlers to look at."""

    __slots__ = ("collection", "records")

    def __init__(self, collection: Collection, records: Sequence[Record]) -> None:
        self.collection = collection
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def ids(self) -> list[str]:
        """Return the records' ids."""
        return [record.id for record in self.records]

    def held(self, field: str) -> list[list[str]]:
        """Return the ids that each record's relation holds."""
        values = (record.get(field) for record in self.records)
        return [_items(value) for value in values]

    def begin(self) -> None:
        """Give every record an empty `expand`, if it has none."""
        for record in self.records:
            record.expand = {} if record.expand is None else record.expand

    def attach(self, key: str, link: Link, found: RecordLevel, related: list[list[str]]) -> None:
        """Put into each record's `expand` those of *found* that it is related to."""
        expands = [record.expand or {} for record in self.records]
        _attach(expands, key, related, {r.id: r for r in found.records}, is_single=link.is_single)
        for record, expand in zip(self.records, expands, strict=True):
            record.expand = expand


def _items(value: Any) -> list[str]:
    if isinstance(value, list):
        return value
    return [value] if value else []


def _attach(
    expands: list[dict[str, Any]],
    key: str,
    related: list[list[str]],
    found: dict[str, Any],
    *,
    is_single: bool,
) -> None:
    for expand, ids in zip(expands, related, strict=True):
        items = [found[one] for one in ids if one in found]
        if items:
            expand[key] = items[0] if is_single else items
