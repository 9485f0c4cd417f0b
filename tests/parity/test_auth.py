"""
Auth collections: methods, password login, refresh, passwords, tokens that cross servers.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

USERS = "/api/collections/users"
STAFF = "/api/collections/staff"
SUPER = "/api/collections/_superusers"


def login(identity: Any, password: Any = PASSWORD, url: str = USERS, **more: Any) -> Scenario:
    return q(
        f"{url}/auth-with-password", "POST", {"identity": identity, "password": password, **more}
    )


METHODS = [
    *(
        q(f"/api/collections/{name}/auth-methods", who=who)
        for name in ("users", "staff", "_superusers", "_pb_users_auth_", "posts", "nope", "stats")
        for who in ("guest", "superuser")
    ),
    q(f"{USERS}/auth-methods?fields=password"),
    q(f"{USERS}/auth-methods", "POST", {}),
]

LOGINS: list[Scenario] = [
    login("alice@example.com"),
    login("ALICE@example.com"),
    login("alice"),
    login("ALICE"),
    login(" alice "),
    login("alice", "wrong"),
    login("nobody@example.com"),
    login("nobody"),
    login(""),
    login("alice", ""),
    login("", ""),
    login(None, None),
    login(5, 5),
    login(["alice"], PASSWORD),
    login("alice", PASSWORD + " "),
    login("alice", "x" * 72),
    login("alice", "x" * 71),
    login("x" * 255),
    login("x" * 256),
    login("alice", "\u0000"),
    login("%"),
    login("user00000000001"),
    login("Alice"),
    login("alice", identityField="username"),
    login("alice", identityField="email"),
    login("alice@example.com", identityField="email"),
    login("alice@example.com", identityField="username"),
    login("Alice", identityField="name"),
    login("alice", identityField="nope"),
    login("alice", identityField=""),
    login("alice", identityField=5),
    login("carol@example.com"),
    login("erin@example.com", url=STAFF),
    login("grace@example.com", url=STAFF),
    login("erin", url=STAFF),
    login("alice@example.com", url=STAFF),
    login("root@example.com", "1234567890", SUPER),
    login("ROOT@example.com", "1234567890", SUPER),
    login("root@example.com", "wrong", SUPER),
    login("alice", url="/api/collections/posts"),
    login("alice", url="/api/collections/nope"),
    login("alice", mfaId="nope"),
    q(f"{USERS}/auth-with-password", "POST", {}),
    q(f"{USERS}/auth-with-password", "POST", []),
    q(f"{USERS}/auth-with-password", "POST", "nonsense", headers={"Content-Type": "application/json"}),
    q(f"{USERS}/auth-with-password", "POST"),
    q(f"{USERS}/auth-with-password", "POST", {"IDENTITY": "alice", "PassWord": PASSWORD}),
    q(f"{USERS}/auth-with-password", "POST", f"identity=alice&password={PASSWORD}", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    q(f"{USERS}/auth-with-password?expand=organization,permissions&fields=token,record.name,record.expand", "POST", {"identity": "alice", "password": PASSWORD}),
    q(f"{USERS}/auth-with-password", "POST", {"identity": "alice", "password": PASSWORD}, who="bob"),
    q(f"{USERS}/auth-with-password", "POST", {"identity": "bob", "password": PASSWORD}, who="superuser"),
]  # fmt: skip

REFRESH = [
    *as_each(q(f"{USERS}/auth-refresh", "POST"), "guest", "alice", "bob", "erin", "superuser"),
    *as_each(q(f"{STAFF}/auth-refresh", "POST"), "guest", "alice", "erin", "frank", "superuser"),
    *as_each(q(f"{SUPER}/auth-refresh", "POST"), "guest", "alice", "superuser"),
    q("/api/collections/posts/auth-refresh", "POST", who="alice"),
    q("/api/collections/nope/auth-refresh", "POST", who="alice"),
    q(f"{USERS}/auth-refresh", "POST", {"x": 1}, who="alice"),
    q(
        f"{USERS}/auth-refresh?expand=organization&fields=record.expand,record.email",
        "POST",
        who="alice",
    ),
    q(f"{USERS}/auth-refresh", "GET", who="alice"),
]


@pytest.mark.parametrize("scenario", METHODS, ids=str)
def test_methods(scenario: Scenario, pair: Pair) -> None:
    """The ways to log in are told alike."""
    pair.check(scenario)


@pytest.mark.parametrize(("number", "scenario"), list(enumerate(LOGINS)))
def test_login(number: int, scenario: Scenario, pair: Pair) -> None:
    """Right and wrong passwords, identities and forms."""
    pair.check(scenario)


@pytest.mark.parametrize("scenario", REFRESH, ids=str)
def test_refresh(scenario: Scenario, pair: Pair) -> None:
    """A token is renewed for its own collection only."""
    pair.check(scenario)


# -- tokens ----------------------------------------------------------------------------------------


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def _tampered(token: str) -> dict[str, str]:
    head, body, sign = token.split(".")
    claims = _claims(token)
    return {
        "as it is": token,
        "bearer": f"Bearer {token}",
        "lower bearer": f"bearer {token}",
        "upper bearer": f"BEARER {token}",
        "two spaces": f"Bearer  {token}",
        "basic": f"Basic {token}",
        "trailing space": f"{token} ",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "cut": token[:-1],
        "other signature": f"{head}.{body}.{sign[::-1]}",
        "alg none": f"{_b64({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "other user": f"{head}.{_b64({**claims, 'id': 'user00000000002'})}.{sign}",
        "no claims": f"{head}.{_b64({})}.{sign}",
        "file type": f"{head}.{_b64({**claims, 'type': 'file'})}.{sign}",
        "nonsense": "nonsense",
        "empty": "",
        "dots": "..",
        "list": f"{head}.{_b64([1])}.{sign}",
    }


CASES = list(_tampered(f"{_b64({'alg': 'HS256'})}.{_b64({'id': ''})}.sign"))


@pytest.mark.parametrize("case", CASES)
def test_tampered(case: str, pair: Pair) -> None:
    """A token that was touched makes a guest of its bearer."""
    headers = {"Authorization": _tampered(pair.ours.tokens["alice"])[case]}
    pair.check(
        q(f"{USERS}/auth-refresh", "POST", headers=headers, name=case),
        q(f"{USERS}/records/user00000000001?fields=email,id", headers=headers, name=case),
        q("/api/collections/rule_auth/records?fields=id", headers=headers, name=case),
    )


def test_tokens_cross(pair: Pair) -> None:
    """A token made by either server is accepted by the other."""
    for giver, taker in ((pair.reference, pair.ours), (pair.ours, pair.reference)):
        for url, name in (
            (USERS, "dave@example.com"),
            (STAFF, "erin@example.com"),
            (SUPER, "root@example.com"),
        ):
            token = giver.client().must(
                "POST", f"{url}/auth-with-password", {"identity": name, "password": PASSWORD}
            )["token"]
            answer = taker.client().ask(
                "POST", f"{url}/auth-refresh", headers={"Authorization": token}
            )

            assert answer.status == 200, answer.text
            assert answer.json()["record"]["email"] == name
            assert set(_claims(token)) == {"id", "type", "collectionId", "exp", "refreshable"}


# -- passwords and accounts ------------------------------------------------------------------------

ME = f"{USERS}/records/user00000000004"
NEW = {
    "id": "user00000000050",
    "email": "new@example.com",
    "password": "abcdefgh1",
    "passwordConfirm": "abcdefgh1",
}
ACCOUNTS: dict[str, list[Scenario]] = {
    "create": [
        q(f"{USERS}/records", "POST", {}),
        q(f"{USERS}/records", "POST", {"email": "new@example.com"}),
        q(f"{USERS}/records", "POST", {**NEW, "passwordConfirm": "other"}),
        q(f"{USERS}/records", "POST", {**NEW, "passwordConfirm": None}),
        q(f"{USERS}/records", "POST", {**NEW, "password": "short", "passwordConfirm": "short"}),
        q(f"{USERS}/records", "POST", {**NEW, "password": "x" * 72, "passwordConfirm": "x" * 72}),
        q(f"{USERS}/records", "POST", {**NEW, "password": 1234567890, "passwordConfirm": 1234567890}),
        q(f"{USERS}/records", "POST", {**NEW, "email": "alice@example.com"}),
        q(f"{USERS}/records", "POST", {**NEW, "email": "ALICE@EXAMPLE.COM", "id": "user00000000059"}),
        q(f"{USERS}/records", "POST", {**NEW, "email": "bad"}),
        q(f"{USERS}/records", "POST", {**NEW, "username": "ALICE"}),
        q(f"{USERS}/records", "POST", {**NEW, "verified": True}),
        q(f"{USERS}/records", "POST", {**NEW, "tokenKey": "x" * 40}),
        q(f"{USERS}/records", "POST", {**NEW, "id": "user00000000051", "email": "", "username": "mail-less"}),
        q(f"{USERS}/records", "POST", {**NEW, "id": "user00000000052", "email": "new2@example.com"}, who="superuser"),
        q(f"{USERS}/records", "POST", {**NEW, "id": "user00000000053", "email": "new3@example.com", "verified": True, "tokenKey": "y" * 40}, who="superuser"),
        q(f"{USERS}/records", "POST", {**NEW, "id": "user00000000054", "email": "new4@example.com", "tokenKey": "y"}, who="superuser"),
        q(f"{USERS}/records", "POST", NEW),
        login("new@example.com", "abcdefgh1"),
        q(f"{USERS}/records?sort=id", who="superuser"),
    ],
    "change own": [
        q(f"{USERS}/auth-with-password", "POST", {"identity": "dave", "password": PASSWORD}, save={"dave": "token"}),
        *(
            q(ME, "PATCH", body, headers={"Authorization": "{dave}"})
            for body in (
                {"name": "David"},
                {"email": "other@example.com"},
                {"email": "dave@example.com"},
                {"email": ""},
                {"verified": True},
                {"verified": False},
                {"emailVisibility": False},
                {"tokenKey": "z" * 40},
                {"username": "BOB"},
                {"username": "dave2"},
                {"password": "newpassword1"},
                {"password": "newpassword1", "passwordConfirm": "newpassword1"},
                {"password": "newpassword1", "passwordConfirm": "newpassword1", "oldPassword": "wrong"},
                {"password": "newpassword1", "passwordConfirm": "nope", "oldPassword": PASSWORD},
                {"password": "", "passwordConfirm": "", "oldPassword": PASSWORD},
                {"oldPassword": "wrong"},
                {"passwordConfirm": "x"},
                {"id": "user00000000999"},
            )
        ),
        q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{dave}"}),
        q(ME, "PATCH", {"password": "newpassword1", "passwordConfirm": "newpassword1", "oldPassword": PASSWORD}, headers={"Authorization": "{dave}"}),
        q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{dave}"}),
        login("dave2"),
        login("dave2", "newpassword1"),
    ],
    "superuser changes": [
        q(f"{USERS}/records/user00000000003", "PATCH", {"password": "changed123", "passwordConfirm": "changed123"}, who="superuser"),
        q(f"{USERS}/auth-refresh", "POST", who="carol"),
        login("carol", "changed123"),
        q(f"{USERS}/records/user00000000003", "PATCH", {"email": "carol2@example.com", "verified": True}, who="superuser"),
        login("carol2@example.com", "changed123"),
        q(f"{USERS}/records/user00000000003", "PATCH", {"password": "changed123"}, who="superuser"),
        q(f"{USERS}/records/user00000000003", "PATCH", {"password": "short", "passwordConfirm": "short"}, who="superuser"),
    ],
    "managers": [
        q(f"{STAFF}/records/staff0000000002", "PATCH", {"email": "frank2@example.com", "verified": False}, who="frank"),
        q(f"{STAFF}/records/staff0000000002", "PATCH", {"email": "frank2@example.com", "nick": "Franky"}, who="erin"),
        q(f"{STAFF}/records/staff0000000002", "PATCH", {"password": "managed123", "passwordConfirm": "managed123"}, who="erin"),
        login("frank2@example.com", "managed123", STAFF),
        q(f"{STAFF}/records/staff0000000002", "PATCH", {"verified": False}, who="erin"),
        login("frank2@example.com", "managed123", STAFF),
        q(f"{STAFF}/records/staff0000000001", who="erin"),
        q(f"{STAFF}/records", "POST", {"id": "staff0000000009", "email": "x@example.com", "password": "managed123", "passwordConfirm": "managed123"}, who="erin"),
        q(f"{STAFF}/records/staff0000000003", "DELETE", who="erin"),
        q(f"{STAFF}/records?sort=id", who="erin"),
        q(f"{STAFF}/records?sort=id", who="alice"),
    ],
    "superusers": [
        q(f"{SUPER}/records", "POST", {"id": "super0000000001", "email": "two@example.com", "password": "1234567890", "passwordConfirm": "1234567890"}, who="superuser"),
        login("two@example.com", "1234567890", SUPER),
        q(f"{SUPER}/records/super0000000001", "PATCH", {"password": "0987654321", "passwordConfirm": "0987654321"}, who="superuser"),
        login("two@example.com", "0987654321", SUPER),
        q(f"{SUPER}/records/super0000000001", "PATCH", {"email": "three@example.com"}, who="superuser"),
        q(f"{SUPER}/records/super0000000001", who="alice"),
        q(f"{SUPER}/records/super0000000001", "DELETE", who="alice"),
        q(f"{SUPER}/records/super0000000001", "DELETE", who="superuser"),
        q(f"{SUPER}/records?fields=email", who="superuser"),
    ],
    "secret rotated": [
        q(USERS, "PATCH", {"authRule": "verified = true"}, who="superuser"),
        q(f"{USERS}/auth-refresh", "POST", who="bob"),
        login("bob"),
        login("new@example.com", "abcdefgh1"),
        q(USERS, "PATCH", {"authRule": None}, who="superuser"),
        login("bob"),
        login("bob", "wrong"),
        q(USERS, "PATCH", {"authRule": "", "passwordAuth": {"enabled": False, "identityFields": ["email"]}}, who="superuser"),
        login("bob"),
        q(f"{USERS}/auth-methods"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", ACCOUNTS)
def test_accounts(name: str, pair: Pair) -> None:
    """Accounts are made, changed, managed and locked out in the same way."""
    pair.check(*ACCOUNTS[name])
