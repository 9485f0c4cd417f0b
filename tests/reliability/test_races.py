"""
Many callers at once: nothing that was acknowledged is lost, and only one wins what only one may.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from scripts.http_client import Answer, Client
from tests.data.seed import make_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scenario import Side

pytestmark = pytest.mark.reliability

KINDS = "/api/collections/kinds/records"
UNIQ = "/api/collections/uniq/records"


def at_once(
    side: Side, count: int, act: Callable[[Client, int], Answer], width: int = 20
) -> list[Answer]:
    """Run an act many times, *width* at a time, each over its own connection."""

    def one(number: int) -> Answer:
        client = Client(side.server.port)
        try:
            return act(client, number)
        finally:
            client.close()

    with ThreadPoolExecutor(width) as pool:
        return list(pool.map(one, range(count)))


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def _fresh(side: Side, record: str, **body: Any) -> str:
    side.client().must("POST", KINDS, {"id": record, **body})
    return f"{KINDS}/{record}"


def test_increments(ours: Side) -> None:
    """200 increments in parallel make 200."""
    url = _fresh(ours, "race00000000001", number=0)
    answers = at_once(ours, 200, lambda client, _: client.patch(url, {"number+": 1}))

    assert statuses(answers) == {200: 200}
    assert ours.client().must("GET", url)["number"] == 200


def test_decrements_and_increments(ours: Side) -> None:
    """Additions and subtractions in parallel end where arithmetic says."""
    url = _fresh(ours, "race00000000002", number=50)
    answers = at_once(
        ours, 200, lambda client, i: client.patch(url, {"number+" if i % 2 else "number-": 2})
    )

    assert statuses(answers) == {200: 200}
    assert ours.client().must("GET", url)["number"] == 50


def test_answers_of_increments(ours: Side) -> None:
    """Each increment is told its own value, so the values can be used as tickets."""
    url = _fresh(ours, "race00000000003", number=0)
    answers = at_once(ours, 60, lambda client, _: client.patch(url, {"number+": 1}))

    assert sorted(answer.json()["number"] for answer in answers) == list(range(1, 61))


def test_appends(ours: Side) -> None:
    """Items appended in parallel are all there."""
    url = _fresh(ours, "race00000000004")
    values = ["a", "b", "c"]
    answers = at_once(
        ours, 30, lambda client, i: client.patch(url, {"select_many+": values[i % 3]})
    )

    assert statuses(answers) == {200: 30}
    assert sorted(ours.client().must("GET", url)["select_many"]) == values


def test_other_fields_survive(ours: Side) -> None:
    """Changes of different fields of one record do not undo each other."""
    url = _fresh(ours, "race00000000005", number=0)
    fields = ["text", "editor", "select_one", "email"]
    values = ["t", "e", "a", "a@example.com"]

    def act(client: Client, i: int) -> Answer:
        body = {"number+": 1} if i % 2 else {fields[i // 2 % 4]: values[i // 2 % 4]}
        return client.patch(url, body)

    answers = at_once(ours, 80, act)
    record = ours.client().must("GET", url)

    assert statuses(answers) == {200: 80}
    assert record["number"] == 40
    assert [record[name] for name in fields] == values


def test_unique(ours: Side) -> None:
    """Of twenty records with one unique value, one is stored and nineteen are told why not."""
    answers = at_once(ours, 20, lambda client, _: client.post(UNIQ, {"one": "the only"}))

    assert statuses(answers) == {200: 1, 400: 19}
    assert all("validation_not_unique" in answer.text for answer in answers if answer.status == 400)


def test_deletes(ours: Side) -> None:
    """A record is deleted once."""
    url = _fresh(ours, "race00000000006")
    answers = at_once(ours, 20, lambda client, _: client.delete(url))

    assert statuses(answers) == {204: 1, 404: 19}


def test_mixed_storm(ours: Side) -> None:
    """Creates, reads, lists and deletes side by side never fail."""

    def act(client: Client, i: int) -> Answer:
        record = make_id("storm", i)
        assert client.post(KINDS, {"id": record, "text": f"storm {i}", "number": i}).status == 200
        assert client.get(f"{KINDS}/{record}").json()["number"] == i
        assert client.get(KINDS, filter=f"text = 'storm {i}'").json()["totalItems"] == 1
        return client.delete(f"{KINDS}/{record}")

    answers = at_once(ours, 100, act)

    assert statuses(answers) == {204: 100}


def test_schema_change_under_load(ours: Side) -> None:
    """Records keep being read and written while the definition of their collection changes."""
    root = ours.client("superuser")
    url = "/api/collections/changing"
    root.must(
        "POST",
        "/api/collections",
        {
            "name": "changing",
            "type": "base",
            "listRule": "",
            "createRule": "",
            "fields": [{"name": "a", "type": "text"}],
        },
    )

    def act(client: Client, i: int) -> Answer:
        if i % 20:
            answer = client.post(f"{url}/records", {"a": f"{i}"})
            return answer if answer.status == 200 else client.get(f"{url}/records")
        fields = [{"name": "a", "type": "text"}, {"name": f"b{i}", "type": "number"}]
        return Client(client.port, root.token).patch(url, {"fields": fields})

    answers = at_once(ours, 120, act, width=8)

    assert statuses(answers) == {200: 120}
    assert root.must("GET", f"{url}/records?perPage=1")["totalItems"] == sum(
        answer.status == 200 and "items" not in answer.text and "listRule" not in answer.text
        for answer in answers
    )


def test_failures_beside_successes(ours: Side) -> None:
    """Writes that fail, in every way they can, take nothing of those around them along."""
    taken = _fresh(ours, "race00000000009").rsplit("/", 1)[1]

    def act(client: Client, i: int) -> Answer:
        match i % 4:
            case 0:
                return client.post(KINDS, {"id": f"beside{i:09}", "number": i})
            case 1:
                return client.post(KINDS, {"id": taken})
            case 2:
                return client.patch(f"{KINDS}/{taken}", {"email": "no address"})
            case _:
                return client.delete(f"{KINDS}/nobody{i:09}")

    answers = at_once(ours, 200, act)

    assert [answer.status for answer in answers] == [200, 400, 400, 404] * 50
    client = ours.client()
    made = [client.must("GET", f"{KINDS}/beside{i:09}")["number"] for i in range(0, 200, 4)]
    assert made == list(range(0, 200, 4))


def test_what_was_answered_is_there(ours: Side) -> None:
    """Whoever has the answer to a write finds it in the next read, also among many writers."""

    def act(client: Client, i: int) -> Answer:
        name = f"answer{i:09}"
        client.post(KINDS, {"id": name, "number": i})
        client.patch(f"{KINDS}/{name}", {"number+": 1})
        return client.ask("GET", f"{KINDS}/{name}")

    answers = at_once(ours, 200, act)

    assert [answer.json().get("number") for answer in answers] == list(range(1, 201))
