"""
Who is let in, as what, for how long, and what the answer shows: rules, tokens, fields and expands.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.data.seed import PASSWORD
from tests.parity.post import STAFF, SUPER, USERS
from tests.scenario import Pair, Scenario, as_each, q

if TYPE_CHECKING:
    from tests.oidc import Oidc

pytestmark = pytest.mark.parity

ALICE, BOB, CAROL, DAVE = (f"user0000000000{n}" for n in (1, 2, 3, 4))


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any, oidc: Oidc) -> Pair:
    """Return both servers, with a provider and codes."""
    pair = Pair(reference, ours)
    oauth2 = {"enabled": True, "providers": [oidc.options()]}
    pair.check(options(oauth2=oauth2, otp={"enabled": True}, authAlert={"enabled": False}))
    return pair


def root(url: str, method: str = "GET", body: Any = None, **more: Any) -> Scenario:
    return q(url, method, body, who="superuser", **more)


def options(url: str = USERS, **changed: Any) -> Scenario:
    return root(f"{url}?fields=name", "PATCH", changed, name=f"options {changed}")


def login(identity: str = "alice", url: str = USERS, query: str = "", **more: Any) -> Scenario:
    password = more.pop("password", PASSWORD)
    save, headers = more.pop("save", {}), more.pop("headers", {})
    body = {"identity": identity, "password": password, **more}
    return q(f"{url}/auth-with-password{query}", "POST", body, save=save, headers=headers)


def come(url: str = USERS, query: str = "", who: str = "guest", **more: Any) -> Scenario:
    body = {"provider": "oidc", "code": "c", "redirectURL": "https://app/cb", **more}
    return q(f"{url}/auth-with-oauth2{query}", "POST", body, who)


def refresh(who: str = "alice", query: str = "", **more: Any) -> Scenario:
    return q(f"{USERS}/auth-refresh{query}", "POST", more or None, who)


def impersonate(record: str = ALICE, query: str = "", **body: Any) -> Scenario:
    return root(f"{USERS}/impersonate/{record}{query}", "POST", body)


# -- rules

AUTH_RULES = [
    "@request.context = 'password'",
    "@request.context = 'oauth2'",
    "@request.context = 'default'",
    "@request.body.identity = 'alice'",
    "@request.body.extra = 5",
    "@request.query.q = 'x'",
    "@request.headers.x_test = 'y'",
    "@request.auth.id = ''",
    "@request.auth.id = id",
    "@request.auth.collectionName = '_superusers'",
    "organization.name = 'test'",
    "verified = true && emailVisibility = true",
    "secret = 'secret of alice'",
    None,
]


@pytest.mark.parametrize("rule", AUTH_RULES)
def test_auth_rule(rule: str | None, pair: Pair, oidc: Oidc) -> None:
    """Each way in asks the auth rule, with what it knows of the request."""
    oidc.user("alice", "alice@example.com")
    everything = {"query": "?q=x", "headers": {"X-Test": "y"}, "extra": 5}
    pair.check(
        options(authRule=rule),
        login(),
        login(**everything),
        q(f"{USERS}/auth-with-password", "POST", {"identity": "alice", "password": PASSWORD}, "superuser"),
        come(),
        come(query="?q=x", extra=5),
        impersonate(BOB),
        impersonate(CAROL, duration=60),
        options(authRule=""),
    )  # fmt: skip


@pytest.mark.parametrize("rule", ["verified = true", "id = ''", None])
def test_refresh_and_auth_rule(rule: str | None, pair: Pair) -> None:
    """A token of before is renewed as the rule says; changing the rule ends all tokens."""
    pair.check(
        options(authRule=""),
        login(save={"me": "token"}),
        options(authRule=rule),
        *(
            q(url, "POST", headers={"Authorization": "{me}"})
            for url in (f"{USERS}/auth-refresh", "/api/files/token")
        ),
        options(authRule=""),
        login(save={"me": "token"}),
        q(f"{USERS}/auth-refresh?expand=organization&fields=record.expand", "POST", headers={"Authorization": "{me}"}),
    )  # fmt: skip


MFA_RULES = [
    "",
    "@request.context = 'password'",
    "@request.context = 'oauth2'",
    "@request.body.mfaId:isset = false",
    "@request.auth.id = ''",
    "verified = true",
    "id = ''",
    "organization.name = 'test'",
]


BROKEN = "@collection.gone.title ?= name"
BREAKS: list[dict[str, Any]] = [
    {"authRule": BROKEN},
    {"mfa": {"enabled": True, "rule": BROKEN}, "otp": {"enabled": True}},
    {"updateRule": BROKEN},
    {"viewRule": BROKEN},
    {"manageRule": BROKEN},
]


@pytest.mark.parametrize("changed", BREAKS, ids=str)
def test_rules_over_what_is_gone(changed: dict[str, Any], pair: Pair) -> None:
    """A rule that cannot be evaluated any more lets nobody through, and is not quoted."""
    was = root(USERS).send(pair.ours).value
    open_again = {
        name: was[name] for name in ("mfa", "authRule", "manageRule", "updateRule", "viewRule")
    }
    gone = {"name": "gone", "type": "base", "fields": [{"name": "title", "type": "text"}]}
    alice = f"{USERS}/records/{ALICE}"
    try:
        pair.check(
            root("/api/collections", "POST", gone),
            options(**changed),
            root("/api/collections/gone", "DELETE"),
            login("bob"),
            *as_each(q(f"{alice}?fields=id,email"), "guest", "bob", "superuser"),
            *as_each(q(f"{alice}?fields=id", "PATCH", {"name": "x"}), "guest", "alice"),
        )
    finally:
        pair.check(options(**open_again))


@pytest.mark.parametrize("rule", MFA_RULES)
def test_second_factor(rule: str, pair: Pair, oidc: Oidc) -> None:
    """Who needs two methods, which two, and what becomes of the session."""
    oidc.user("alice", "alice@example.com")
    try:
        pair.check(
            options(authRule="", mfa={"enabled": True, "rule": rule}),
            q(f"{USERS}/auth-methods?fields=mfa,otp,password"),
            login(save={"mfa": "mfaId"}),
            login(mfaId="{mfa}"),
            come(mfaId="{mfa}"),
            come(mfaId="{mfa}"),
            come(query="?mfaId={mfa}"),
            come(),
            impersonate(),
            login(query="?fields=mfaId"),
            login(query="?fields=token&expand=organization"),
            login("bob", save={"mfa": "mfaId"}),
            come(mfaId="{mfa}"),
        )
    finally:
        pair.check(options(mfa={"enabled": False, "rule": ""}))


MANAGED = [
    {"email": "managed@example.com"},
    {"verified": True},
    {"verified": False},
    {"emailVisibility": True},
    {"password": "managed123", "passwordConfirm": "managed123"},
    {"password": "managed123", "passwordConfirm": "other"},
    {"password": "managed123"},
    {"password": "short", "passwordConfirm": "short"},
    {"tokenKey": "t" * 40},
    {"oldPassword": "x"},
    {"id": "user00000000999"},
    {"secret": "new"},
]
MANAGE_RULES = [
    None,
    "",
    "id != @request.auth.id",
    "@request.auth.verified = true",
    "@request.body.verified:isset = true",
]


@pytest.mark.parametrize("rule", MANAGE_RULES)
def test_manage_rule(rule: str | None, pair: Pair) -> None:
    """What managers may change of others, make, and see."""
    dave = f"{USERS}/records/{DAVE}"
    fresh = {
        "id": "fresh0000000001",
        "email": "fresh@example.com",
        "password": PASSWORD,
        "passwordConfirm": PASSWORD,
    }
    before = {"email": "dave@example.com", "verified": False, "emailVisibility": True}
    pair.check(options(manageRule=rule, updateRule="", createRule=""))
    for body in MANAGED:
        pair.check(*as_each(q(dave, "PATCH", body), "guest", "alice"))
    for body in ({}, {"verified": True}, {"tokenKey": "t" * 40}, {"secret": "x"}):
        pair.check(
            q(f"{USERS}/records", "POST", {**fresh, **body}, "alice"),
            root(f"{USERS}/records?filter=id='{fresh['id']}'&fields=id,email,verified,secret"),
            root(f"{USERS}/records/{fresh['id']}", "DELETE"),
        )
    pair.check(
        *as_each(q(f"{USERS}/records?sort=id&fields=id,email"), "guest", "alice", "erin"),
        *as_each(q(dave), "guest", "alice", "superuser"),
        root(dave, "PATCH", {**before, "password": PASSWORD, "passwordConfirm": PASSWORD}),
        options(manageRule=None, updateRule="id = @request.auth.id"),
    )


def test_demands_on_passwords(pair: Pair, oidc: Oidc) -> None:
    """Who comes from a provider need not have a password such as the collection asks for."""
    fields = pair.ours.client("superuser").must("GET", USERS)["fields"]
    narrow = {"pattern": "^[0-9]+$", "max": 20}
    changed = [{**f, **narrow} if f["name"] == "password" else f for f in fields]
    pair.check(options(fields=changed, createRule=""))
    for person in ("demanding", "carol"):
        oidc.user(person, f"{person}@example.com")
        pair.check(come(createData={"id": "demanding000001"}))
    pair.check(options(fields=fields))


# -- tokens


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_how_long_tokens_last(pair: Pair) -> None:
    """As their collection says, or as the caller of an impersonation; to the second."""
    lasting = {"authToken": {"duration": 111}, "fileToken": {"duration": 222}}
    pair.check(options(**lasting), login(save={"me": "token"}))
    asked = [
        ("me", None),
        ("refreshed", q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{me}"}, save={"refreshed": "token"})),
        ("file", q("/api/files/token", "POST", headers={"Authorization": "{me}"}, save={"file": "token"})),
        ("usual", root(f"{USERS}/impersonate/{ALICE}", "POST", {}, save={"usual": "token"})),
        ("short", root(f"{USERS}/impersonate/{ALICE}", "POST", {"duration": 5}, save={"short": "token"})),
        ("staff", login("erin@example.com", STAFF, save={"staff": "token"})),
        ("superuser", login("root@example.com", SUPER, password="1234567890", save={"superuser": "token"})),
    ]  # fmt: skip
    pair.check(*(step for _, step in asked if step is not None))
    for name, _ in asked:
        theirs, ours = (_claims(side.saved[name]) for side in (pair.reference, pair.ours))

        assert abs(theirs.pop("exp") - ours.pop("exp")) <= 30, name
        assert theirs.keys() == ours.keys()
        assert [theirs[k] for k in ("type", "refreshable") if k in theirs] == [ours[k] for k in ("type", "refreshable") if k in ours]  # fmt: skip
    pair.check(options(authToken={"duration": 432000}, fileToken={"duration": 180}))


def test_an_impersonation_is_not_renewed(pair: Pair) -> None:
    """The same token comes back, whatever is asked; it may do what its owner may."""
    as_alice = {"headers": {"Authorization": "{short}"}}
    pair.check(
        root(f"{USERS}/impersonate/{ALICE}", "POST", {"duration": 500}, save={"short": "token"}),
        q(f"{USERS}/auth-refresh?fields=record.email", "POST", **as_alice),
        q(f"{USERS}/records/{ALICE}?fields=email,secret", **as_alice),
        q("/api/files/token?fields=x", "POST", **as_alice),
        q(f"{USERS}/impersonate/{BOB}", "POST", {}, **as_alice),
    )
    sides = (pair.reference, pair.ours)
    for side in sides:
        again = side.client().ask(
            "POST", f"{USERS}/auth-refresh", headers={"Authorization": side.saved["short"]}
        )

        assert again.json()["token"] == side.saved["short"]


def test_tokens_of_other_kinds(pair: Pair) -> None:
    """A file token signs nobody in, an auth token opens no file, neither those of others."""
    pair.check(
        q("/api/files/token", "POST", who="alice", save={"file": "token"}),
        q("/api/files/token", "POST", who="superuser", save={"root": "token"}),
        *(
            q(url, method, headers={"Authorization": name})
            for name in ("{file}", "{root}", "Bearer {file}")
            for method, url in (
                ("POST", f"{USERS}/auth-refresh"),
                ("GET", f"{USERS}/records/{ALICE}?fields=email"),
                ("GET", "/api/collections"),
                ("POST", "/api/files/token"),
            )
        ),
    )


# -- answers

SHOWN = [
    "?fields=token",
    "?fields=record",
    "?fields=record.id,record.expand.organization.name&expand=organization",
    "?fields=*,record.email",
    "?fields=meta",
    "?fields=meta.email,meta.rawUser,token",
    "?fields=",
    "?fields=,",
    "?fields=record.*",
    "?fields=record.name:excerpt(2,true)",
    "?expand=organization,permissions&fields=record.expand",
    "?expand=nope,organization.nope&fields=record.expand",
    "?expand=posts_via_author&fields=record.expand",
    "?EXPAND=organization&fields=record.expand",
]


@pytest.mark.parametrize("query", SHOWN)
def test_what_answers_show(query: str, pair: Pair, oidc: Oidc) -> None:
    """The same pickers and expands after every way to sign in."""
    oidc.user("bob", "bob@example.com")
    pair.check(
        come(query=query), refresh("alice", query), refresh("bob", query), impersonate(ALICE, query)
    )


# -- superusers

SECOND = {
    "id": "super0000000008",
    "email": "second@example.com",
    "password": PASSWORD,
    "passwordConfirm": PASSWORD,
}
SUPERUSERS = [
    root(f"{SUPER}/records", "POST", {**SECOND, "verified": False, "emailVisibility": True}),
    q(f"{SUPER}/auth-with-password?fields=record.verified,record.emailVisibility,token", "POST", {"identity": SECOND["email"], "password": PASSWORD}, save={"me": "token"}),
    *(
        q(f"{SUPER}/records/{SECOND['id']}", "PATCH", body, headers={"Authorization": "{me}"})
        for body in ({"verified": False}, {"email": ""}, {"email": "root@example.com"}, {"email": "SECOND@example.com"}, {"tokenKey": "x"}, {"password": "short", "passwordConfirm": "short"}, {"password": "x" * 9, "passwordConfirm": "x"}, {"oldPassword": "wrong"}, {"id": "super0000000009"})
    ),
    root(f"{SUPER}/impersonate/{SECOND['id']}", "POST", {}),
    root(f"{SUPER}/impersonate/{SECOND['id']}?fields=record.email", "POST", {"duration": 9}),
    *(
        options(SUPER, **body)
        for body in ({"authRule": "id != ''"}, {"manageRule": ""}, {"listRule": ""}, {"passwordAuth": {"enabled": False}}, {"oauth2": {"enabled": True}}, {"mfa": {"enabled": True}}, {"name": "_admins"})
    ),
    root(f"{SUPER}?fields=authRule,manageRule,listRule,passwordAuth,oauth2.enabled,mfa,name"),
    *as_each(q(f"{SUPER}/auth-methods"), "guest"),
    *as_each(q(f"{SUPER}/records"), "guest", "alice"),
    *as_each(q(f"{SUPER}/auth-with-oauth2", "POST", {"provider": "oidc", "code": "c"}), "guest", "superuser"),
    *as_each(q(f"{SUPER}/request-otp", "POST", {"email": "root@example.com"}), "guest"),
    *as_each(q(f"{SUPER}/impersonate/{SECOND['id']}", "POST", {}), "guest", "alice"),
    root(f"{SUPER}/records/{SECOND['id']}", "DELETE"),
    q(f"{SUPER}/auth-refresh", "POST", headers={"Authorization": "{me}"}),
]  # fmt: skip


def test_superusers(pair: Pair) -> None:
    """What holds for superusers alone."""
    pair.check(*SUPERUSERS)
