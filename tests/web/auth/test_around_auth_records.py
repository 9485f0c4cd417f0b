"""
What the server keeps about auth records: second factors, places, linked accounts, and when it goes.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

USERS = "/api/collections/users"
SUPER = "/api/collections/_superusers"
USERS_ID = "_pb_users_auth_"
ALICE, BOB, CAROL = (f"user0000000000{n}" for n in (1, 2, 3))
KINDS = ("_mfas", "_otps", "_authOrigins", "_externalAuths")
EXTRA: dict[str, dict[str, Any]] = {
    "_mfas": {"method": "otp"},
    "_otps": {"password": "12345678"},
    "_authOrigins": {"fingerprint": "somewhere"},
    "_externalAuths": {"provider": "google", "providerId": "someone"},
}


def login(name: str, **more: Any) -> Scenario:
    save = more.pop("save", {})
    return q(
        f"{USERS}/auth-with-password",
        "POST",
        {"identity": name, "password": PASSWORD, **more},
        save=save,
    )


def root(url: str, method: str = "GET", body: Any = None, **more: Any) -> Scenario:
    return q(url, method, body, who="superuser", **more)


def options(**changed: Any) -> Scenario:
    return root(USERS, "PATCH", changed, name=f"options {changed}")


def kept(owner: str) -> list[Scenario]:
    """Ask what is kept about a record."""
    rest = f"records?filter=recordRef='{owner}'&fields=collectionRef,recordRef,method,fingerprint,provider"
    return [root(f"/api/collections/{kind}/{rest}") for kind in KINDS]


def keep(owner: str) -> list[Scenario]:
    """Put one record of each kind about a record."""
    return [
        root(
            f"/api/collections/{kind}/records",
            "POST",
            {"collectionRef": USERS_ID, "recordRef": owner, **extra, **_own(kind, owner)},
        )
        for kind, extra in EXTRA.items()
    ]


def _own(kind: str, owner: str) -> dict[str, str]:
    return {"providerId": f"of {owner}"} if kind == "_externalAuths" else {}


def change(owner: str, **body: Any) -> Scenario:
    return root(f"{USERS}/records/{owner}", "PATCH", body)


MFA = [
    options(otp={"enabled": True}, mfa={"enabled": True}),
    q(f"{USERS}/auth-methods"),
    login("alice", save={"mfa": "mfaId"}),
    login("alice", mfaId="{mfa}"),
    login("alice", mfaId="nope"),
    login("alice", mfaId=5),
    login("alice", mfaId=""),
    q(
        f"{USERS}/auth-with-password?mfaId={{mfa}}",
        "POST",
        {"identity": "alice", "password": PASSWORD},
    ),
    q(f"{USERS}/auth-with-password?fields=x", "POST", {"identity": "alice", "password": PASSWORD}),
    q(
        f"{USERS}/auth-with-password",
        "POST",
        {"identity": "alice", "password": "wrong", "mfaId": "{mfa}"},
    ),
    root("/api/collections/_mfas/records/{mfa}", "PATCH", {"method": "otp"}),
    login("bob", mfaId="{mfa}"),
    login("alice", mfaId="{mfa}"),
    login("alice", mfaId="{mfa}"),
    options(mfa={"enabled": True, "rule": "username = 'bob'"}),
    login("alice"),
    login("bob"),
    options(
        mfa={
            "enabled": True,
            "rule": "@request.body.strict = true && @request.context = 'password'",
        }
    ),
    login("bob"),
    login("bob", strict=True),
    options(mfa={"enabled": False, "rule": ""}, otp={"enabled": False}),
    login("bob"),
]

OWNERS = [
    root(f"/api/collections/{kind}/records", "POST", {**EXTRA[kind], **owner})
    for kind in KINDS
    for owner in (
        {},
        {"collectionRef": "nope", "recordRef": "nope"},
        {"collectionRef": USERS_ID, "recordRef": "nope"},
        {"collectionRef": "users", "recordRef": ALICE},
        {"collectionRef": "pbc_2279338944", "recordRef": ALICE},
        {"collectionRef": USERS_ID, "recordRef": ALICE},
    )
]


def story(owner: str, *steps: Scenario) -> list[Scenario]:
    return [*keep(owner), *kept(owner), *steps, *kept(owner)]


STORIES: dict[str, list[Scenario]] = {
    "nothing": story(ALICE, change(ALICE, name="Alicia")),
    "e-mail": story(BOB, change(BOB, email="bobby@example.com")),
    "verified": story(CAROL, change(CAROL, verified=True)),
    "verified before": story(CAROL, change(CAROL, verified=True)),
    "token key": story(ALICE, change(ALICE, tokenKey="t" * 40)),
    "password": story(BOB, change(BOB, password="newpassword", passwordConfirm="newpassword")),
    "deleted": story(CAROL, root(f"{USERS}/records/{CAROL}", "DELETE")),
    "login": [login("alice"), *kept(ALICE)],
    "truncate": [
        root("/api/collections?fields=id,name", "POST", {"name": "crew", "type": "auth", "id": "pbc_crew"}),
        root("/api/collections/crew/records", "POST", {"id": "crew00000000001", "email": "c@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}),
        *(root(f"/api/collections/{k}/records", "POST", {"collectionRef": "pbc_crew", "recordRef": "crew00000000001", **EXTRA[k]}) for k in KINDS),
        *kept("crew00000000001"),
        root("/api/collections/crew/truncate", "DELETE"),
        *kept("crew00000000001"),
    ],
    "collection deleted": [
        root("/api/collections/crew/records", "POST", {"id": "crew00000000002", "email": "c@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}),
        *(root(f"/api/collections/{k}/records", "POST", {"collectionRef": "pbc_crew", "recordRef": "crew00000000002", **EXTRA[k]}) for k in KINDS),
        *kept("crew00000000002"),
        root("/api/collections/crew", "DELETE"),
        *kept("crew00000000002"),
    ],
    "superusers": [
        root(f"{SUPER}/records", "POST", {"id": "super0000000002", "email": "two@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": False}),
        root(f"{SUPER}/records/super0000000002", "PATCH", {"verified": False}),
        root(f"{SUPER}/truncate", "DELETE"),
        root(f"{SUPER}/records?fields=email,verified"),
        root(f"{SUPER}/records", "POST", {"id": "super0000000003", "email": "__pbinstaller@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}),
        root(f"{SUPER}/records?fields=email,verified"),
        root(f"{SUPER}/records", "POST", {"id": "super0000000004", "email": "four@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}),
        root(f"{SUPER}/records?fields=email,verified"),
        root(f"{SUPER}/records/super0000000002", "DELETE"),
        root(f"{SUPER}/records/super0000000004", "DELETE"),
        root(f"{SUPER}/records?fields=id", save={"last": "items.0.id"}),
        root(f"{SUPER}/records/{{last}}", "DELETE"),
    ],
}  # fmt: skip


def test_second_factor(pair: Pair) -> None:
    """A second method is asked for as rules say; its session is good once, for its owner only."""
    pair.check(*MFA)


@pytest.mark.parametrize(("number", "scenario"), list(enumerate(OWNERS)))
def test_owner_must_exist(number: int, scenario: Scenario, pair: Pair) -> None:
    """A record about an auth record names one that exists."""
    pair.check(scenario)


@pytest.mark.parametrize("name", STORIES)
def test_what_is_kept(name: str, pair: Pair) -> None:
    """What is kept about a record goes when it must no longer be worth anything."""
    pair.check(*STORIES[name])
