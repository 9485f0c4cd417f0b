"""
Batches: what is carried out, in which order, what undoes all, and how that is told.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

R = "/api/collections/batched/records"
POSTS = {
    "name": "batched",
    "type": "base",
    "listRule": "",
    "viewRule": "",
    "createRule": "@request.body.title != 'no' && @request.context = 'batch'",
    "updateRule": "@request.auth.id != '' || title = 'open'",
    "deleteRule": None,
    "fields": [
        {"name": "title", "type": "text", "required": True, "max": 20},
        {"name": "n", "type": "number"},
    ],
    "indexes": ["create unique index idx_batched_title on batched (title)"],
}
HEADERS = {
    "ba": "@request.headers.x_token = '1'",
    "bb": "@request.headers.x_outer = '1'",
    "bc": "@request.headers.authorization != ''",
    "bd": "@request.method = 'POST'",
    "be": "@request.query.a = '1'",
    "bf": "@request.query.outer = '1'",
}


def batch(*requests: Any, who: str = "superuser", **more: Any) -> Scenario:
    return q("/api/batch", "POST", {"requests": list(requests)}, who=who, **more)


def one(method: str, url: str = R, body: Any = None, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": url, **({} if body is None else {"body": body}), **more}


def settings(**batch: Any) -> Scenario:
    return q("/api/settings", "PATCH", {"batch": batch}, who="superuser")


ID = "aaaaaaaaaaaaaaa"
STEPS = [
    batch(
        one("POST", body={"title": "a", "id": ID}),
        one("PATCH", f"{R}/{ID}?fields=id,title", {"title": "a2"}),
        one("PUT", body={"id": ID, "title": "a3", "n+": 5}),
        one("PUT", f"{R}?fields=title", {"title": "new"}),
        one("DELETE", f"{R}/{ID}"),
    ),
    batch(one("POST", body={"title": "b"}), one("POST", body={"title": ""})),
    batch(one("POST", body={"title": "b"}), one("POST", body={"title": "b"})),
    q(f"{R}?fields=title&sort=title"),
    batch(one("POST", body={"title": "no"}), who="guest"),
    batch(one("POST", body={"title": "yes"}), who="alice"),
    batch(one("DELETE", f"{R}/xx"), who="guest"),
    batch(one("PATCH", f"{R}/xx", {}), who="guest"),
    batch(one("PUT", body={"id": "short", "title": "put"})),
    batch(one("PUT", body={"id": 5, "title": "put"})),
    batch(one("PUT", body={"id": "ccccccccccccccc", "title": "put"})),
    batch(one("PUT", f"{R}/bbbbbbbbbbbbbbb", {"title": "put"})),
    *(
        batch(one(method, url, body))
        for url in ("/api/collections/nope/records", "/api/collections/nope/records/x")
        for method, body in (("POST", {}), ("PUT", {"id": ID}), ("PATCH", {}), ("DELETE", None))
    ),
    batch(one("post", body={"title": "low"})),
    batch(one("GET")),
    batch(one("GET", "/api/health")),
    batch(one("POST", "http://x.y" + R, {"title": "abs"})),
    batch(one("POST", R[1:], {"title": "rel"})),
    batch(one("POST", R + "/", {"title": "slash"})),
    batch(one("POST", f"{R}?expand=x&fields=*,expand.x.id", {"title": "e"})),
    batch(one("POST", f"{R}?fields=id:bad(", {"title": "ff"})),
    batch(one("POST", "/api/collections/batche%64/records", {"title": "escaped"})),
    batch(one("PATCH", f"{R}/%61{ID[1:]}", {"title": "escaped"})),
    batch(one("POST", f"{R}#x", {"title": "fragment"})),
    batch(one("POST", f" {R}", {"title": "blank"})),
    batch({"me_thod": "POST", "U-RL": R, "body": {"title": "marks"}}),
    batch({"method": "POST", "METHOD": "POST", "url": R, "body": {"title": "twice"}}),
    q("/api/batch", "POST", {"requests": [], "REQUESTS": [one("POST")]}, who="superuser"),
    batch(one("PATCH", R, {})),
    batch(one("DELETE", R)),
    batch(one("", body={})),
    batch(one("POST", "", {})),
    batch({}),
    batch({"method": 5}),
    batch(one("POST", body="x")),
    batch(one("POST", body=[1])),
    batch({"method": "POST", "url": R, "body": None}),
    batch({"METHOD": "POST", "URL": R, "BODY": {"title": "UP"}}),
    batch(one("POST", body={"title": "h2"}, headers={"x": 5})),
    batch(one("POST", body={"title": "h3"}, headers=5)),
    batch(one("POST", body={"title": "x" * 30}), one("POST", body={"title": "y" * 30})),
    batch(one("POST", body={"title": "t"}), one("PATCH", R + "/{id}", {})),
    batch(*[one("POST")] * 6),
    batch(),
    q("/api/batch", "POST", {"requests": None}, who="superuser"),
    q("/api/batch", "POST", {"requests": "x"}, who="superuser"),
    q("/api/batch", "POST", "{bad", who="superuser", headers={"Content-Type": "application/json"}),
    q("/api/batch", "POST", "", who="superuser", headers={"Content-Type": "application/json"}),
    q("/api/batch", who="superuser"),
    q("/api/batch", "PUT", {}, who="superuser"),
    q(f"{R}?fields=title&sort=title"),
]


@pytest.fixture(scope="module")
def prepared(pair: Pair) -> Pair:
    pair.check(
        batch(one("POST")),
        settings(enabled=True, maxRequests=5),
        q("/api/collections", "POST", POSTS, who="superuser"),
    )
    return pair


def test_steps(prepared: Pair) -> None:
    """
    A long story of batches, good and bad, is told alike.
    """
    prepared.check(*STEPS)


def test_what_rules_see(prepared: Pair) -> None:
    """
    Headers and query of the inner request count, and of the outer one only its headers.
    """
    request = {"headers": {"X-Token": "1", "authorization": "zz"}, "body": {}}
    steps = []
    for name, rule in HEADERS.items():
        body = {"name": name, "type": "base", "createRule": rule, "fields": []}
        inner = one("POST", f"/api/collections/{name}/records?a=1", **request)
        steps += [
            q("/api/collections", "POST", body, who="superuser"),
            q("/api/batch?outer=1", "POST", {"requests": [inner]}, headers={"X-Outer": "1"}),
        ]
    prepared.check(*steps)


def test_limits(prepared: Pair) -> None:
    """
    Size, time and rate limits end a batch; nothing of it stays.
    """
    rate = {
        "enabled": True,
        "rules": [{"label": "batched:create", "duration": 600, "maxRequests": 2}],
    }
    many = [one("POST", body={"title": f"m{i}"}) for i in range(3)]
    prepared.check(
        settings(maxBodySize=100),
        batch(one("POST", body={"title": "z" * 200})),
        batch(one("POST", body={"title": "q"})),
        settings(maxBodySize=0, timeout=60, maxRequests=100000),
        q("/api/collections/batched/records?fields=title&sort=title"),
        q("/api/settings", "PATCH", {"rateLimits": rate}, who="superuser"),
        batch(*many, who="guest"),
        q("/api/settings", "PATCH", {"rateLimits": {"enabled": False}}, who="superuser"),
        q("/api/collections/batched/records?fields=title&sort=title"),
    )


QUERIES = ["?%zz", "?a=%zz", "?a;b", "?fields=title;b", "?a=%20b", "?a=\x01", "?\u00e9", "?a b"]


def test_queries(prepared: Pair) -> None:
    """A broken query fails its request, though it would not outside of a batch."""
    prepared.check(
        *(
            batch(one("POST", R + query, {"title": f"query {at}"}))
            for at, query in enumerate(QUERIES)
        )
    )


PAYLOADS = [
    '{"n":3}', '{"title":"p","n":3}', '{"title":null}', "null", "bad", '{"n":"x"} x', '{"n":"3"}', "[]", "", '{"id":"bbbbbbbbbbbbbbb"}',
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_in_queries(payload: str, prepared: Pair) -> None:
    """What `@jsonPayload` holds in the query of a request is merged in front of its body."""
    name = f"payload {PAYLOADS.index(payload)}"
    query = f"?@jsonPayload={quote(payload)}"
    prepared.check(
        *(
            batch(one("POST", R + query + more, body))
            for more in ("", "&n=7", f"&title={name[-1]}q", '&@jsonPayload={"n":9}')
            for body in ({"title": name + more[:5]}, {"title": f"{name}{more[:5]}n", "n": 1}, {}, None)
        )
    )  # fmt: skip


def test_headers_that_are_null(prepared: Pair) -> None:
    """A header that is null is blank, any other that is no text is refused."""
    prepared.check(
        *(
            batch(one("POST", R, {"title": f"head {at}"}, headers={"X-A": value}))
            for at, value in enumerate([None, "", 5, [], {}])
        )
    )


def test_files(prepared: Pair) -> None:
    """
    Files of a multipart batch reach their requests.
    """
    name = "with_files"
    fields = [{"name": "f", "type": "file", "maxSelect": 3}, {"name": "t", "type": "text"}]
    collection = {"name": name, "type": "base", "fields": fields, "createRule": ""}
    url = f"/api/collections/{name}/records"
    payload = json.dumps({"requests": [one("POST", url, {"t": "x"}), one("POST", url, {"t": "y"})]})
    parts = [
        ('name="@jsonPayload"', payload),
        ('name="requests.0.f"; filename="one.txt"', "1"),
        ('name="requests[1].f"; filename="two.txt"', "2"),
        ('name="requests.1.f+"; filename="three.txt"', "3"),
        ('name="requests.9.f"; filename="x.txt"', "x"),
        ('name="requests.00.f"; filename="x.txt"', "x"),
        ('name="requests.0.nope"; filename="x.txt"', "x"),
        ('name="requests.0.t"', "over"),
    ]
    body = "".join(f"--b\r\nContent-Disposition: form-data; {h}\r\n\r\n{t}\r\n" for h, t in parts)
    prepared.check(
        q("/api/collections", "POST", collection, who="superuser"),
        q(
            "/api/batch",
            "POST",
            body + "--b--\r\n",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
            blur=r"(?<=[a-z])(_[a-z0-9]{10,11})+(?=\.txt)",
        ),
    )
