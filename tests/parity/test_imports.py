"""
Imports and deletes: all or nothing, and never what others need.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.data.seed import f
from tests.parity.definitions import ALL, LETTER, Body, base
from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

REFUSED = [
    *as_each(q(f"{ALL}/posts", "DELETE"), "guest", "alice"),
    *as_each(q(f"{ALL}/posts", "PATCH", {"name": "x"}), "guest", "alice"),
    *as_each(q(f"{ALL}/posts/truncate", "DELETE"), "guest", "alice"),
    *as_each(q(f"{ALL}/import", "PUT", {"collections": []}), "guest", "alice", "superuser"),
    *(
        q(f"{ALL}/{name}", "DELETE", who="superuser")
        for name in ("_superusers", "_mfas", "users", "orgs", "posts", "nope", "tags")
    ),
    q(f"{ALL}/stats/truncate", "DELETE", who="superuser"),
    q(f"{ALL}/nope/truncate", "DELETE", who="superuser"),
    q(f"{ALL}/import", "PUT", {}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": None}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": "x"}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": [{}]}, who="superuser"),
    q(f"{ALL}/import", "PUT", {"collections": [{"name": "i1"}]}, who="superuser"),
    q(
        f"{ALL}/import",
        "PUT",
        {"collections": [base("i1"), {"name": "i2", "type": "odd"}]},
        who="superuser",
    ),
    q(f"{ALL}/import", "PUT", {"collections": [base("i1"), base("i1")]}, who="superuser"),
    q(
        f"{ALL}/import",
        "PUT",
        {"collections": [base("i1", f("relation", "r", collectionId="nope"))]},
        who="superuser",
    ),
    q(f"{ALL}/import", "PUT", {"collections": [base("i1", listRule="nope=1")]}, who="superuser"),
    q(f"{ALL}/i1", who="superuser"),
]


@pytest.mark.parametrize(("number", "scenario"), list(enumerate(REFUSED)))
def test_refused(number: int, scenario: Scenario, pair: Pair) -> None:
    """What may not be deleted, emptied or imported stays as it is."""
    scenario = replace(scenario, blur=r"reference in [\w, ]+")
    pair.check(scenario, q(f"{ALL}?fields=totalItems", who="superuser"))


def test_import_story(pair: Pair) -> None:
    """Imports create, change, tie collections to each other and are all or nothing."""
    one = base("imp1", f("text", "t", id="ft"), id="imp000000000001")
    two = base(
        "imp2",
        f("relation", "r", collectionId="imp000000000001"),
        id="imp000000000002",
        listRule="r.t = 'x'",
    )
    by = {"who": "superuser"}
    pair.check(
        q(f"{ALL}/import", "PUT", {"collections": [two, one]}, **by),
        q(f"{ALL}/imp1", **by),
        q(f"{ALL}/imp2", **by),
        q(f"{ALL}/imp1/records", "POST", {"id": "imp000000000001", "t": "x"}, **by),
        q(f"{ALL}/imp2/records", "POST", {"id": "imp000000000002", "r": "imp000000000001"}, **by),
        q(f"{ALL}/imp2/records?expand=r"),
        q(f"{ALL}/import", "PUT", {"collections": [{**one, "fields": [f("number", "num")]}]}, **by),
        q(f"{ALL}/imp1", **by),
        q(f"{ALL}/imp1/records", **by),
        q(
            f"{ALL}/import",
            "PUT",
            {"collections": [{**one, "fields": [f("text", "renamed", id="ft")], "name": "imp1r"}]},
            **by,
        ),
        q(f"{ALL}/imp1r", **by),
        q(f"{ALL}/import", "PUT", {"collections": [base("imp3"), {**one, "name": "posts"}]}, **by),
        q(f"{ALL}/imp3", **by),
        q(f"{ALL}/imp1/truncate", "DELETE", **by),
        q(f"{ALL}/imp1r/truncate", "DELETE", **by),
        q(f"{ALL}/imp1r/records", **by),
        q(f"{ALL}/imp2/records", **by),
        q(f"{ALL}/imp1r", "DELETE", **by),
        q(f"{ALL}/imp2", "DELETE", **by),
        q(f"{ALL}/imp1r", "DELETE", **by),
    )


@pytest.mark.parametrize("id", ["\u00b0 %", "abcdefghijklmno"])
def test_ids_that_make_no_index(id: str, pair: Pair) -> None:
    """An auth collection whose indexes cannot be named after it is refused in words."""
    body = {"collections": [{"type": "auth", "id": id, "indexes": []}]}
    pair.check(q(f"{ALL}/import", "PUT", body, who="superuser"))


def test_delete_all_story(pair: Pair) -> None:
    """An import with deleteMissing removes everything that is not a system collection."""
    by = {"who": "superuser"}
    pair.check(
        q(
            f"{ALL}/import",
            "PUT",
            {"deleteMissing": True, "collections": [base("only", id="only00000000001")]},
            **by,
        ),
        q(f"{ALL}?sort=name&fields=name,id", **by),
        q(f"{ALL}/only/records", **by),
    )


# -- single imports --------------------------------------------------------------------------------

KEEP = {"who": "superuser"}


def put(*bodies: Any, **more: Any) -> Scenario:
    return q(f"{ALL}/import", "PUT", {"collections": list(bodies), **more}, **KEEP)


def look(*names: str) -> list[Scenario]:
    return [q(f"{ALL}/{name}", blur=LETTER, **KEEP) for name in names]


def view(name: str, query: str, **more: Any) -> Body:
    return {"name": name, "type": "view", "viewQuery": query, **more}


TWO = base("imp", f("text", "a"), f("number", "b"))
BAD_FIELDS = (
    f("text", "t", min=-1), f("select", "s"), f("email", "e", onlyDomains=["x"]), f("number", "n", min=5, max=1),
    f("text", "bad name"), f("text", "expand"), f("text", "x_via_y"), f("text", "h", help="x" * 400),
    f("text", "p", pattern="("), f("autodate", "ad"), f("file", "f", thumbs=["x", "0x0"]), f("relation", "r"),
    f("relation", "r2", collectionId="pbc_3142635823", minSelect=3, maxSelect=2), f("password", "pw", cost=3),
    f("text", "ag", autogeneratePattern="("), f("email", "e2", onlyDomains=["a.b"], exceptDomains=["a.b"]),
)  # fmt: skip
STORIES: dict[str, list[Scenario]] = {
    "new fields come first": [put(TWO), put(base("imp", f("text", "c"))), *look("imp")],
    "same name and type": [put(TWO), put({"name": "imp", "fields": [f("text", "a", id="own")]}), *look("imp")],
    "a name twice": [put(base("imp", f("text", "a"), f("number", "a"))), *look("imp")],
    "same name, other type": [put(TWO), put(base("imp", f("number", "a")))],
    "nothing but the name": [put(TWO), put({"name": "imp"}), *look("imp")],
    "a rule only": [put(TWO), put({"name": "imp", "listRule": "a = 'x'"}), *look("imp")],
    "an id of none": [put(TWO), put({"name": "imp", "id": "otherid"})],
    "a name as id": [put(TWO), put({"id": "imp", "name": "imp2"})],
    "own id, then renamed": [put({"id": "own1", "name": "imp"}), put({"id": "own1", "name": "imp2", "fields": []}), *look("imp", "imp2")],
    "name of another": [put({"id": "own1", "name": "imp"}), put({"id": "own1", "name": "posts"})],
    "another type": [put({"id": "own1", "name": "imp"}), put({"id": "own1", "type": "auth"})],
    "auth": [put({"name": "imp", "type": "auth"}), *look("imp"), put({"name": "imp", "type": "auth", "fields": [f("text", "q")]}), *look("imp")],
    "view": [put(view("imp", "select id from users")), *look("imp"), put({"name": "imp", "viewQuery": "select id, name from users"}), *look("imp")],
    "view before what it reads": [put(view("imp", "select id from imp2"), base("imp2")), *look("imp")],
    "view before a view": [put(view("imp", "select id from imp3"), view("imp3", "select id from imp2"), base("imp2"))],
    "bad view": [put(view("imp", query)) for query in ("", "select 1", "select nope from users", "select '' as id", "drop table users", "select id from users; select 1", "select id, name as `ti tle` from users")],
    "bad bodies of views": [put(view("imp", "select id from users", createRule="")), put(view("imp", "select id from users", indexes=["create index x on imp (id)"]))],
    "system rule": [put({"name": "_superusers", "listRule": ""}), *look("_superusers")],
    "system fields stay": [put({"name": "_superusers", "fields": []}), *look("_superusers")],
    "system collection": [put(base("_imp", system=True)), *look("_imp"), q(f"{ALL}/_imp", "DELETE", **KEEP)],
    "index on another table": [put(base("imp", indexes=["create index idx_k on other (id)"])), *look("imp")],
    "bad indexes": [put(base("imp", f("text", "a"), indexes=texts)) for texts in (["create index i on imp (nope)"], ["nope"], ["create index i on imp (a)", "create index i on imp (id)"], ["create index i on imp (a)", "create index j on imp (a)"])],
    "shapes": [put(body) for body in ({"name": ""}, {"name": None}, None, {"name": "bad name"}, {"name": "sqlite_x"}, {"name": "_params"}, {"name": "a_via_b"}, {"name": "imp", "type": "odd"}, {"NAME": "imp"}, {"name": "USERS"})],
    "forms": [q(f"{ALL}/import", "PUT", body, **KEEP) for body in ({"Collections": [base("imp")], "deleteMISSING": False}, {"collections": [base("imp")], "deleteMissing": "x"}, {"collections": [5]}, {"collections": {"a": 1}}, [], [1])],
    "ids": [put(base("imp", f("text", "id"))), *look("imp"), put(base("imp2", f("number", "id")))],
    "one id twice": [put(base("imp", id="dup"), base("imp2", id="dup"))],
    "one name twice": [put(base("imp"), base("IMP"))],
    "relation to itself": [put(base("imp", f("relation", "r", collectionId="imp"))), put(base("imp", f("relation", "r", collectionId="impid"), id="impid")), *look("imp")],
    "trade names": [put(base("imp", id="sa"), base("imp2", id="sb")), put(base("imp2", id="sa"), base("imp", id="sb"))],
    "all kinds of issues": [put(base("imp", *BAD_FIELDS, listRule="nope = 1", viewRule="x ="))],
    "issues of auth": [put({"name": "imp", "type": "auth", "manageRule": "", "authToken": {"duration": 1, "secret": "x"}, "otp": {"enabled": True, "length": 1, "duration": 1}, "oauth2": {"enabled": True, "providers": [{"name": "x"}, {"name": "x"}]}})],
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_import(name: str, pair: Pair) -> None:
    """An import is understood, carried out and refused in the same words."""
    names = ("imp3", "imp2", "imp")
    pair.check(*STORIES[name], *(q(f"{ALL}/{one}", "DELETE", **KEEP) for one in names))


def _bad(name: str, **more: Any) -> Body:
    return {"name": name, "listRule": "nope = 1", **more}


OLD, NEW = "2010-01-01 00:00:00.000Z", "2030-01-01 00:00:00.000Z"
ORDERS: dict[str, list[Body]] = {
    "views last": [_bad("o1", type="view", viewQuery="select id from tags"), _bad("o2"), _bad("o3")],
    "new before stored": [_bad("tags"), _bad("orgs"), _bad("o1"), _bad("o2")],
    "stored by age": [_bad("comments"), _bad("orgs"), _bad("tags")],
    "views by age": [_bad("o2", type="view", viewQuery="select id from tags"), _bad("o1", type="view", viewQuery="select id from tags"), _bad("stats")],
    "age as sent": [_bad("orgs", created=NEW), _bad("tags", created=OLD), _bad("o1", created="2020-01-01"), _bad("o2", created="2019-01-01")],
    "saved in that order": [{"id": "pbc_3142635823", "name": "posts"}, {"id": "o1", "name": "tags"}, {"id": "o2", "name": "POSTS"}],
    "two views of one name": [view("o1", "x", created=NEW), view("o2", "y", created=OLD)],
    "view over a table": [view("o1", "select id from tags"), view("tags", "select id from posts", id="o2")],
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERS)
def test_order_of_an_import(name: str, pair: Pair) -> None:
    """Of several wrong collections the oldest is told, views last; new ones have no age."""
    # NOTE: the reference shows what it refused until the next change
    calm = q(f"{ALL}/uniq?fields=id", "PATCH", {"listRule": ""}, **KEEP)
    pair.check(put(*ORDERS[name]), calm, put(*reversed(ORDERS[name])), calm)


def test_refused_import_leaves_no_trace(pair: Pair) -> None:
    """What was refused is nowhere to be seen (the reference may show it until its next change)."""
    before = pair.ours.client("superuser").must("GET", f"{ALL}?perPage=200&sort=name")
    refused = put(base("fine"), base("bad", listRule="nope = 1")).send(pair.ours)
    after = pair.ours.client("superuser").must("GET", f"{ALL}?perPage=200&sort=name")

    assert refused.status == 400
    assert before == after


# -- leaving others out ----------------------------------------------------------------------------


def test_delete_missing_story(pair: Pair) -> None:
    """What an import leaves out goes, with views and relations; what stays may not miss it."""
    b, v = base("d1", f("text", "t"), id="d1id"), view("dv1", "select id, t from d1", id="dv1id")
    r = base("d2", f("relation", "rel", collectionId="d1id"), id="d2id")
    names = q(f"{ALL}?sort=name&fields=name,id", **KEEP)
    pair.check(
        put(b, v, view("dv2", "select id from dv1", id="dv2id"), r, deleteMissing=True),
        names,
        q(f"{ALL}/d1", "DELETE", **KEEP),
        q(f"{ALL}/dv1", "DELETE", **KEEP),
        put(v, deleteMissing=True),
        put(r, deleteMissing=True),
        names,
        put(b, r, deleteMissing=True),
        names,
        put({**r, "fields": []}, deleteMissing=True),
        *look("d1", "d2"),
        put(base("d2", f("text", "q"), id="d2other"), deleteMissing=True),
        *look("d2"),
        put({"name": "users", "fields": [f("text", "z")]}, deleteMissing=True),
        names,
    )
