"""
View collections: what a query gives, and what becomes of it when other collections change.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import VIEW, f
from tests.parity.definitions import ALL, TEMPORARY, USERS, Body, base, create
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity


QUERIES = [
    "SELECT id FROM posts",
    "SELECT id, title FROM posts;",
    "select id, title as t, n from posts where n > 1",
    "SELECT * FROM posts",
    "SELECT p.* FROM posts p",
    "SELECT title FROM posts",
    "SELECT id, id FROM posts",
    "SELECT author as id, title FROM posts",
    "SELECT 'x' as id",
    "SELECT (ROW_NUMBER() OVER()) as id, type FROM posts",
    "SELECT id, count(*) as c, total(n) as t, sum(n) as s, avg(n) as a, max(n) as m, min(title) as mi FROM posts GROUP BY id",
    "SELECT id, CAST(n as int) as i, CAST(n as integer) as i2, CAST(n as real) as r, CAST(n as decimal) as d, CAST(n as text) as t, CAST(n as bool) as b, CAST(n as boolean) as b2, CAST(n as numeric) as nu, CAST(n as json) as j, CAST(n as varchar) as v, CAST(n as date) as da FROM posts",
    "SELECT id, (n + 1) as x, n || 'a' as y, 5 as z, 'text' as w, null as nu, 1.5 as fl FROM posts",
    "SELECT id, author, editors, tags, meta, loc, opts, type, `when`, created, body, published FROM posts",
    "SELECT p.id, u.name, u.email, u.id as uid, o.id as oid FROM posts p LEFT JOIN users u ON u.id = p.author LEFT JOIN orgs o ON o.id = u.organization",
    "SELECT p.id, u.name FROM posts as p, users as u WHERE p.author = u.id",
    "SELECT id FROM nope",
    "SELECT nope FROM posts",
    "SELECT id, nope FROM posts",
    "SELEC id FROM posts",
    "",
    "   ",
    "DELETE FROM posts",
    "INSERT INTO tags (id) VALUES ('x')",
    "SELECT id FROM posts; SELECT id FROM tags",
    "SELECT id FROM posts -- note",
    "SELECT id /* note */, title FROM posts",
    "WITH x AS (SELECT id, n FROM posts) SELECT id, n FROM x",
    "SELECT id FROM posts UNION SELECT id FROM tags",
    "SELECT id, title FROM posts UNION ALL SELECT id, label FROM tags",
    "SELECT id, (SELECT count(*) FROM comments c WHERE c.post = posts.id) as cc FROM posts",
    "SELECT id, (SELECT name FROM users LIMIT 1) as un FROM posts",
    "SELECT id, title as `ti tle` FROM posts",
    "SELECT id, title as 'quoted' FROM posts",
    'SELECT id, "title" FROM "posts"',
    "SELECT [id], [title] FROM [posts]",
    "SELECT DISTINCT id, type FROM posts",
    "SELECT id, json_extract(meta, '$.a') as ja FROM posts",
    "SELECT id, strftime('%Y', created) as y FROM posts",
    "SELECT id, coalesce(title, '') as co, iif(n > 1, 'a', 'b') as ii, case when n > 1 then 1 else 0 end as ca FROM posts",
    "SELECT id, password FROM users",
    "SELECT id, email, emailVisibility FROM users",
    "SELECT id, collectionRef FROM _externalAuths",
    "SELECT id, top FROM stats",
    "SELECT id FROM sqlite_master",
    "SELECT id, @request FROM posts",
    "SELECT max(id) as id, type FROM posts GROUP BY type",
    "SELECT id, title AS Title, n AS N FROM posts ORDER BY n LIMIT 3",
    "SELECT id, expand FROM posts",
    "SELECT id, n as expand FROM posts",
    "SELECT id, n as collectionName FROM posts",
    "VALUES (1)",
    "SELECT id, * AS x FROM posts",
    "SELECT ALL * FROM posts",
    "SELECT id, p.* star FROM posts p",
    "SELECT id, {:p} FROM posts",
    "EXPLAIN SELECT id, {:p} FROM posts",
    "SELECT (ROW_NUMBER() OVER()) as id, type FROM posts UNION ALL SELECT id, label FROM tags",
    "SELECT (ROW_NUMBER() OVER()) as id, label FROM tags ;;",
    "EXPLAIN SELECT id FROM posts",
    "SELECT id, random() as r FROM tags LIMIT 0",
    "SELECT id, n as _rowid_ FROM posts",
    "SELECT '' as id FROM posts",
    "SELECT NULL as id, title FROM posts",
    VIEW,
]  # fmt: skip


@pytest.mark.parametrize(("number", "query"), list(enumerate(QUERIES)))
def test_view(number: int, query: str, pair: Pair) -> None:
    """A query becomes a view with the same inferred fields, or is refused."""
    body = {"name": "fresh", "type": "view", "viewQuery": query, "listRule": ""}
    pair.check(
        q(f"{ALL}/meta/dry-run-view", "POST", {"query": query}, who="superuser", blur=TEMPORARY),
        q(ALL, "POST", body, who="superuser"),
        # NOTE: under load the reference may count with the view's former query
        q(f"{ALL}/fresh/records?sort=id&perPage=5&skipTotal=1"),
        q(f"{ALL}/fresh/records/post00000000001", who="superuser"),
        q(f"{ALL}/fresh", "DELETE", who="superuser"),
    )


VIEW_BODIES: dict[str, Body] = {
    "fields given": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "fields": [f("text", "x")]},
    "index": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "indexes": ["CREATE INDEX idx_x ON fresh (id)"]},
    "write rules": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "createRule": "", "updateRule": "", "deleteRule": ""},
    "rule on column": {"name": "fresh", "type": "view", "viewQuery": "SELECT id, n as amount FROM posts", "listRule": "amount > 1"},
    "rule on missing column": {"name": "fresh", "type": "view", "viewQuery": "SELECT id FROM posts", "listRule": "amount > 1"},
    "no query": {"name": "fresh", "type": "view"},
}  # fmt: skip


@pytest.mark.parametrize("name", VIEW_BODIES)
def test_view_bodies(name: str, pair: Pair) -> None:
    """The rest of a view's body."""
    pair.check(
        *create(VIEW_BODIES[name], name), q(f"{ALL}/stats/records", "POST", {}, who="superuser")
    )


