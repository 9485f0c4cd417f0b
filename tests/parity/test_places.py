"""
Which route answers, before it reads a body; and bodies that only a look at the whole record refuses.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.data.seed import make_id
from tests.parity.definitions import ALL, USERS, base
from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

BY: dict[str, Any] = {"who": "superuser"}
JSON = {"Content-Type": "application/json"}


# -- routes ----------------------------------------------------------------------------------------

BESIDE = [
    (method, path)
    for path in ("/api/collections/import", "/api/backups/upload", "/api/logs/stats")
    for method in ("GET", "HEAD", "PATCH", "DELETE", "POST")
    if (method, path) not in {("POST", "/api/backups/upload"), ("GET", "/api/logs/stats")}
]


@pytest.mark.parametrize(("method", "path"), BESIDE)
def test_fixed_path_beside_a_wider_one(method: str, path: str, pair: Pair) -> None:
    """A fixed path that lacks a method leaves it to the template that takes any name."""
    blur = r"Raw error: .n[^\"]*" if "backups" in path else ""
    scenario = q(path, method, None if method in {"GET", "HEAD"} else {}, blur=blur)
    pair.check(*as_each(scenario, "guest", "alice", "superuser"))


@pytest.mark.parametrize("name", ["import", "meta"])
def test_collections_named_like_routes(name: str, pair: Pair) -> None:
    """A collection may be called as a part of the API is."""
    where = f"{ALL}/{name}"
    pair.check(
        q(ALL, "POST", base(name, listRule="", createRule=""), **BY),
        q(where, **BY),
        q(where, "PATCH", {"viewRule": ""}, **BY),
        q(f"{where}/records", "POST", {"id": make_id("named", 1)}),
        q(f"{where}/records"),
        q(f"{where}/records/{make_id('named', 1)}"),
        q(f"{where}/auth-methods"),
        q(f"{where}/truncate", "DELETE", **BY),
        q(where, "DELETE", **BY),
    )


SPELT = ["POSTS", "Posts", "post\u017f", "\u212ainds", "{id}", "{ID}", "_superusers", "_SUPERUSERS"]


@pytest.mark.parametrize("name", SPELT)
def test_names_in_any_case_ids_in_theirs(name: str, pair: Pair) -> None:
    """The case of a collection's name does not matter; that of its id does."""
    known = pair.ours.client("superuser").must("GET", f"{ALL}/posts")["id"]
    where = f"{ALL}/{quote(name.format(id=known, ID=known.upper()))}"
    pair.check(
        q(f"{where}?fields=name", **BY),
        q(f"{where}/records?perPage=1&sort=id&fields=id,collectionName", **BY),
        q(f"{where}/records/nope", **BY),
        q(f"{where}/auth-methods?fields=mfa"),
        q(f"{where}/auth-with-password", "POST", {}),
        q(f"/api/files{where.removeprefix(ALL)}/nope/x.txt"),
    )


# -- bodies that nobody reads ----------------------------------------------------------------------

KINDS = ["", "x/y; z", "text/json", "application/json+x", "multipart/form-data", "application/xml"]


@pytest.mark.parametrize("kind", KINDS)
def test_file_token_takes_no_body(kind: str, pair: Pair) -> None:
    """Whatever is sent along, the token depends on the caller alone."""
    headers = {"Content-Type": kind} if kind else {}
    scenario = q("/api/files/token", "POST", '{"a":1', headers=headers)
    pair.check(*as_each(scenario, "guest", "alice", "superuser"))


WRITES = [("POST", ""), ("PATCH", "/post00000000001"), ("PATCH", "/nope"), ("DELETE", "/nope")]


@pytest.mark.parametrize(("method", "record"), WRITES)
@pytest.mark.parametrize("collection", ["stats", "nope", "rule_locked", "posts"])
def test_broken_body(collection: str, method: str, record: str, pair: Pair) -> None:
    """What is wrong with the place is said before what is wrong with the body."""
    url = f"{ALL}/{collection}/records{record}"
    pair.check(*as_each(q(url, method, '{"a":1', headers=JSON), "guest", "superuser"))


# -- records ---------------------------------------------------------------------------------------

HALVES = ['"\\ud800"', '"\\udc00x\\ud83d\\ude00"', '["\\\\ud800", "\\uDBFF"]', '{"a":"\\ud800"}']


@pytest.mark.parametrize("text", HALVES)
def test_half_surrogates(text: str, pair: Pair) -> None:
    """A text that is JSON with half a pair of surrogates is read, the half as a sign of its own."""
    where = f"{ALL}/kinds/records"
    pair.check(
        q(where, "POST", {"id": make_id("half", 1), "json": text}),
        q(f"{where}/{make_id('half', 1)}", "PATCH", {"json": text, "text": "x"}),
        q(f"{where}/{make_id('half', 1)}", "DELETE"),
    )


PROVIDERS = ["google", "nope", "GOOGLE", "", 5, None, "x" * 100]


@pytest.mark.parametrize("provider", PROVIDERS, ids=repr)
def test_provider_of_a_linked_account(provider: Any, pair: Pair) -> None:
    """An account can be linked only to a provider that exists."""
    where, record = f"{ALL}/_externalAuths/records", make_id("linked", 1)
    link = {"id": record, "recordRef": make_id("user", 1), "providerId": "1", "provider": provider}
    pair.check(
        q(where, "POST", {**link, "collectionRef": USERS}, **BY),
        q(where, "POST", {**link, "collectionRef": "nope"}, **BY),
        q(f"{where}/{record}", "PATCH", {"provider": "nope"}, **BY),
        q(f"{where}/{record}", "DELETE", **BY),
    )


OTHER_ID: list[dict[str, Any]] = [
    {"id": 11, "email": "new@example.com"},
    {"id": "other0000000001", "passwordConfirm": "1234567890"},
    {"id": make_id("staff", 2), "verified": False, "password": "1234567890"},
    {"id": make_id("staff", 1), "password": "1", "oldPassword": "x"},
]


@pytest.mark.parametrize("body", OTHER_ID, ids=str)
def test_managers_who_ask_for_another_id(body: dict[str, Any], pair: Pair) -> None:
    """Whoever manages a record does not manage it under another id."""
    scenario: Scenario = q(f"{ALL}/staff/records/{make_id('staff', 2)}", "PATCH", body)
    pair.check(*as_each(scenario, "erin", "frank"))
