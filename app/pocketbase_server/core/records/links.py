"""Where the names of an expand expression lead: relations and back-relations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from pocketbase_server.core.fields import RelationField

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection

MAX_DEPTH = 6
MAX_PATHS = 250
"""Paths beyond these are not looked at: each may cost queries on every level."""
_MOST_LINKS = 500
_NO_LINKS: tuple[int, dict[str, Any]] = (-1, {})

_BACK = re.compile(r"(\w+)_via_(\w+)|(\w+)\((\w+)\)")
_UNIQUE = re.compile(
    r"\s*create\s+unique\s+index\b[^(]*\(\s*[`\"\[']?(\w+)[`\"\]']?[^,()]*\)", re.IGNORECASE
)


class Node(NamedTuple):
    """One name of an expand expression and what is to be expanded below it."""

    name: str
    below: tuple[Node, ...]


@lru_cache(maxsize=1024)
def parse_expand(expression: str) -> tuple[Node, ...]:
    """Return what `a,b.c` asks for as a tree, names sorted, without levels beyond the sixth."""
    texts = expression.split(",", MAX_PATHS)[:MAX_PATHS]
    paths = {_path(text) for text in texts} - {()}
    # COMPAT: a longer path makes its beginnings redundant, even if it fails: `a,a.wrong` is nothing
    beginnings = {path[:end] for path in paths for end in range(1, len(path))}
    return _tree(sorted(paths - beginnings), 1)


def _path(text: str) -> tuple[str, ...]:
    text = text.strip().strip(".")
    return tuple(name.strip() for name in text.split(".")) if text else ()


def _tree(paths: list[tuple[str, ...]], depth: int) -> tuple[Node, ...]:
    if depth > MAX_DEPTH:
        return ()
    return tuple(
        Node(name, _tree([path[1:] for path in group if len(path) > 1], depth + 1))
        for name, group in groupby(paths, itemgetter(0))
    )


@dataclass(slots=True, frozen=True)
class Link:
    """How a name of an expand expression leads from one collection to another."""

    target: Collection
    is_single: bool
    field: str
    """The relation field: of this collection, or of the target when it is a back-relation."""
    is_back: bool = False
    is_multiple: bool = False
    """Whether the relation field holds a list."""


def find_link(app: App, collection: Collection, name: str) -> Link | None:
    """Return where *name* (a relation field, or `coll_via_field`) leads, or None if nowhere."""
    version, links = collection.cache.get("links", _NO_LINKS)
    if version != app.collections.version:
        links = {}
        collection.cache["links"] = (app.collections.version, links)
    if name not in links:
        if len(links) >= _MOST_LINKS:
            links.clear()
        links[name] = _find_link(app, collection, name)
    found: Link | None = links[name]
    return found


def _find_link(app: App, collection: Collection, name: str) -> Link | None:
    relation = _relation(collection, name)
    if relation is not None:
        target = app.collections.get(relation.collection_id)
        many = relation.is_multiple
        return Link(target, not many, name, is_multiple=many) if target is not None else None
    found = _BACK.fullmatch(name)
    if found is None:
        return None
    target = app.collections.get(found[1] or found[3])
    return _back_link(collection, target, found[2] or found[4]) if target is not None else None


def _relation(collection: Collection, name: str) -> RelationField | None:
    field = collection.field(name)
    return field if isinstance(field, RelationField) else None


def _back_link(collection: Collection, target: Collection, name: str) -> Link | None:
    relation = _relation(target, name)
    if relation is None or relation.collection_id != collection.id:
        return None
    return Link(
        target, _is_unique(target, name), name, is_back=True, is_multiple=relation.is_multiple
    )


def _is_unique(collection: Collection, name: str) -> bool:
    """Tell whether an index lets no two records have the same value of the field."""
    found = (_UNIQUE.match(index) for index in collection.indexes)
    return any(index is not None and index[1].lower() == name.lower() for index in found)