# -- views and what they read ----------------------------------------------------------------------

A = f("text", "a", id="fa")
REST = (
    f("number", "n", id="fn"), f("select", "s", id="fs", values=["x", "y"], maxSelect=1), f("relation", "r", id="fr", collectionId=USERS),
    f("file", "f", id="ff", maxSelect=2), f("json", "j", id="fj"), f("bool", "o", id="fo"), f("date", "d", id="fd"),
    f("geoPoint", "g", id="fg"), f("email", "e", id="fe"), f("url", "u", id="fu"), f("editor", "ed", id="fed"),
    f("password", "p", id="fp", hidden=True),
)  # fmt: skip
ROW = {
    "id": "vrow00000000001", "a": "x", "n": 1.5, "s": "x", "j": {"a": [1]}, "o": True, "d": "2020-01-01", "g": {"lon": 1, "lat": 2},
    "e": "a@b.co", "u": "http://x.y", "ed": "<p>", "p": "12345678",
}  # fmt: skip
ALL_OF_IT = "select id, a, n, s, r, f, j, o, d, g, e, u, ed, p from vbase"
NEXT = (
    "select vone.id, vone.a as aa, vbase.n as nn, count(vone.id) as c, (vone.n) as vn, vbase.id as bid,"
    " vone.id as vid from vone left join vbase on vbase.id = vone.id group by vone.id"
)


def view(name: str, query: str, **more: Any) -> Scenario:
    body = {"name": name, "type": "view", "viewQuery": query, **more}
    return q(ALL, "POST", body, who="superuser")


def patch(target: str, **body: Any) -> Scenario:
    return q(f"{ALL}/{target}", "PATCH", body, who="superuser")


def show(*names: str) -> list[Scenario]:
    by = {"who": "superuser"}
    return [q(f"{ALL}/{name}{rest}", **by) for name in names for rest in ("", "/records?sort=id")]


def test_views_follow(pair: Pair) -> None:
    """A view's fields stay those of its query while collections and views under it change."""
    double = ({**A, "required": True, "max": 7}, *REST)
    several = (A, *({**x, "maxSelect": 2} if x["name"] == "s" else x for x in REST))
    pair.check(
        q(ALL, "POST", base("vbase", A, *REST), who="superuser"),
        q(f"{ALL}/vbase/records", "POST", ROW, who="superuser"),
        q(f"{ALL}/vbase/records", "POST", {"id": "vrow00000000002"}, who="superuser"),
        view("vone", ALL_OF_IT, listRule="a = 'x'", viewRule="n > 1"),
        *show("vone"),
        q(f"{ALL}/vone/records"),
        q(f"{ALL}/vone/records/vrow00000000001"),
        q(f"{ALL}/vone/records/vrow00000000002"),
        patch("vbase", fields=several),
        *show("vone"),
        view("vtwo", NEXT),
        patch("vbase", fields=double),
        *show("vone", "vtwo"),
        patch("vbase", fields=[{**A, "name": "a2"}, *REST]),
        patch("vone", viewQuery="select id, a as b, n from vbase"),
        patch("vone", viewQuery="select id, a, n from vbase", listRule="s = 'x'"),
        patch("vone", viewQuery="select id, a, n from vbase", listRule=""),
        *show("vone", "vtwo"),
        patch("vone", name="vnew"),
        *show("vnew", "vtwo"),
        *(q(f"{ALL}/{name}", "DELETE", who="superuser") for name in ("vbase", "vnew", "vtwo")),
        q(f"{ALL}/vnew", "DELETE", who="superuser"),
        patch("vbase", name="vbase2"),
        q(f"{ALL}/vbase2", "DELETE", who="superuser"),
    )


