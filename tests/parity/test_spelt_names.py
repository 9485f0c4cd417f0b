"""
Names that are quoted as `{{table}}` and `[[column]]`, which every statement by hand may have.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import f
from tests.parity.definitions import ALL, base
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

FRESH = f"{ALL}/fresh"
BY: dict[str, Any] = {"who": "superuser"}
VIEWS = [
    "select [[id]], [[title]] t from {{posts}}",
    "select {{posts}}.[[id]], {{p2}}.[[title]] from {{posts}} join {{posts}} {{p2}} on {{p2}}.[[id]] = {{posts}}.[[id]]",
    "select id, {{title}} from posts",
    "select id, [[posts.title]] as t, {{posts.n}} from {{posts}}",
    "select id, '[[a.x y-z]]' as x, '{{a b}}' as y, \"[[n]]\" as z from posts",
    "select id, '[[ä]]' as x, '[[]]' as y, '[[*]]' as z, '{:ä}' as w from posts",
    "select rowid as [[id]], [[title]] from {{posts}}",
    "select n as [[id]] from posts",
    "select id -- [[x]] {{y}}\n, title from posts",
    "select id, [[title]] as `[[b]]` from posts",
    "select id, {:p} as x from {{posts}}",
    "select id, [[title]] -> '$' as x from {{posts}}",
    "select [[id]], [x [[a]] '] ; drop table tags; --' from posts",
    "with {{a}} as (select [[id]] from posts) select [[id]] from {{a}}",
]
INDEXES = [
    "create index {{i1}} on {{fresh}} ([[a]])",
    "create index i1 on {{fresh}} ([[a]], [[b]])",
    "create index i1 on fresh (a) where [[a]] != '{{b}}'",
    "create index i1 on fresh (lower([[a]]), b)",
    "create index i1 on fresh (a, '[[b]]')",
    "create index [[i1]] on fresh (a)",
    "create index i1 on fresh ([[a]] || 'x')",
    "create index i1 on fresh (a) where a != {:p}",
    "create index i1 on fresh (a) where a != '{:ä}'",
    "create index {:p} on fresh (a)",
]
MARKED = [
    "sum(n) over (partition by type order  by id) as s",
    "(a having b limit 1 ) d e f",
    "(x group  by y where where z) a b c",
    "(x left  outer join y cross join z) a b c",
    "(x cross outer join y join join z) a b c",
    "(x where\n\ny) a b c",
    '"x where y" a b c',
    "(x where)) a b c",
]
"""Expressions that are refused as they were read: words behind which no columns come are marked."""
TEMPORARY = r"(?<=_temp_)\w{6}|(?<=temp_view_)\w{5}|(?<=pbc_)\d+"


def root(url: str, method: str = "GET", body: Any = None) -> Scenario:
    return q(url, method, body, blur=TEMPORARY, **BY)


def stored() -> Scenario:
    query = "select name, sql from sqlite_master where tbl_name like 'fresh%' order by name"
    return q("/api/sql?fields=rows", "POST", {"query": query}, **BY)


@pytest.mark.parametrize("query", [*VIEWS, *(f"select id, {text} from posts" for text in MARKED)])
def test_views(query: str, pair: Pair) -> None:
    """The query of a view stays as it was written; the database has it with quoted names."""
    pair.check(
        root(f"{ALL}/meta/dry-run-view", "POST", {"query": query}),
        root(ALL, "POST", {"name": "fresh", "type": "view", "viewQuery": query}),
        stored(),
        root(f"{FRESH}/records?sort=id&skipTotal=1&perPage=3"),
        root(FRESH, "PATCH", {"name": "fresh2"}),
        stored(),
        root(f"{FRESH}2", "DELETE"),
    )


@pytest.mark.parametrize("text", INDEXES)
def test_indexes(text: str, pair: Pair) -> None:
    """So do indexes, also when their collection is renamed."""
    pair.check(
        root(ALL, "POST", base("fresh", f("text", "a"), f("text", "b"), indexes=[text])),
        root(FRESH, "PATCH", {"name": "fresh2"}),
        stored(),
        root(f"{FRESH}2", "PATCH", {"indexes": []}),
        stored(),
        root(f"{FRESH}2", "DELETE"),
    )


@pytest.mark.parametrize("text", ["'[[ä]]'", "'{{ä}}'", "'{:ä}'", "'{:a}'", "'{{[[a]]}}'", "'[[x..y]]'"])  # fmt: skip
def test_console(text: str, pair: Pair) -> None:
    """In the console names are of ASCII too."""
    pair.check(q("/api/sql?fields=rows,message", "POST", {"query": f"select {text} as x"}, **BY))
