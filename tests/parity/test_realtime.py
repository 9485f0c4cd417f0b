"""
Realtime: the same story told to both servers, and what their clients hear of it.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from scripts.parity import Ties, value_differences
from tests.data.seed import PASSWORD
from tests.scenario import Pair, Scenario, Side, q
from tests.sse import Listener

pytestmark = pytest.mark.parity

R = "/api/collections/heard/records"
HEARD = {
    "name": "heard",
    "type": "base",
    "listRule": "@request.auth.id != '' || public = true",
    "viewRule": "public = true || @request.headers.x_token = '1'",
    "createRule": "",
    "updateRule": "",
    "deleteRule": "",
    "fields": [
        {"name": "title", "type": "text"},
        {"name": "public", "type": "bool"},
        {"name": "secret", "type": "text", "hidden": True},
        {"name": "u", "type": "relation", "collectionId": "_pb_users_auth_"},
    ],
}
ONE = "heardrecord0001"
TWO = "heardrecord0002"
ALICE = "user00000000001"


def options(**parts: Any) -> str:
    return "?options=" + quote(json.dumps(parts))


def _place(event: dict[str, Any]) -> str:
    """Order events by what is not random in them."""
    record = event["data"]["record"] if isinstance(event["data"], dict) else {}
    return json.dumps([event["event"], record.get("title"), str(record.get("id", ""))[:11]])


class Story:
    """Both servers, a listener at each, and the differences found so far."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.sides: tuple[Side, Side] = (pair.reference, pair.ours)
        self.ties = Ties(pair.since)
        self.ears: list[Listener] = []
        self.connect()

    def connect(self) -> None:
        self.close()
        self.ears = [Listener(side.server.port) for side in self.sides]
        for side, ear in zip(self.sides, self.ears, strict=True):
            side.saved["client"] = ear.id

    def close(self) -> None:
        for ear in self.ears:
            ear.close()

    def subscribe(self, *topics: str, who: str = "guest") -> None:
        self.do(
            q("/api/realtime", "POST", {"clientId": "{client}", "subscriptions": topics}, who=who)
        )

    def do(self, *steps: Scenario) -> None:
        self.pair.check(*steps)

    def hear(self, *steps: Scenario) -> list[Any]:
        """Take steps and compare what is heard then, in any order; return our side of it."""
        self.do(*steps)
        heard = [
            sorted(
                ({**event, "id": event["id"] == ear.id} for event in ear.events()),
                key=_place,
            )
            for ear in self.ears
        ]
        found = value_differences(heard[0], heard[1], self.ties, "heard")

        assert not found, f"{[step.line() for step in steps]}: {found}"
        return heard[1]


@pytest.fixture(scope="module")
def prepared(pair: Pair) -> Pair:
    users = {"viewRule": "", "listRule": ""}
    pair.check(
        q("/api/collections", "POST", HEARD, who="superuser"),
        q("/api/collections/users", "PATCH", users, who="superuser"),
    )
    return pair


@pytest.fixture
def story(prepared: Pair) -> Any:
    made = Story(prepared)
    made.do(
        *(q(f"{R}/{one}", "DELETE", who="superuser") for one in (ONE, TWO)),
        q(R, "POST", {"id": ONE, "title": "one", "public": True, "u": ALICE}, who="superuser"),
        q(R, "POST", {"id": TWO, "title": "two"}, who="superuser"),
    )
    yield made
    made.close()


def test_greeting(prepared: Pair) -> None:
    """
    The first event tells the id, under the same headers.
    """
    heads = []
    for side in (prepared.reference, prepared.ours):
        ear = Listener(side.server.port)
        lines = {line.lower() for line in ear.head.split("\r\n")[1:]}
        heads.append({line for line in lines if not line.startswith(("date", "server"))})

        assert len(ear.id) == 40
        assert ear.greeting["event"] == "PB_CONNECT"
        assert ear.greeting["data"] == {"clientId": ear.id}
        ear.close()

    assert heads[0] == heads[1]


FORMS: list[Any] = [
    {},
    {"clientId": "x"},
    {"clientId": ""},
    {"clientId": "x" * 256},
    {"clientId": "{client}", "subscriptions": "x"},
    {"clientId": "{client}", "subscriptions": ["x" * 2501]},
    {"clientId": "{client}", "subscriptions": ["x"] * 1001},
    {"clientId": "{client}", "subscriptions": [5]},
    {"clientId": "{client}", "subscriptions": None},
    {"clientId": "{client}", "subscriptions": ["", None]},
    {"clientId": "{client}"},
    {"clientId": 5},
    {"CLIENTID": "{client}", "SUBSCRIPTIONS": ["a"]},
    [],
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: str(form)[:60])
def test_subscribe_forms(form: Any, story: Story) -> None:
    """
    What a client may subscribe to, and how it is refused.
    """
    story.do(q("/api/realtime", "POST", form))


def test_subscribe_as_a_form(story: Story) -> None:
    """
    An urlencoded form subscribes as well.
    """
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in ("clientId={client}&subscriptions=heard&subscriptions=heard/*", "clientId={client}&subscriptions=heard", "clientId=x"):  # fmt: skip
        story.do(q("/api/realtime", "POST", body, headers=kind))
        story.hear(q(f"{R}/{ONE}", "PATCH", {"title": "form"}))