def test_views_are_changed(pair: Pair) -> None:
    """What can be changed of a view, and what relations may point to it."""
    pair.check(
        view("vlone", "select id, title as t from posts", listRule="nope = 1"),
        view(
            "vlone",
            "select id, title as t from posts",
            listRule="t ~ 'x' && @collection.tags.id ?!= id",
        ),
        patch("vlone", viewQuery=""),
        patch("vlone", viewQuery=None),
        patch("vlone", viewQuery="  select id from posts ;;  "),
        patch("vlone", fields=[f("text", "own")]),
        patch("vlone", indexes=["create index q on vlone (id)"]),
        patch("vlone", type="base"),
        patch("vlone", createRule=""),
        *show("vlone"),
        q(
            ALL,
            "POST",
            base("vholder", f("relation", "r", collectionId="pbc_2393837363")),
            who="superuser",
        ),
        q(f"{ALL}/vlone", "DELETE", who="superuser"),
    )


def test_view_reads_from_itself(pair: Pair) -> None:
    """No view may read from itself, at once or through another."""
    pair.check(
        view("vring", "select id, title from posts"),
        patch("vring", viewQuery="select id from vring"),
        patch("vring", viewQuery="select id from posts where id in (select id from vring)"),
        patch("vring", viewQuery="with vring as (select id from posts) select id from vring"),
        view("vround", "select id from vring"),
        patch("vring", viewQuery="select id from vround"),
        *show("vring", "vround"),
        q(f"{ALL}/vround", "DELETE", who="superuser"),
        q(f"{ALL}/vring", "DELETE", who="superuser"),
    )


def test_field_under_a_view_is_renamed(pair: Pair) -> None:
    """What the view's query asks for in vain is blank in its records."""
    by = {"who": "superuser"}
    queries = ("", "?filter=a%3D'x'", "?filter=n%3D5", "?sort=a", "?filter=a2%3D'x'", "?fields=a")
    pair.check(
        q(ALL, "POST", base("vunder", A, f("number", "n", id="fn")), **by),
        q(f"{ALL}/vunder/records", "POST", {"id": "vundr0000000001", "a": "x", "n": 5}, **by),
        view("vover", "select id, a, n from vunder", listRule="", viewRule="n = 5"),
        patch("vunder", fields=[{**A, "name": "a2"}, f("number", "n", id="fn")]),
        *(q(f"{ALL}/vover/records{query}", **by) for query in queries),
        q(f"{ALL}/vover/records/vundr0000000001"),
        patch("vunder", fields=[A, f("number", "n", id="fn")]),
        q(f"{ALL}/vover/records", **by),
        *(q(f"{ALL}/{name}", "DELETE", **by) for name in ("vover", "vunder")),
    )


def test_tables_of_a_view_are_names(pair: Pair) -> None:
    """A collection whose id is another's name is not meant by a query."""
    by = {"who": "superuser"}
    pair.check(
        q(ALL, "POST", base("vshadow", f("number", "title"), id="posts"), **by),
        view("vlight", "select id, title from posts"),
        q(f"{ALL}/meta/dry-run-view?fields=fields", "POST", {"query": "select id, title from posts limit 1"}, **by),
        *(q(f"{ALL}/{name}", "DELETE", **by) for name in ("vlight", "vshadow")),
    )  # fmt: skip


def test_stamp_of_a_view(pair: Pair) -> None:
    """A view counts as updated when its fields follow those it is made of, and only then."""
    by = {"who": "superuser"}
    old = "update _collections set updated = '2019-01-01 00:00:00.000Z' where name = 'vstamp'"
    age = q("/api/sql?fields=affectedRows", "POST", {"query": old}, **by)
    see = q(f"{ALL}/vstamp?fields=updated", **by)
    pair.check(
        q(ALL, "POST", base("vsource", A), **by),
        view("vstamp", "select id, a from vsource"),
        age,
        patch("vsource", listRule=""),
        see,
        patch("vsource", fields=[A, f("text", "b")]),
        see,
        patch("vsource", fields=[{**A, "required": True}]),
        see,
        *(q(f"{ALL}/{name}", "DELETE", **by) for name in ("vstamp", "vsource")),
    )
