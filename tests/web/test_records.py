"""
`/api/collections/{collection}/records` as HTTP: statuses, error shapes, bodies of every size.
"""

from __future__ import annotations

import json
import time
import tracemalloc

import falcon.testing
import pytest
from pocketbase_server.core.errors import BadRequestError
from pocketbase_server.core.records.body import parse_record_body
from pocketbase_server.services.auth.tokens import new_auth_token
from pocketbase_server.web.factory import make_app

from tests.core.records.conftest import app, number, place, text  # noqa: F401

URL = "/api/collections/posts/records"
ID = "post00000000001"
WRONG = "Something went wrong while processing your request."
GONE = "The requested resource wasn't found."


@pytest.fixture
def posts(place):  # noqa: F811
    found = place.collection(
        "posts", text("title"), number("n"), {"name": "j", "type": "json", "maxSize": 100},
        {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2},
    )  # fmt: skip
    place.record(found, id=ID, title="one", n=1)
    return found


@pytest.fixture
def client(place, posts):  # noqa: F811
    place.collection("locked", text("title"), **dict.fromkeys(("listRule", "createRule"), None))
    return falcon.testing.TestClient(make_app(place.app))


def ask(client, method, path, body=None, **headers):
    """Return status and parsed answer; a body that is no bytes goes as JSON."""
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
        body = body if isinstance(body, bytes) else json.dumps(body)
    answer = client.simulate_request(method, path, body=body, headers=headers)
    return answer.status_code, json.loads(answer.content) if answer.content else None


def refused(status, message, data=None):
    return status, {"data": data or {}, "message": message, "status": status}


ANSWERS = [
    ("GET", "/api/collections/nope/records", None, refused(404, "Missing collection context.")),
    ("GET", f"/api/collections/nope/records/{ID}", None, refused(404, "Missing collection context.")),
    ("POST", "/api/collections/nope/records", b"{", refused(404, "Missing or invalid collection context.")),
    ("PATCH", "/api/collections/nope/records/x", {}, refused(404, "Missing or invalid collection context.")),
    ("DELETE", "/api/collections/nope/records/x", None, refused(404, "Missing collection context.")),
    ("GET", "/api/collections/locked/records?page=x", None, refused(403, "Only superusers can perform this action.")),
    ("POST", "/api/collections/locked/records", b"{", refused(400, WRONG)),
    ("GET", f"{URL}?page=x", None, refused(400, WRONG)),
    ("GET", f"{URL}?filter=(", None, refused(400, WRONG)),
    ("GET", f"{URL}/nope", None, refused(404, GONE)),
    ("GET", f"{URL}/{ID}?fields=id:nope", None, refused(400, WRONG)),
    ("GET", f"{URL}/{ID}?fields=id,n", None, (200, {"id": ID, "n": 1})),
    ("GET", f"{URL}?fields=id", None, (200, {"items": [{"id": ID}], "page": 1, "perPage": 30, "totalItems": 1, "totalPages": 1})),
    ("PATCH", f"{URL}/nope", {}, refused(404, GONE)),
    ("PATCH", f"{URL}/{ID}", b"{", refused(400, WRONG)),
    ("PATCH", f"{URL}/{ID}", b"[]", refused(400, WRONG)),
    ("PATCH", f"{URL}/{ID}", b'{"n":1,"n":2}', refused(400, WRONG)),
    ("PATCH", f"{URL}/{ID}?fields=n", b'{"n":2} x', (200, {"n": 2})),
    ("PATCH", f"{URL}/{ID}?fields=n", b"null", (200, {"n": 1})),
    ("PATCH", f"{URL}/{ID}?fields=n", {"n+": 5}, (200, {"n": 6})),
    ("PATCH", f"{URL}/{ID}", {"id": "x"}, refused(400, "Failed to update record.", {"id": {"code": "validation_pk_change", "message": "The record primary key cannot be changed."}})),
    ("DELETE", f"{URL}/{ID}", b"{", refused(400, WRONG)),
    ("DELETE", f"{URL}/nope", None, refused(404, GONE)),
    ("DELETE", f"{URL}/{ID}", None, (204, None)),
    ("PUT", URL, {}, refused(404, GONE)),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "answer"), ANSWERS)
def test_answers(client, method, path, body, answer):
    """
    Status, message and data are those of the reference.
    """
    assert answer == ask(client, method, path, body)


def test_create(client, place):  # noqa: F811
    """
    A new record is answered as it is stored.
    """
    status, made = ask(client, "POST", URL, {"title": "x", "tags": ["a", "a"], "j": "[1, 2]"})

    assert 200 == status
    assert {"title": "x", "tags": ["a"], "j": [1, 2], "n": 0}.items() <= made.items()
    assert (200, made) == ask(client, "GET", f"{URL}/{made['id']}")


def test_superusers_are_known_by_their_token(client, place):  # noqa: F811
    """
    What is locked opens with a superuser's token.
    """
    token = new_auth_token(place.superuser())

    assert 200 == ask(client, "GET", "/api/collections/locked/records", Authorization=token)[0]


LARGE = 3_000_000


def test_json_over_its_limit_costs_little(client):
    """
    A large array for a small json field is refused by the field, without becoming objects.
    """
    body = b'{"title":"x","j":[' + b"1," * (LARGE // 2) + b"1]}"
    tracemalloc.start()
    began = time.process_time()
    status, answer = ask(client, "POST", URL, body)
    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (400, "validation_json_size_limit") == (status, answer["data"]["j"]["code"])
    assert seconds < 1
    assert peak < 6 * len(body)


def test_large_bodies_that_are_welcome(posts):
    """
    Spaces do not count, and neither does the size of texts that fields take.
    """
    body = parse_record_body(b'{"j":[1' + b" " * 1000 + b'],"title":"' + b"x" * 5000 + b'"}', posts)

    assert {"j": [1], "title": "x" * 5000} == body


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"1", b'{"a":1,}', b'{"a":{"b":1,"b":2}}', b'{"a":"\xff"}', b'{"tags":[' + b"1," * 200_000 + b"1]}"]
)  # fmt: skip
def test_large_bodies_that_are_refused(posts, body):
    """
    Malformed text is refused, and so are lists that no field takes.
    """
    with pytest.raises(BadRequestError):
        parse_record_body(body, posts)
