"""
OAuth2: what both servers leave of a record that nobody has verified when somebody comes to it from a provider.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from tests.parity.oauth2 import (
    MEMBERS,
    come,
    links,
    log_in,
    member,
    numbers,
    register,
    set_up,
    with_members,
)
from tests.scenario import Pair, Scenario, q

if TYPE_CHECKING:
    from tests.oidc import Oidc

pytestmark = pytest.mark.parity

CALLERS = ("caller", "guest", "superuser")
SAID = [("mine", True), ("mine", False), ("other", True), ("other", False), ("", True)]


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any, oidc: Oidc) -> Pair:
    """Return both servers, with members who may come from two providers."""
    pair = with_members(Pair(reference, ours), oidc)
    off = {"authAlert": {"enabled": False}}
    pair.check(set_up(oidc.options(), oidc.options("oidc2"), **off))
    return pair


def link(number: int, provider: str, user: str) -> Scenario:
    """Return the question that links a member to a user of a provider."""
    collection = "{members}"
    body = {"provider": provider, "providerId": user, "recordRef": member(number)}
    url = "/api/collections/_externalAuths/records?fields=provider"
    return q(url, "POST", {**body, "collectionRef": collection}, who="superuser")


def by(caller: str) -> dict[str, Any]:
    if caller == "caller":
        return {"headers": {"Authorization": "{before}"}}
    return {"who": caller}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(
    ("linked", "has_address", "verified"), list(product((False, True), repeat=3))
)
def test_what_is_left(
    caller: str, linked: bool, has_address: bool, verified: bool, pair: Pair, oidc: Oidc
) -> None:
    """Its password and tokens, unless it calls itself, and its other links; an address is proved."""
    for says, is_proved in SAID:
        number = next(numbers)
        addresses = {"mine": f"mine{number}@example.com", "other": f"other{number}@example.com"}
        mine = addresses["mine"] if has_address else ""
        oidc.user(f"left{number}", addresses.get(says, ""), is_proved)
        theirs = [link(number, "oidc", f"left{number}")] if linked else []
        token = {"headers": {"Authorization": "{before}"}}
        # NOTE: that ours ends the tokens of a linked record that is being verified we chose
        gets_verified = not has_address or (is_proved and says == "mine")
        is_renewed = caller == "caller" and not verified and gets_verified
        pair.check(
            q(f"{MEMBERS}?fields=id", who="superuser", save={"members": "id"}),
            register(number, mine, verified=verified),
            q(f"{MEMBERS}/impersonate/{member(number)}", "POST", {}, "superuser", save={"before": "token"}),
            *theirs,
            link(number, "oidc2", f"two{number}"),
            come(**by(caller)),
            links(),
            q(f"{MEMBERS}/records?sort=email,id&fields=email,verified", who="superuser"),
            *([] if is_renewed else [q(f"{MEMBERS}/auth-refresh?fields=record.id", "POST", **token)]),
            log_in(addresses["mine"]),
            q(f"{MEMBERS}/truncate", "DELETE", who="superuser"),
        )  # fmt: skip


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("verified", [False, True])
@pytest.mark.parametrize("says", ["mine", "other"])
def test_another_user_of_the_same_provider(
    caller: str, verified: bool, says: str, pair: Pair, oidc: Oidc
) -> None:
    """A record that is verified keeps its one link to a provider; another record gets a new one."""
    number = next(numbers)
    mine = f"mine{number}@example.com"
    oidc.user(f"second{number}", f"{says}{number}@example.com")
    pair.check(
        q(f"{MEMBERS}?fields=id", who="superuser", save={"members": "id"}),
        register(number, mine, verified=verified),
        link(number, "oidc", f"first{number}"),
        q(f"{MEMBERS}/impersonate/{member(number)}", "POST", {}, "superuser", save={"before": "token"}),
        come(**by(caller)),
        links(),
        q(f"{MEMBERS}/records?sort=email&fields=email,verified", who="superuser"),
        log_in(mine),
        q(f"{MEMBERS}/truncate", "DELETE", who="superuser"),
    )  # fmt: skip


def test_they_are_not_let_in(pair: Pair, oidc: Oidc) -> None:
    """What goes goes, even if the auth rule then lets nobody in."""
    number = next(numbers)
    mine = f"mine{number}@example.com"
    oidc.user(f"barred{number}", f"other{number}@example.com")
    rule = f"{MEMBERS}?fields=authRule"
    pair.check(
        q(f"{MEMBERS}?fields=id", who="superuser", save={"members": "id"}),
        register(number, mine),
        link(number, "oidc", f"barred{number}"),
        link(number, "oidc2", f"barred{number}"),
        q(rule, "PATCH", {"authRule": "verified = true"}, who="superuser"),
        come(),
        links(),
        q(rule, "PATCH", {"authRule": ""}, who="superuser"),
        log_in(mine),
        q(f"{MEMBERS}/truncate", "DELETE", who="superuser"),
    )
