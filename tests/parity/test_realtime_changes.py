"""
Realtime: what is heard while relations, transactions, names and tokens change under those who listen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.parity.story import BELLS, Story, options
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

CAROL = "user00000000003"
RULES = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
SHELVES = {
    "name": "shelves",
    "type": "base",
    **RULES,
    "fields": [{"name": "title", "type": "text"}],
}
GUARDED = {
    "name": "guarded",
    "type": "base",
    "listRule": "@request.auth.collectionName = 'users'",
    "viewRule": "@request.auth.id != ''",
    "fields": [{"name": "number", "type": "number"}],
}
THING = "/api/collections/guarded/records/guarded00000001"


def root(url: str, method: str = "GET", body: Any = None, **more: Any) -> Scenario:
    return q(url, method, body, who="superuser", **more)


def shelf(number: int) -> str:
    return f"shelf0000000{number:03}"


def volume(number: int, **more: Any) -> Scenario:
    body = {"id": f"volume000000{number:03}", "title": str(number), **more}
    return root("/api/collections/volumes/records", "POST", body)


@pytest.fixture(scope="module")
def prepared(pair: Pair) -> Pair:
    """Return both servers with shelves, volumes on them, and what only people hear."""
    pair.check(
        root("/api/settings?fields=batch", "PATCH", {"batch": {"enabled": True}}),
        *(root("/api/collections", "POST", body) for body in (BELLS, SHELVES, GUARDED)),
        root("/api/collections/shelves", save={"shelves": "id"}),
    )
    shelves = {"type": "relation", "collectionId": "{shelves}"}
    fields = [
        {"name": "title", "type": "text"},
        {"name": "shelf", **shelves},
        {"name": "home", "cascadeDelete": True, **shelves},
        {"name": "all", "maxSelect": 9, **shelves},
    ]
    volumes = {"name": "volumes", "type": "base", **RULES, "fields": fields}
    pair.check(
        root("/api/collections", "POST", volumes),
        root("/api/collections/guarded/records", "POST", {"id": "guarded00000001"}),
        *(
            root("/api/collections/shelves/records", "POST", {"id": shelf(n), "title": "old"})
            for n in range(1, 10)
        ),
    )
    return pair


@pytest.fixture
def story(prepared: Pair) -> Iterator[Story]:
    made = Story(prepared)
    yield made
    made.close()


def change(kind: str, record: str, **values: Any) -> dict[str, Any]:
    method = "PATCH" if values else "DELETE"
    return {"method": method, "url": f"/api/collections/{kind}/records/{record}", "body": values}


def batch(*requests: dict[str, Any]) -> Scenario:
    return root("/api/batch", "POST", {"requests": list(requests)})


EXPANDED = (
    f"volumes/*{options(query={'expand': 'shelf,home,all'})}",
    f"shelves/*{options(query={'expand': 'volumes_via_shelf,volumes_via_home'})}",
)


def test_expands_of_what_goes(story: Story) -> None:
    """Beside a record that goes stands what its transaction has left of others."""
    story.subscribe(*EXPANDED)
    on = {"shelf": shelf(1), "home": shelf(1)}
    story.hear(volume(1, **on))
    story.hear(root("/api/collections/volumes/records/volume000000001", "DELETE"))
    story.do(volume(2, home=shelf(1), all=[shelf(2)]), volume(3, shelf=shelf(3)))
    story.hear(root(f"/api/collections/shelves/records/{shelf(1)}", "DELETE"))
    story.hear(
        batch(change("shelves", shelf(3), title="new"), change("volumes", "volume000000003"))
    )
    story.do(volume(4, shelf=shelf(4)), volume(5, shelf=shelf(5)))
    story.hear(batch(change("volumes", "volume000000004"), change("shelves", shelf(4))))
    story.hear(batch(change("shelves", shelf(5)), change("volumes", "volume000000005")))


def test_rules_on_what_stands_beside(story: Story) -> None:
    """Whether others may be seen beside a record that goes is judged by the transaction, too."""
    url = "/api/collections/shelves?fields=viewRule"
    story.do(root(url, "PATCH", {"viewRule": "title = 'open'"}))
    story.subscribe(EXPANDED[0])
    for number, before, after in ((6, "open", "closed"), (7, "closed", "open")):
        story.do(
            root(f"/api/collections/shelves/records/{shelf(number)}", "PATCH", {"title": before}),
            volume(number, shelf=shelf(number)),
        )
        gone = change("volumes", f"volume000000{number:03}")
        story.hear(batch(change("shelves", shelf(number), title=after), gone))
    story.do(root(url, "PATCH", {"viewRule": ""}))


def test_a_rule_on_what_goes_too(story: Story) -> None:
    """Whether a record that goes may be seen is judged before anything went with it."""
    url = "/api/collections/volumes?fields=listRule"
    story.do(root(url, "PATCH", {"listRule": "home.title = 'yes'"}))
    story.subscribe("volumes/*", "volumes/volume000000008")
    story.do(
        root(f"/api/collections/shelves/records/{shelf(8)}", "PATCH", {"title": "yes"}),
        volume(8, home=shelf(8)),
    )
    story.hear(root(f"/api/collections/shelves/records/{shelf(8)}", "DELETE"))
    story.do(root(url, "PATCH", {"listRule": ""}))


BROKEN = [
    '{"query":{"fields":"title","x":',
    '{"query":{"fields":"title"',
    '{"query":{"fields":"title","fields":"id"}}',
    '{"query":{"fields":"title"},"headers":5}',
    '{"headers":5,"query":{"fields":"title"}}',
    '{"query":5,"headers":{}}',
    '{"query":{"fields":"title"},"x":1e999}',
    '{"query":{"fields":"title"},}',
    '{"x":[1,},"query":{"fields":"title"}}',
    '{"query":{"fields":"title"}}{"query":{"fields":"id"}}',
    '{"query":null,"query":{"fields":"title"}}',
    '{"query":{"fields":"title"} "headers":{}}',
    '{"query":{"fields":"title","x":NaN}}',
    '{"headers":{"a":1,"a":2},"query":{"fields":"title"}}',
    '[{"query":{"fields":"title"}}]',
    '{"QUERY":{"fields":"title"}}',
    ' {"query":{"fields":"title"}} ',
    "{" * 50,
]


def test_broken_options(story: Story) -> None:
    """Of options that break off counts what stands before the mistake."""
    good = quote('{"query":{"fields":"title"}}')
    topics = [f"shelves/*?options={quote(text)}" for text in BROKEN]
    for topic in (*topics, f"shelves/*?options={good}#x", f"shelves/*?a=1&options={good}"):
        story.subscribe(topic)
        story.hear(
            root(f"/api/collections/shelves/records/{shelf(9)}", "PATCH", {"title": "again"})
        )


def test_renamed_while_heard(story: Story) -> None:
    """Topics are names of now, or ids; who listens by a name of before hears nothing."""
    story.subscribe("shelves/*", "boards/*", "{shelves}/*", f"boards/{shelf(9)}")
    for name in ("boards", "shelves"):
        story.do(root("/api/collections/{shelves}?fields=name", "PATCH", {"name": name}))
        story.hear(root(f"/api/collections/{name}/records/{shelf(9)}", "PATCH", {"title": name}))


REDEFINED: list[dict[str, Any]] = [
    {"authToken": {"duration": 7777}},
    {"authToken": {"secret": "s" * 40}},
    {"authToken": {"secret": "s" * 40}},
    {"fileToken": {"secret": "s" * 40}},
    {"verificationToken": {"secret": "s" * 40}},
    {"authRule": "id != ''"},
    {"authRule": None},
    {"authRule": ""},
    {"manageRule": "id != ''"},
    {"listRule": "id != ''"},
    {"passwordAuth": {"enabled": False}},
    {"passwordAuth": {"enabled": True}},
]


@pytest.mark.parametrize("changed", REDEFINED, ids=str)
def test_redefined_while_heard(changed: dict[str, Any], story: Story) -> None:
    """Where tokens of a collection end, who signed in with one is a guest; else nothing happens."""
    me = {"headers": {"Authorization": "{me}"}}
    form = {"clientId": "{client}", "subscriptions": ["guarded/*", "bells/*"]}
    story.do(
        root(
            f"/api/collections/users/impersonate/{CAROL}?fields=token",
            "POST",
            {},
            save={"me": "token"},
        ),
        q("/api/realtime", "POST", form, **me),
    )
    story.hear(root(THING, "PATCH", {"number+": 1}))
    story.do(root("/api/collections/users?fields=name", "PATCH", changed))
    story.hear(root(THING, "PATCH", {"number+": 1}))
    story.do(q("/api/realtime", "POST", form, **me))
