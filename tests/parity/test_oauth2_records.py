"""
OAuth2: both servers find, make and link the records of who comes from a provider in the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.parity.oauth2 import (
    MEMBERS,
    USERS,
    come,
    everybody,
    links,
    log_in,
    member,
    numbers,
    register,
    with_members,
)
from tests.scenario import Pair, q

if TYPE_CHECKING:
    from tests.oidc import Oidc

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any, oidc: Oidc) -> Pair:
    """Return both servers, with members."""
    return with_members(Pair(reference, ours), oidc)


# -- which record it is


def test_new_and_known(pair: Pair, oidc: Oidc) -> None:
    """The first time makes a record, the next one finds it, whatever its address is by now."""
    oidc.user("known", "known@example.com", name="Known")
    pair.check(
        come(createData={"id": member(1)}),
        come(),
        links(),
        q(f"{MEMBERS}/records/{member(1)}", "PATCH", {"verified": False}, who="superuser"),
        come(),
        links(),
        q(f"{MEMBERS}/records/{member(1)}", "PATCH", {"email": "moved@example.com"}, who="superuser"),
        come(),
        q(f"{MEMBERS}/records/{member(1)}", "PATCH", {"email": "moved2@example.com", "verified": False}, who="superuser"),
        come(),
        everybody(),
    )  # fmt: skip


@pytest.mark.parametrize("verified", [False, True])
@pytest.mark.parametrize("case", ["same", "SAME"])
def test_a_record_with_that_address(verified: bool, case: str, pair: Pair, oidc: Oidc) -> None:
    """An unverified record loses its password and tokens; a verified one is only linked."""
    number = next(numbers) + 100
    email = f"{case}{number}@example.com"
    oidc.user(f"address{number}", email.lower())
    header = {"Authorization": "{before}"}
    pair.check(
        register(number, email, verified=verified),
        log_in(email, save={"before": "token"}),
        come(),
        log_in(email),
        q(f"{MEMBERS}/auth-refresh", "POST", headers=header),
        links(),
    )


@pytest.mark.parametrize("verified", [False, True])
@pytest.mark.parametrize("email", ["mine", "other"])
def test_the_caller_links(verified: bool, email: str, pair: Pair, oidc: Oidc) -> None:
    """Who is signed in links what comes back to their own record."""
    number = next(numbers) + 200
    mine = f"mine{number}@example.com"
    oidc.user(f"caller{number}", f"{email}{number}@example.com")
    header = {"Authorization": "{caller}"}
    pair.check(
        register(number, mine, verified=verified),
        log_in(mine, save={"caller": "token"}),
        come(headers=header),
        log_in(mine),
        q(f"{MEMBERS}/auth-refresh", "POST", headers=header),
        links(),
    )


def test_the_caller_has_one_already(pair: Pair, oidc: Oidc) -> None:
    """A record has one user of a provider; somebody else's link leads to somebody else."""
    oidc.user("first", "first@example.com")
    header = {"Authorization": "{caller}"}
    steps = [
        register(300, "caller300@example.com", verified=True),
        log_in("caller300@example.com", save={"caller": "token"}),
        come(headers=header),
    ]
    pair.check(*steps)
    oidc.user("second", "second@example.com")
    pair.check(
        come(headers=header),
        come(),
        come(headers=header),
        links(),
        # a kept connection that the server has closed meanwhile is opened anew for a GET
        q("/api/health?fields=code", who="alice"),
        come(who="superuser"),
        come(who="alice"),
    )


def test_no_address_and_no_proof(pair: Pair, oidc: Oidc) -> None:
    """An address that the provider does not vouch for is not used."""
    oidc.user("unproved", "unproved@example.com", verified=False)
    pair.check(
        register(310, "unproved@example.com", verified=True), come(), come(url=USERS), everybody()
    )
    oidc.user("empty", "")
    pair.check(register(311, ""), come(createData={"id": member(312)}), everybody())
    oidc.user("later", "later@example.com")
    pair.check(q(f"{MEMBERS}/records/{member(312)}", "PATCH", {"verified": False}, who="superuser"))
    oidc.user("empty", "nowknown@example.com")
    pair.check(come(), everybody())


CREATE_DATA: list[dict[str, Any]] = [
    {},
    {"title": "mine"},
    {"email": "own{n}@example.com"},
    {"email": ""},
    {"email": "bad"},
    {"password": "abcdefgh1", "passwordConfirm": "abcdefgh1"},
    {"password": "abcdefgh1"},
    {"password": "short", "passwordConfirm": "short"},
    {"verified": True},
    {"verified": False},
    {"emailVisibility": True},
    {"tokenKey": "x" * 40},
    {"unknown": 5},
    {"id": "x"},
    {"id": "member000000xyz"},
]


@pytest.mark.parametrize("data", CREATE_DATA, ids=str)
def test_create_data(data: dict[str, Any], pair: Pair, oidc: Oidc) -> None:
    """What the caller wants a new record to have."""
    number = next(numbers)
    filled = {
        k: v.replace("{n}", str(number)) if isinstance(v, str) else v for k, v in data.items()
    }
    oidc.user(f"data{number}", f"data{number}@example.com")
    pair.check(come(createData=filled), come(), log_in(f"data{number}@example.com", "abcdefgh1"))


RULES = [
    '@request.context = "oauth2"',
    '@request.context != "oauth2"',
    '@request.body.title = "x"',
    "verified = true",
    'email ~ "rule"',
    '@request.query.q = ""',
    '@request.query.q = "x"',
    '@request.headers.x_test = "y"',
    '@request.auth.id != ""',
    None,
]


@pytest.mark.parametrize("rule", RULES)
def test_create_rule(rule: str | None, pair: Pair, oidc: Oidc) -> None:
    """A new record has to satisfy the create rule; a known one does not."""
    number = next(numbers)
    oidc.user(f"rule{number}", f"rule{number}@example.com")
    pair.check(
        q(f"{MEMBERS}?fields=createRule", "PATCH", {"createRule": rule}, who="superuser"),
        come(),
        replace(come(headers={"X-Test": "y"}), url=f"{MEMBERS}/auth-with-oauth2?q=x"),
        come(who="alice"),
        come(who="superuser"),
        come(),
        q(f"{MEMBERS}?fields=createRule", "PATCH", {"createRule": ""}, who="superuser"),
    )


@pytest.mark.parametrize("rule", ["verified = false", "verified = true", None])
def test_auth_rule(rule: str | None, pair: Pair, oidc: Oidc) -> None:
    """Who does not satisfy the auth rule is made and linked, but not let in."""
    number = next(numbers)
    oidc.user(f"auth{number}", f"auth{number}@example.com")
    pair.check(
        q(f"{MEMBERS}?fields=authRule", "PATCH", {"authRule": rule}, who="superuser"),
        come(),
        everybody(),
        q(f"{MEMBERS}?fields=authRule", "PATCH", {"authRule": ""}, who="superuser"),
    )


def test_second_factor(pair: Pair, oidc: Oidc) -> None:
    """A provider is one method of two."""
    oidc.user("mfa", "mfa@example.com")
    mfa = {"mfa": {"enabled": True, "duration": 600, "rule": ""}}
    pair.check(
        q(f"{MEMBERS}?fields=mfa", "PATCH", mfa, who="superuser"),
        come(),
        come(mfaId="nope"),
        q(f"{MEMBERS}?fields=mfa", "PATCH", {"mfa": {"enabled": False}}, who="superuser"),
    )
