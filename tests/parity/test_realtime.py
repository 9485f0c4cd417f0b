"""
Realtime: the same story told to both servers, and what their clients hear of it.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.parity.story import BELLS, Story, options
from tests.scenario import Pair, q
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


@pytest.fixture(scope="module")
def prepared(pair: Pair) -> Pair:
    users = {"viewRule": "", "listRule": ""}
    pair.check(
        q("/api/collections", "POST", HEARD, who="superuser"),
        q("/api/collections", "POST", BELLS, who="superuser"),
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
    {"clientId": "é" * 130},
    {"clientId": "{client}", "subscriptions": ["é" * 1250]},
    {"clientId": "{client}", "subscriptions": ["é" * 1251]},
    {"clientId": "{client}", "subscriptions": "x"},
    {"clientId": "{client}", "subscriptions": ["x" * 2501]},
    {"clientId": "{client}", "subscriptions": ["x"] * 1001},
    {"clientId": "{client}", "subscriptions": [5]},
    {"clientId": "{client}", "subscriptions": None},
    {"clientId": "{client}", "subscriptions": ["", None]},
    {"clientId": "{client}"},
    {"clientId": 5},
    {"CLIENTID": "{client}", "SUBSCRIPTIONS": ["a"]},
    {"client_id": "{client}", "sub-scriptions": ["a"]},
    {"clientId": "{client}", "CLIENTID": "x"},
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
    for body in ("clientId={client}&subscriptions=heard&subscriptions=heard/*&subscriptions=bells/*", "clientId={client}&subscriptions=heard&subscriptions=bells/*", "clientId=x"):  # fmt: skip
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


LINED = {
    "name": "lined",
    "type": "base",
    "listRule": "",
    "updateRule": "",
    "createRule": "",
    "fields": [{"name": "j", "type": "json"}],
}


@pytest.mark.parametrize("text", ['{\n "a": [1,\r\n 2]\n}', "[\r1]", '"a\\nb"', "[\n]"])
def test_json_of_many_lines(text: str, story: Story) -> None:
    """
    An event is one line, whatever line breaks the JSON in the record was sent with.
    """
    where = "/api/collections/lined/records"
    story.do(
        q("/api/collections", "POST", LINED, who="superuser"),
        q(where, "POST", {"id": "lined0000000001"}),
    )
    story.subscribe("lined/*")

    assert len(story.hear(q(f"{where}/lined0000000001", "PATCH", {"j": text}))) == 1


JUDGED = {
    "name": "judged",
    "type": "base",
    "listRule": "title = 'yes'",
    "createRule": "",
    "updateRule": "",
    "deleteRule": "",
    "fields": [{"name": "title", "type": "text"}],
}
J = "/api/collections/judged/records"


def _retitle(record: str, title: str) -> dict[str, Any]:
    return {"method": "PATCH", "url": f"{J}/{record}", "body": {"title": title}}


def _delete(record: str) -> dict[str, Any]:
    return {"method": "DELETE", "url": f"{J}/{record}", "body": {}}


def test_deletes_are_judged_by_what_is_committed(story: Story) -> None:
    """
    What a transaction did to a record before it deletes it changes nothing for those who listen.
    """
    first, second = "judged000000001", "judged000000002"
    story.do(
        q("/api/settings", "PATCH", {"batch": {"enabled": True}}, who="superuser"),
        q("/api/collections", "POST", JUDGED, who="superuser"),
        q(J, "POST", {"id": first, "title": "yes"}),
        q(J, "POST", {"id": second, "title": "no"}),
    )
    story.subscribe("judged/*")
    made = {"method": "POST", "url": J, "body": {"id": "x" * 15, "title": "yes"}}
    heard = [
        story.hear(q("/api/batch", "POST", {"requests": requests}))
        for requests in (
            [made, _delete("x" * 15)],
            [_retitle(first, "no"), _delete(first)],
            [_retitle(second, "yes"), _delete(second)],
        )
    ]

    assert [len(events) for events in heard] == [0, 1, 0]


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


@pytest.mark.parametrize(
    "body", ["ClientId=x", "client_id=x", "clientId=x&clientId=y", "clientId="]
)
def test_forms_have_exact_names(body: str, story: Story) -> None:
    """
    A form's names are read as they are; of repeated ones the first counts.
    """
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    story.do(q("/api/realtime", "POST", body, headers=kind))


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
