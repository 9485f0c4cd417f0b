"""
The five rules against everybody: who may list, view, create, update and delete what.
"""

from __future__ import annotations

import pytest

from tests.data.seed import RULE_SETS
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

PEOPLE = ("guest", "alice", "bob", "carol", "erin", "superuser")
OPEN_QUERY = "?key=open"


def _url(collection: str) -> str:
    return f"/api/collections/{collection}/records"


def _steps(collection: str, who: str) -> list[Scenario]:
    url = _url(collection)
    by = {"who": who}
    steps = [
        q(f"{url}?sort=id", **by),
        q(f"{url}?sort=-title&filter=state='on'", **by),
        q(f"{url}{OPEN_QUERY}", **by),
    ]
    steps += [q(f"{url}/rule0000000000{i}", **by) for i in range(1, 6)]
    steps += [
        q(url, "POST", {"id": "rule00000000011", "title": "made", "state": "on"}, **by),
        q(
            url,
            "POST",
            {"id": "rule00000000012", "title": "mine", "state": "on", "owner": "user00000000001"},
            **by,
        ),
        q(
            url,
            "POST",
            {"id": "rule00000000013", "title": "p1", "state": "p1", "owner": "user00000000002"},
            **by,
        ),
        q(url, "POST", {"id": "rule00000000014", "state": "nope", "owner": "nope"}, **by),
        q(f"{url}/rule00000000001", "PATCH", {"title": "changed"}, **by),
        q(f"{url}/rule00000000002", "PATCH", {"state": "on"}, **by),
        q(f"{url}/rule00000000003", "PATCH", {"state": "off", "owner": "user00000000001"}, **by),
        q(f"{url}/rule00000000004", "PATCH", {"state": "nope"}, **by),
        q(f"{url}/rule00000000004{OPEN_QUERY}", "PATCH", {"title": "by key"}, **by),
        q(
            f"{url}/rule00000000004",
            "PATCH",
            {"title": "by header"},
            headers={"X-Key": "open"},
            **by,
        ),
        q(f"{url}?expand=owner&sort=id", **by),
    ]
    steps += [q(f"{url}/rule0000000000{i}", "DELETE", **by) for i in range(1, 6)]
    return [
        *steps,
        q(f"{url}/rule00000000011", "DELETE", **by),
        q(f"{url}?sort=id", who="superuser"),
    ]


def _restore(collection: str) -> list[Scenario]:
    url, by = _url(collection), {"who": "superuser"}
    rows = [
        {
            "id": f"rule0000000000{i}",
            "title": f"{collection} {i}",
            "state": ["on", "off", "p1"][i % 3],
            "owner": f"user0000000000{i}" if i < 5 else "",
        }
        for i in range(1, 6)
    ]
    return [
        q(f"/api/collections/{collection}/truncate", "DELETE", **by),
        *(q(url, "POST", row, **by) for row in rows),
    ]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("collection", RULE_SETS)
def test_rules(collection: str, who: str, pair: Pair) -> None:
    """Every caller meets the same answers of every rule."""
    pair.check(*_restore(collection), *_steps(collection, who))


COLLECTIONS = "/api/collections/rule_open"
RULES = [
    "id = 'rule00000000001'",
    "@request.context = 'default'",
    "@request.context = 'expand'",
    "@request.method = 'GET'",
    "@request.method = 'POST' || @request.method = 'PATCH'",
    "@request.query.a = '1' && @request.query.b:isset = true",
    "@request.query.missing = ''",
    "@request.query.missing = null",
    "@request.headers.user_agent ~ 'pb'",
    "@request.headers.missing:isset = false",
    "@request.auth.id = ''",
    "@request.auth.email ~ 'example.com'",
    "@request.auth.collectionName = 'users'",
    "@request.auth.organization.name = 'test'",
    "@request.auth.permissions.name ?= 'p2'",
    "@request.auth.permissions.name = 'p2'",
    "@request.auth.permissions:length > 1",
    "@request.auth.verified = true && owner != ''",
    "@request.auth.secret ~ 'alice'",
    "@request.auth.comments_via_user.likes ?> 5",
    "@request.auth.level > 4 || owner.level < @request.auth.level",
    "@request.body.title:isset = true",
    "@request.body.title:isset = false",
    "@request.body.title:changed = true",
    "@request.body.title:changed = false",
    "@request.body.title = title",
    "@request.body.title != title",
    "@request.body.state = 'on'",
    "@request.body.owner = @request.auth.id",
    "@request.body.owner.organization.name = 'test'",
    "@request.body.title:length > 2",
    "@request.body.title:lower = 'abc'",
    "@collection.users.id ?= owner && @collection.users.level ?> 4",
    "@collection.users:a.id ?= owner && @collection.users:b.username ?= 'bob'",
    "owner.permissions.name ?= 'p1'",
    "owner.permissions.name = 'p1'",
    "owner.permissions:length = 2",
    "owner.permissions:each ~ 'perm'",
    "owner.email = 'alice@example.com'",
    "owner.comments_via_user.post.n ?> 3",
    "title:lower = 'rule_open 2'",
    "state != 'on'",
    "state = null",
    "owner = null || state = 'p1'",
    "title ~ '%open 3'",
    "1 = 1",
    "1 = 2",
    "'' = ''",
    "true = true // note",
    "@now > '2020-01-01'",
    "@yesterday < @now",
    "(state = 'on' || state = 'off') && title != ''",
]


@pytest.mark.parametrize("rule", RULES)
def test_any_rule(rule: str, pair: Pair) -> None:
    """One rule for everything, asked by several callers with several bodies."""
    url, by = _url("rule_open"), {"who": "superuser"}
    five = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), rule)
    asked: list[Scenario] = []
    for who in ("guest", "alice", "bob"):
        me = {"who": who}
        asked += [
            q(f"{url}?sort=id", **me),
            q(f"{url}?sort=id&a=1&b=2&skipTotal=1", **me),
            q(f"{url}/rule00000000001", **me),
            q(f"{url}/rule00000000002?a=1&b=", **me),
            q(
                url,
                "POST",
                {
                    "id": "rule00000000021",
                    "title": "ABC",
                    "state": "on",
                    "owner": "user00000000001",
                },
                **me,
            ),
            q(url, "POST", {"id": "rule00000000022", "state": "off"}, **me),
            q(f"{url}/rule00000000002", "PATCH", {"title": "rule_open 2"}, **me),
            q(
                f"{url}/rule00000000002",
                "PATCH",
                {"title": "other", "owner": "user00000000002"},
                **me,
            ),
            q(f"{url}/rule00000000003", "PATCH", {}, **me),
            q(f"{url}/rule00000000021", "DELETE", **me),
            q(f"{url}/rule00000000022", "DELETE", **me),
        ]
    pair.check(
        *_restore("rule_open"),
        q(COLLECTIONS, "PATCH", five, **by),
        *asked,
        q(f"{url}?sort=id", **by),
        q(COLLECTIONS, "PATCH", dict.fromkeys(five, ""), **by),
    )