TOPICS = [
    "heard/*", "heard", "HEARD/*", "pbc_2408413024/*", f"heard/{ONE}", f"heard/{TWO}", "heard/", "other/*", "heard/*?x=1",
    "heard/*?options=%7Bbad",
]  # fmt: skip
OPTIONS: list[Any] = [
    {"query": {"fields": "id,title"}},
    {"query": {"expand": "u"}},
    {"query": {"expand": "u", "fields": "id,expand.u.id"}},
    {"query": {"expand": "nope"}},
    {"query": {"filter": "title = 'zz'"}},
    {"query": {"filter": "title ~ 'changed'"}},
    {"query": {"filter": "(bad"}},
    {"query": {"filter": "secret = ''"}},
    {"query": {"filter": "u.email != 'x'"}},
    {"query": {"filter": "@request.query.filter != ''"}},
    {"query": {"fields": 5}},
    {"headers": {"X-Token": "1"}},
    {"query": "x"},
    {},
]


@pytest.mark.parametrize("who", ["guest", "alice", "superuser"])
def test_topics_and_options(who: str, story: Story) -> None:
    """
    Each kind of topic, with each option, hears the same of the same changes.
    """
    topics = [*TOPICS, *(f"heard/*{options(**o)}" for o in OPTIONS), f"heard/{TWO}{options(**OPTIONS[-3])}"]  # fmt: skip
    for topic in topics:
        story.subscribe(topic, who=who)
        story.hear(
            q(f"{R}/{ONE}", "PATCH", {"title": "changed"}), q(f"{R}/{TWO}", "PATCH", {"title": "x"})
        )


def test_many_topics_at_once(story: Story) -> None:
    """
    A record is heard once for every topic that it belongs to.
    """
    story.subscribe("heard/*", "heard", f"heard/{ONE}", "other")

    assert len(story.hear(q(f"{R}/{ONE}", "PATCH", {"title": "many"}))) == 3


@pytest.mark.parametrize("who", ["guest", "alice", "superuser"])
def test_lives_of_records(who: str, story: Story) -> None:
    """
    Create, update and delete are heard by those who may see the record.
    """
    story.subscribe("heard/*", who=who)
    story.hear(
        q(
            R,
            "POST",
            {"id": "heardrecord0003", "title": "c", "public": True, "secret": "s"},
            who="superuser",
        )
    )
    story.hear(q(R, "POST", {"id": "heardrecord0004", "title": "d"}))
    story.hear(q(f"{R}/heardrecord0003", "PATCH", {"public": False}))
    story.hear(q(f"{R}/heardrecord0003", "PATCH", {"public": True}))
    story.hear(q(f"{R}/heardrecord0003", "DELETE"))
    story.hear(q(f"{R}/heardrecord0004", "DELETE"))


def test_batches_are_heard_when_they_are_done(story: Story) -> None:
    """
    Of a batch that fails nothing is heard, of one that succeeds everything.
    """
    good = {"method": "POST", "url": R, "body": {"title": "b", "public": True}}
    bad = {"method": "DELETE", "url": f"{R}/nope"}
    story.do(q("/api/settings", "PATCH", {"batch": {"enabled": True}}, who="superuser"))
    story.subscribe("heard/*")

    assert story.hear(q("/api/batch", "POST", {"requests": [good, bad]})) == []
    assert len(story.hear(q("/api/batch", "POST", {"requests": [good, good]}))) == 2


def test_who_a_client_is(story: Story) -> None:
    """
    A guest may sign in; nobody may become somebody else.
    """
    story.subscribe("heard/*")
    story.subscribe("heard/*", who="alice")
    for who in ("guest", "bob", "superuser"):
        form = {"clientId": "{client}", "subscriptions": []}
        story.do(q("/api/realtime", "POST", form, who=who))
    story.hear(q(f"{R}/{TWO}", "PATCH", {"title": "still alice"}))


def test_changes_of_who_a_client_is(story: Story) -> None:
    """
    A new password makes a guest of the client; so does the end of its record.
    """
    carol = "/api/collections/users/records/user00000000003"
    story.subscribe("heard/*", "users/user00000000003", who="carol")
    story.hear(q(carol, "PATCH", {"name": "n"}, who="superuser"))
    story.hear(q(f"{R}/{TWO}", "PATCH", {"title": "heard"}))
    secret = {"password": PASSWORD + "1", "passwordConfirm": PASSWORD + "1"}
    story.hear(q(carol, "PATCH", secret, who="superuser"))

    assert story.hear(q(f"{R}/{TWO}", "PATCH", {"title": "unheard"})) == []
    story.subscribe("heard/*", who="bob")
    story.hear(q(carol, "DELETE", who="superuser"))


def test_rules_that_change(story: Story) -> None:
    """
    The rules of now count, not those of when the client subscribed.
    """
    story.subscribe("heard/*")
    for rule in (None, "", "title = 'x'", HEARD["listRule"]):
        story.do(q("/api/collections/heard", "PATCH", {"listRule": rule}, who="superuser"))
        story.hear(q(f"{R}/{ONE}", "PATCH", {"title": "rules"}))


def test_other_addresses(story: Story) -> None:
    """
    Another address may not set what a client listens to.
    """
    proxy = {"trustedProxy": {"headers": ["X-Forwarded-For"]}}
    form = {"clientId": "{client}", "subscriptions": []}
    story.do(
        q("/api/settings", "PATCH", proxy, who="superuser"),
        q("/api/realtime", "POST", form, headers={"X-Forwarded-For": "9.9.9.9"}),
        q("/api/settings", "PATCH", {"trustedProxy": None}, who="superuser"),
    )


def test_emptied_collections(story: Story) -> None:
    """
    Emptying a collection is heard as deletes.
    """
    story.subscribe("heard/*", who="superuser")

    assert len(story.hear(q("/api/collections/heard/truncate", "DELETE", who="superuser"))) >= 2
