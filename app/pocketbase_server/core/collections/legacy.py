"""Bodies as collections were written before 0.23, and as articles still write them.

The reference drops `schema` and `options` in silence. We read them as what they meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from pocketbase_server.core.fields.file import plain_thumb
from pocketbase_server.kit.ids import checksum_id

if TYPE_CHECKING:
    from pocketbase_server.core.collections.model import Collection

Find = Callable[[str], "Collection | None"]

USERS: Final = "users"
_MANY: Final = 999
_GONE: Final = frozenset({"options", "unique"})
_RENAMED: Final[Mapping[str, str]] = {
    "noDecimal": "onlyInt",
    "convertUrls": "convertURLs",
    "query": "viewQuery",
}
_LISTS: Final = frozenset({"exceptDomains", "onlyDomains", "values", "mimeTypes", "thumbs"})


def modern_body(body: Mapping[str, Any], find: Find) -> dict[str, Any]:
    """Return a collection's body as today's API has it; *find* gives collections by name or id."""
    done = dict(body)
    schema = done.get("schema")
    if isinstance(schema, list) and "fields" not in done:
        done["fields"] = _fields(schema)
        done["indexes"] = [*_listed(done.get("indexes")), *_unique_indexes(done, schema)]
        del done["schema"]
    options = done.get("options")
    if isinstance(options, dict):
        del done["options"]
        for name, value in options.items():
            done.setdefault(_RENAMED.get(name, name), value)
    if isinstance(done.get("fields"), list):
        done["fields"] = [_modern_field(item, find) for item in done["fields"]]
    return done


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _fields(schema: list[Any]) -> list[Any]:
    """Return the fields that a schema stood for: its own, and the dates that were always there."""
    fields = [_flat(item) for item in schema]
    named = {item.get("name") for item in fields if isinstance(item, dict)}
    for name, more in (("created", {}), ("updated", {"onUpdate": True})):
        if name not in named:
            fields.append({"name": name, "type": "autodate", "onCreate": True, **more})
    return fields


def _flat(item: Any) -> Any:
    """Return a field of a schema with its options beside the rest."""
    if not isinstance(item, dict):
        return item
    done = {key: value for key, value in item.items() if key not in _GONE}
    options = item.get("options")
    for name, value in (options if isinstance(options, dict) else {}).items():
        if value is not None or name in _LISTS:
            done.setdefault(_RENAMED.get(name, name), [] if value is None else value)
    if done.get("type") == "relation" and "maxSelect" not in done:
        done["maxSelect"] = _MANY  # none was: as many as one likes
    return done


def _unique_indexes(body: Mapping[str, Any], schema: list[Any]) -> list[str]:
    """Return the indexes that `unique` of a field stood for."""
    table = str(body.get("name", ""))
    names = [
        str(item["name"])
        for item in schema
        if isinstance(item, dict) and item.get("unique") is True and item.get("name")
    ]
    return [
        f"CREATE UNIQUE INDEX `idx_{checksum_id(table + name)}` ON `{table}` (`{name}`)"
        for name in names
    ]


def _modern_field(item: Any, find: Find) -> Any:
    if not isinstance(item, dict):
        return item
    kind = item.get("type")
    if kind == "user":
        item = {**item, "type": "relation", "collectionId": item.get("collectionId") or USERS}
        kind = "relation"
    if kind == "relation":
        return _with_id(item, find)
    if kind == "file" and isinstance(item.get("thumbs"), list):
        return {**item, "thumbs": [_thumb(size) for size in item["thumbs"]]}
    return item


def _thumb(size: Any) -> Any:
    return plain_thumb(size) if isinstance(size, str) else size


def _with_id(item: dict[str, Any], find: Find) -> dict[str, Any]:
    """Return a relation whose collection may have been given by name."""
    name = item.get("collectionId")
    found = find(name) if isinstance(name, str) and name else None
    return item if found is None else {**item, "collectionId": found.id}
