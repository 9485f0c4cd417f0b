"""
Imports and deletes: all or nothing, and never what others need.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.data.seed import f
from tests.parity.definitions import ALL, Body, base
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
