"""
What is measured: one `Row` per line of the printed table.

A row is a set of requests that the load generator walks through in turn. Rows whose literals vary
show what a cache keyed by the exact text of a filter cannot hide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scripts.bench import data

if TYPE_CHECKING:
    from collections.abc import Callable

API = "/api/collections"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the load generator sends it."""

    path: str
    method: str = "GET"
    body: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: which requests, by whom, with how many connections."""

    name: str
    requests: Callable[[str], list[Request]]
    connections: int = 64
    once: bool = False
    volatile: bool = False
    user: bool = False
    root: bool = False


def _gets(*paths: str) -> Callable[[str], list[Request]]:
    return lambda token: [Request(path, token=token) for path in paths]


def _list(collection: str, **query: Any) -> str:
    text = "&".join(f"{key}={quote(str(value))}" for key, value in query.items())
    return f"{API}/{collection}/records?perPage=20&{text}".rstrip("&")


def _views(token: str) -> list[Request]:
    paths = (f"{API}/posts/records/{data.record_id('posts', i)}" for i in range(500))
    return [Request(path, token=token) for path in paths]


def _varied(
    collection: str, make: Callable[[int, str], str], **query: Any
) -> Callable[[str], list[Request]]:
    """Return requests whose filters differ in each: a number and one of 400 pairs of words."""
    texts = [make(i, f"{data.WORDS[i % 20]} {data.WORDS[i // 20]}") for i in range(400)]
    return _gets(*(_list(collection, filter=text, **query) for text in texts))


def _relations() -> list[Row]:
    """Conditions over relations, asked anew each time, so that no total can be kept."""
    rows = {
        "varied: tags:each !=": ("posts", lambda i, _: f"tags:each != 'c' && n != {1000 + i}"),
        "varied: single relation !=": (
            "posts",
            lambda i, words: f"author.organization.name != '{words} {i}'",
        ),
        "varied: single relation ~": (
            "posts",
            lambda _, words: f"author.organization.name ~ '{words[:5]}' && title !~ '{words}'",
        ),
        "varied: nested multiple =": (
            "posts",
            lambda i, _: f"author.permissions.active = true && n != {1000 + i}",
        ),
        "varied: nested multiple ?=": (
            "posts",
            lambda i, _: f"author.permissions.active ?= true && n != {1000 + i}",
        ),
        "varied: editors ?~": ("posts", lambda _, words: f"editors.name ?~ '{words}'"),
        "varied: editors ?~, beside others": (
            "posts",
            lambda i, words: f"editors.name ?~ '{words}' && n != {1000 + i}",
        ),
        "varied: editors' organization": (
            "posts",
            lambda i, _: f"editors.organization.active ?= true && n != {1000 + i}",
        ),
        "varied: editors' permissions": (
            "posts",
            lambda i, _: f"editors.permissions.name ?= 'perm {i % 40}' && n != {1000 + i}",
        ),
        "varied: back-relation ~": (
            "users",
            lambda i, words: f"posts_via_author.title ~ '{words} {i}'",
        ),
        "varied: back-relation ?~": (
            "users",
            lambda _, words: f"posts_via_author.title ?~ '{words}'",
        ),
        "varied: back-relation, 20k": (
            "posts",
            lambda _, words: f"comments_via_post.text ?~ '{words}'",
        ),
        "varied: back of a relation": (
            "posts",
            lambda _, words: f"author.comments_via_user.text ?~ '{words}'",
        ),
        "varied: four deep =": (
            "comments",
            lambda i, _: f"post.author.organization.active = true && text !~ 'x{i}'",
        ),
        "varied: four deep, multiple ?=": (
            "comments",
            lambda i, words: (
                f"post.author.permissions.name ?= 'perm {i % 40}' && text !~ '{words}'"
            ),
        ),
        "varied: relation, sorted by it": (
            "posts",
            lambda _, words: f"author.name ~ '{words[:5]}' && title !~ '{words}'",
        ),
    }
    sorts = {"varied: relation, sorted by it": "author.name,-n"}
    return [
        Row(
            name,
            _varied(collection, make, **({"sort": sorts[name]} if name in sorts else {})),
            connections=4,
            volatile=True,
            # NOTE: whoever may not see addresses gets records of two shapes, in any order
            root=collection == "users",
        )
        for name, (collection, make) in rows.items()
    ]


def _joined(i: int, words: str) -> str:
    name = f"@collection.users.name ?~ '{words[:5]}'"
    return f"@collection.users.id ?= author && {name} && n != {1000 + i}"


def _beside_writes(token: str) -> list[Request]:
    """Ask for what is kept until somebody writes, while somebody writes elsewhere."""
    made = _varied("posts", lambda i, _: f"editors.organization.active ?= true && n != {1000 + i}")
    reads, writes = made(token), iter(_updates(token))
    return [
        request
        for number, read in enumerate(reads, 1)
        for request in ((read,) if number % 10 else (read, next(writes)))
    ]


def _in_range(i: int, words: str) -> str:
    return f"n > {i % 97} && n < {900 - i % 89} && title ~ '{words.split(maxsplit=1)[0]}'"


def _post_body(i: int) -> dict[str, Any]:
    return {
        "title": f"created by the bench {i}",
        "body": "<p>some words that are worth keeping</p>",
        "n": i,
        "published": True,
        "type": data.TYPES[i % 4],
        "tags": [data.TAGS[i % 5], data.TAGS[(i + 1) % 5]],
        "author": data.record_id("users", i % data.USERS),
        "meta": {"views": i},
        "loc": {"lon": i % 180, "lat": i % 90},
        "when": "2024-05-01 10:00:00.000Z",
    }


def _creates(token: str) -> list[Request]:
    path = f"{API}/posts_new/records"
    return [Request(path, "POST", json.dumps(_post_body(i)), token) for i in range(500)]


def _batches(token: str) -> list[Request]:
    path = f"{API}/posts_new/records"
    bodies = (
        [{"method": "POST", "url": path, "body": _post_body(n * 50 + i)} for i in range(50)]
        for n in range(20)
    )
    return [Request("/api/batch", "POST", json.dumps({"requests": b}), token) for b in bodies]


def _updates(token: str) -> list[Request]:
    path = f"{API}/posts_new/records"
    return [
        Request(
            f"{path}/{data.record_id('posts_new', i)}",
            "PATCH",
            json.dumps({"title": f"changed {i}", "n": i, "published": i % 2 == 0}),
            token,
        )
        for i in range(2000)
    ]


def _deletes(token: str) -> list[Request]:
    path = f"{API}/posts_gone/records"
    ids = (data.record_id("posts_gone", i) for i in range(data.DELETES))
    return [Request(f"{path}/{one}", "DELETE", token=token) for one in ids]


def _refresh(token: str) -> list[Request]:
    return [Request(f"{API}/users/auth-refresh", "POST", "", token)]


def _password(_: str) -> list[Request]:
    return [
        Request(
            f"{API}/users/auth-with-password",
            "POST",
            json.dumps({"identity": f"user{i}@example.com", "password": data.PASSWORD}),
        )
        for i in range(50)
    ]


def _filtered(collection: str, text: str, **query: Any) -> Callable[[str], list[Request]]:
    return _gets(_list(collection, filter=text, **query))


ROWS = [
    Row("health", _gets("/api/health")),
    Row("view one, guest", _views),
    Row("view one, user", _views, user=True),
    Row("list 20, 10k", _gets(_list("posts")), user=True),
    Row("list 20, 10k, skipTotal", _gets(_list("posts", skipTotal=1)), user=True),
    Row("list 20, 100k", _gets(_list("posts_big")), connections=16, user=True),
    Row("list 20, 100k, skipTotal", _gets(_list("posts_big", skipTotal=1)), user=True),
    Row(
        "filter + sort, 10k",
        _filtered("posts", "published = true && n > 500", sort="-n,title"),
        connections=16,
    ),
    Row("filter + sort, varied literals", _varied("posts", _in_range, sort="-n"), connections=16),
    Row("expand one level", _gets(_list("posts", expand="author", skipTotal=1))),
    Row(
        "expand two levels",
        _gets(_list("posts", expand="author.organization,editors.permissions", skipTotal=1)),
    ),
    Row("expand two levels, view", _gets(_list("comments", expand="post.author", skipTotal=1))),
    Row("auth rule, no index", _gets(_list("posts_mine")), connections=8, user=True),
    Row("auth rule, index", _gets(_list("posts_mine_indexed")), user=True),
    Row(
        "each: tags:each != 'c'",
        _filtered("posts", "tags:each != 'c'"),
        connections=4,
        volatile=True,
    ),
    Row(
        "nested single relation",
        _filtered("posts", "author.organization.name != 'test'"),
        connections=4,
        volatile=True,
    ),
    Row(
        "nested multiple, = true",
        _filtered("posts", "author.permissions.active = true"),
        connections=4,
        volatile=True,
    ),
    Row(
        "nested multiple, ?= true",
        _filtered("posts", "author.permissions.active ?= true"),
        connections=4,
        volatile=True,
    ),
    Row(
        "varied: auth rule, no index",
        _varied("posts_mine", lambda i, _: f"n != {1000 + i}"),
        connections=8,
        volatile=True,
        user=True,
    ),
    *_relations(),
    Row(
        "varied: editors' organization, a tenth writes",
        _beside_writes,
        connections=4,
        volatile=True,
    ),
    Row(
        "varied: @collection join",
        _varied("posts", _joined),
        connections=4,
        volatile=True,
        root=True,
    ),
    Row("create", _creates, volatile=True),
    Row("update", _updates, volatile=True),
    Row("delete", _deletes, once=True, volatile=True),
    Row("batch of 50 creates", _batches, connections=4, volatile=True),
    Row("auth-refresh", _refresh, volatile=True, user=True),
    Row("auth-with-password", _password, connections=8, volatile=True),
]
