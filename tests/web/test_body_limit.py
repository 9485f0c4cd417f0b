"""How large the body of a record may be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pocketbase_server.core.fields import load_field
from pocketbase_server.web.endpoint import BODY_LIMIT
from pocketbase_server.web.factory import record_limit

MEGABYTE = 1 << 20
FIELDS: list[tuple[dict[str, Any], int]] = [
    ({"type": "text", "max": 100}, 0),
    ({"type": "url"}, 0),
    ({"type": "editor"}, 5 * MEGABYTE),
    ({"type": "editor", "maxSize": 7}, 7),
    ({"type": "json"}, MEGABYTE),
    ({"type": "json", "maxSize": 9}, 9),
    ({"type": "file"}, 5 * MEGABYTE),
    ({"type": "file", "maxSize": 10, "maxSelect": 3}, 30),
    ({"type": "file", "maxSize": 10, "maxSelect": 1}, 10),
]


def limit(fields: list[dict[str, Any]], *, is_view: bool = False) -> int:
    made = [load_field({"name": "f", **field}) for field in fields]
    collection = SimpleNamespace(fields=made, is_view=is_view, cache={})
    app: Any = SimpleNamespace(collections=SimpleNamespace(get={"posts": collection}.get))
    return record_limit(app, {"collection": "posts"})


@pytest.mark.parametrize(("field", "more"), FIELDS, ids=str)
def test_field(field: dict[str, Any], more: int) -> None:
    """Fields with a size of their own add it to what any body may have."""
    assert BODY_LIMIT + more == limit([field])


def test_collection() -> None:
    """All fields count together; those of a view do not, since nobody writes them."""
    fields = [field for field, _ in FIELDS]

    assert BODY_LIMIT + sum(more for _, more in FIELDS) == limit(fields)
    assert BODY_LIMIT == limit(fields, is_view=True)


def test_unknown_collection() -> None:
    """Where there is no collection, the usual limit counts."""
    app: Any = SimpleNamespace(collections=SimpleNamespace(get={}.get))

    assert BODY_LIMIT == record_limit(app, {"collection": "nope"})
