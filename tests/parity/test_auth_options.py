"""
Options of auth collections: which identities sign in, which settings are refused.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

CREW = "/api/collections/crew"
FIELDS: list[dict[str, Any]] = [
    {"name": "num", "type": "number"},
    {"name": "nick", "type": "text"},
    {"name": "tel", "type": "text"},
    {"name": "mail2", "type": "email"},
    {"name": "site", "type": "url"},
    {"name": "rel", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1},
    {"name": "email", "type": "email", "system": True, "required": False},
    {"name": "password", "type": "password", "system": True, "hidden": True, "required": True, "min": 8, "cost": 4},
]  # fmt: skip
IDENTITIES = (
    "one@example.com", "5", "7", "5.0", "Nick", "nick", "NICK", "two@example.com", "TWO@example.com", "m1@example.com",
    "https://a.b", "crew00000000001", "user00000000001", "", 5, "05", "5 ", "0",
)  # fmt: skip
TOKENS = ("authToken", "passwordResetToken", "emailChangeToken", "verificationToken", "fileToken")
LETTERS = ("verificationTemplate", "resetPasswordTemplate", "confirmEmailChangeTemplate")


def _index(field: str, collation: str = "") -> str:
    return f"CREATE UNIQUE INDEX `idx_{field}_crew` ON `crew` (`{field}`{collation})"


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any) -> Pair:
    """Return both servers, with an auth collection that has identities of all kinds."""
    pair = Pair(reference, ours)
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    indexes = [_index(f, " COLLATE NOCASE" if f == "nick" else "") for f in ("num", "nick", "tel", "mail2", "site", "rel")]  # fmt: skip
    body = {"name": "crew", "type": "auth", "id": "pbc_crew", "fields": FIELDS, "indexes": indexes}
    people = [
        {"email": "one@example.com", "num": 5, "nick": "Nick", "tel": "one@example.com2", "mail2": "m1@example.com"},
        {"email": "", "num": 7, "nick": "two@example.com", "tel": "5", "mail2": "m2@example.com"},
        {"email": "two@example.com", "num": 9, "nick": "three", "tel": "Nick", "mail2": "one@example.com"},
    ]  # fmt: skip
    pair.check(
        root("/api/collections?fields=name,indexes", "POST", {**body, **rules}),
        *(_member(number, person) for number, person in enumerate(people, 1)),
    )
    return pair


def _member(number: int, person: dict[str, Any]) -> Scenario:
    links = {"site": f"https://{'abc'[number - 1]}.b", "rel": f"user0000000000{number}"}
    secret = {"password": PASSWORD, "passwordConfirm": PASSWORD}
    return root(f"{CREW}/records", "POST", {"id": f"crew{number:011}", **person, **links, **secret})


def root(url: str, method: str = "GET", body: Any = None) -> Scenario:
    return q(url, method, body, who="superuser")


def change(**options: Any) -> Scenario:
    return root(f"{CREW}?fields=name,passwordAuth,otp.enabled,mfa", "PATCH", options)


def identities(*names: str) -> Scenario:
    return change(passwordAuth={"enabled": True, "identityFields": list(names)})


def login(identity: Any, **more: Any) -> Scenario:
    body = {"identity": identity, "password": PASSWORD, **more}
    return q(f"{CREW}/auth-with-password", "POST", body)


def test_what_can_be_an_identity(pair: Pair) -> None:
    """Fields with a unique index of their own."""
    lists = ([], ["nope"], ["id"], ["password"], ["tokenKey"], ["verified"], ["num"], ["nick"], ["rel"],
             ["mail2", "email"], ["email", "email"], ["", "email"], ["Email"])  # fmt: skip
    pair.check(*(identities(*names) for names in lists))


def test_identities(pair: Pair) -> None:
    """Which record an identity means, among fields that hold each other's values."""
    fields = ("email", "num", "nick", "tel", "mail2", "site")
    pair.check(
        identities(*fields),
        *(login(identity) for identity in IDENTITIES),
        *(
            login(identity, identityField=field)
            for field in (*fields, "id", "tokenKey")
            for identity in IDENTITIES[:8]
        ),
        *(step for f in ("id", "tokenKey", "rel") for step in (identities(f), login(IDENTITIES[11]), login(IDENTITIES[12]))),
    )  # fmt: skip


def test_password_options(pair: Pair) -> None:
    """Signing in with passwords, switched and set in all ways."""
    odd: list[Any] = [
        {"identityFields": "email"},
        {"identityFields": None},
        None,
        [],
        {"enabled": "yes"},
    ]
    pair.check(
        change(passwordAuth={"enabled": False}),
        login("one@example.com"),
        q(f"{CREW}/auth-methods"),
        change(passwordAuth={"enabled": False, "identityFields": []}),
        q(f"{CREW}/auth-methods"),
        change(passwordAuth={"enabled": True}),
        *(change(passwordAuth=value) for value in odd),
        identities("email"),
    )


def test_codes_and_second_methods(pair: Pair) -> None:
    """Two methods need two methods; lengths and durations have their limits."""
    mfa: list[dict[str, Any]] = [
        {"enabled": True}, {"enabled": True, "duration": 9}, {"enabled": True, "duration": 0}, {"duration": 86401},
        {"rule": "nope = 1"}, {"rule": None}, {"enabled": True, "rule": "@request.auth.id != ''"},
    ]  # fmt: skip
    otp: list[dict[str, Any]] = [
        {"enabled": True}, {"enabled": True, "duration": 9}, {"enabled": True, "length": 3}, {"length": 4},
        {"length": 100}, {"duration": 86401}, {"enabled": True, "emailTemplate": {"subject": "", "body": ""}},
        {"enabled": True, "emailTemplate": {"subject": "x", "body": "no code"}},
    ]  # fmt: skip
    off = {"passwordAuth": {"enabled": False}}
    pair.check(
        *(change(mfa=value) for value in mfa),
        *(change(otp=value) for value in otp),
        change(otp={"enabled": True}, passwordAuth={"enabled": True, "identityFields": ["email"]}),
        change(mfa={"enabled": True, "rule": ""}),
        change(otp={"enabled": False}),
        change(**off),
        change(mfa={"enabled": False}),
        change(otp={"enabled": False}, **off),
        identities("email"),
    )


def test_tokens_and_letters(pair: Pair) -> None:
    """Durations, secrets and templates that are refused."""
    tokens: list[Any] = [
        {"duration": 9}, {"duration": 10}, {"duration": 94670857}, {"duration": "60"}, {"duration": 1.5}, {"secret": "short"},
        {"secret": "x" * 30}, {"secret": ""}, {"secret": "x" * 256}, {}, None,
    ]  # fmt: skip
    letters = (("", ""), ("s", ""), ("s", "no token"), ("s", "{TOKEN}"), ("s{TOKEN}", "x {APP_URL}"), ("s" * 256, "{TOKEN}"))  # fmt: skip
    alerts = ({"subject": "", "body": ""}, {"subject": "s", "body": "x"})
    pair.check(
        *(change(**{name: value}) for name in TOKENS for value in tokens),
        *(change(**{name: {"subject": s, "body": b}}) for name in LETTERS for s, b in letters),
        *(change(authAlert={"enabled": True, "emailTemplate": value}) for value in alerts),
        *(change(**{name: "nope = 1"}) for name in ("authRule", "manageRule")),
    )
