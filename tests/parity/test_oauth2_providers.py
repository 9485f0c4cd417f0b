"""
OAuth2: both servers send people to providers, and understand what these say of them, in the same way.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.test_provider_contract import EMAILS, SAMPLES
from tests.oidc import EC_KEY, Oidc
from tests.parity.oauth2 import MEMBERS, USERS, come, member, set_up, with_members
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

RANDOM = (
    r'(?<="state":")\w+|(?<="codeVerifier":")[\w-]+|(?<="codeChallenge":")[\w-]+|(?<=[?&]state=)\w+'
    r'|(?<=code_challenge=)[\w-]+|(?<="logo":")(?:[^"\\]|\\.)*'
)


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any, oidc: Oidc) -> Pair:
    """Return both servers, with members."""
    return with_members(Pair(reference, ours), oidc)


# -- sending people away


def test_methods(pair: Pair, oidc: Oidc) -> None:
    """All providers with their scopes, and what a collection may change."""
    names = [name for name in SAMPLES if name != "oidc"]
    plain = [{"name": name, "clientId": f"id of {name}&?", "clientSecret": "s"} for name in names]
    methods = q(f"{USERS}/auth-methods", blur=RANDOM)
    pair.check(
        q("/api/collections/meta/oauth2-providers", who="superuser", blur=RANDOM),
        q("/api/collections/meta/oauth2-providers?fields=name", who="superuser"),
        q("/api/collections/meta/oauth2-providers"),
        q("/api/collections/meta/oauth2-providers", who="alice"),
        set_up(*plain, url=USERS),
        methods,
        q(USERS + "?fields=oauth2", who="superuser"),
        set_up(oidc.options(pkce=False, displayName="My own"), url=USERS),
        methods,
        set_up(oidc.options(authURL="https://a.example.com/x?y=1#z", pkce=True), url=USERS),
        methods,
        q(USERS, "PATCH", {"oauth2": {"enabled": False}}, who="superuser", blur=RANDOM),
        methods,
        come(url=USERS),
    )


def test_state_and_verifier_are_fresh(pair: Pair) -> None:
    """The random parts have the same shape and never repeat."""
    for side in (pair.reference, pair.ours):
        first, second = (
            side.client().get(f"{MEMBERS}/auth-methods").json()["oauth2"]["providers"][0]
            for _ in "12"
        )

        assert (len(first["state"]), len(first["codeVerifier"]), len(first["codeChallenge"])) == (
            30,
            43,
            43,
        )
        assert first["state"] != second["state"] and first["codeVerifier"] != second["codeVerifier"]


# -- forms

FORMS = [
    come(""),
    come("nope"),
    come("google"),
    come(code=""),
    come(code="", provider=""),
    come(createData=5),
    come(createData=[]),
    come(createData="x"),
    come(provider=5),
    come(code=["x"]),
    q(f"{MEMBERS}/auth-with-oauth2", "POST", {}),
    q(f"{MEMBERS}/auth-with-oauth2", "POST", "{bad", headers={"Content-Type": "application/json"}),
    q("/api/collections/posts/auth-with-oauth2", "POST", {}),
    q("/api/collections/nope/auth-with-oauth2", "POST", {}),
    q("/api/collections/_superusers/auth-with-oauth2", "POST", {}),
    q(f"{MEMBERS}/auth-with-oauth2", "GET"),
]


@pytest.mark.parametrize("scenario", FORMS, ids=str)
def test_forms(scenario: Scenario, pair: Pair) -> None:
    """What is no form is refused alike."""
    pair.check(scenario)


def test_old_and_other_spellings(pair: Pair, oidc: Oidc) -> None:
    """Old names of the form's fields, names in any case, urlencoded forms."""
    oidc.user("spelling", "spelling@example.com")
    body = {
        "PROVIDER": "oidc",
        "Code": "C",
        "codeverifier": "V",
        "redirectUrl": "https://old/cb",
        "CREATEDATA": {"id": member(4)},
    }
    pair.check(
        q(f"{MEMBERS}/auth-with-oauth2", "POST", body),
        q(
            f"{MEMBERS}/auth-with-oauth2",
            "POST",
            "provider=oidc&code=C&redirectURL=x",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ),
        q(f"{MEMBERS}/auth-with-oauth2?fields=meta.id,record.email", "POST", body),
    )


# -- tokens

TOKENS: dict[str, Any] = {
    "plain": (200, {"access_token": "AT"}),
    "with a kind": (200, {"access_token": "AT", "token_type": "MAC"}),
    "bearer": (200, {"access_token": "AT", "token_type": "bearer", "refresh_token": "RT"}),
    "lives": (200, {"access_token": "AT", "expires_in": "3600"}),
    "empty": (200, {"access_token": ""}),
    "none": (200, {}),
    "error": (200, {"error": "invalid_grant"}),
    "list": (200, []),
    "text": (200, b"nonsense"),
    "form": (200, b"access_token=AT&token_type=bearer", "application/x-www-form-urlencoded"),
    "plain form": (200, b"access_token=AT", "text/plain"),
    "forbidden": (401, {"error": "invalid_client"}),
    "broken": (500, {"access_token": "AT"}),
    "created": (201, {"access_token": "AT"}),
}


@pytest.mark.parametrize("name", TOKENS)
def test_tokens(name: str, pair: Pair, oidc: Oidc) -> None:
    """What a code is exchanged for, and how often a provider is asked."""
    before = oidc.answers["/token"]
    oidc.answers["/token"] = TOKENS[name]
    oidc.user("tokens", "tokens@example.com")
    oidc.seen.clear()
    try:
        pair.check(replace(come(), blur=r'(?<="expiry":")2[^"]*'))
    finally:
        oidc.answers["/token"] = before
    asked = [
        (s["method"], s["path"], s["body"], s["headers"].get("authorization")) for s in oidc.seen
    ]

    assert asked[: len(asked) // 2] == asked[len(asked) // 2 :]


# -- users

USER_ANSWERS: dict[str, Any] = {
    "unauthorized": (401, {"sub": "x", "email": "x@example.com"}),
    "list": (200, []),
    "text": (200, b"nonsense"),
    "empty": (200, b""),
    "no id": (200, {"email": "noid@example.com", "email_verified": True}),
    "number as id": (200, {"sub": 5}),
    "no address": (200, {"sub": "noaddress"}),
    "odd flag": (200, {"sub": "oddflag", "email": "oddflag@example.com", "email_verified": "true"}),
    "odd flag 1": (200, {"sub": "oddflag1", "email": "oddflag1@example.com", "email_verified": 1}),
    "odd flag 0": (200, {"sub": "oddflag0", "email": "oddflag0@example.com", "email_verified": "no"}),
    "bad address": (200, {"sub": "bad", "email": "not an address", "email_verified": True}),
    "upper case": (200, {"sub": "upper", "email": "UPPER@Example.com", "email_verified": True}),
    "nulls": (200, {"sub": "nulls", "email": None, "name": None, "email_verified": None}),
    "other names": (200, {"SUB": "upper", "email": "x@example.com"}),
}  # fmt: skip


@pytest.mark.parametrize("name", USER_ANSWERS)
def test_users(name: str, pair: Pair, oidc: Oidc) -> None:
    """What the provider says about people."""
    oidc.answers["/me"] = USER_ANSWERS[name]
    pair.check(come())


@pytest.mark.parametrize(
    "name", [n for n in SAMPLES if n not in {"apple", "gitee", "planningcenter", "oidc2", "oidc3"}]
)
def test_every_provider(name: str, pair: Pair, oidc: Oidc) -> None:
    """Each provider's answer is understood in the same way; pictures are not fetched."""
    oidc.answers["/me"] = (200, SAMPLES[name][0])
    oidc.answers["/me/emails"] = (200, EMAILS.get(name, []))
    oidc.seen.clear()
    try:
        pair.check(
            set_up(oidc.options(name)),
            come(name),
            q(f"{MEMBERS}/truncate", "DELETE", who="superuser"),
        )
    finally:
        pair.check(set_up(oidc.options()))
    asked = [(s["method"], s["path"], s["headers"].get("authorization")) for s in oidc.seen]

    assert asked[: len(asked) // 2] == asked[len(asked) // 2 :]


# -- tokens that say who it is

ID_TOKENS: dict[str, Any] = {
    "good": {},
    "another audience": {"aud": "other"},
    "several audiences": {"aud": ["other", "client"]},
    "over": {"exp": int(time.time()) - 1000},
    "just over": {"exp": int(time.time()) - 100},
    "from the future": {"iat": int(time.time()) + 1000},
    "not yet": {"nbf": int(time.time()) + 1000},
    "another issuer": {"iss": "https://other"},
    "no issuer": {"iss": None},
    "no expiry": {"exp": None},
    "another key": {"kid": "nope"},
    "no key": {"kid": None},
    "a secret as key": {"alg": "HS256", "key": "secret" * 8},
    "a key of another kind": {"alg": "ES256", "key": EC_KEY, "kid": "rsa"},
    "unverified": {"email_verified": False},
    "flag as text": {"email_verified": "true"},
}
EXTRAS = {"bare": {}, "keys": {"jwksURL": "/jwks"}, "issuers": {"jwksURL": "/jwks", "issuers": ["https://issuer"]}}  # fmt: skip


@pytest.mark.parametrize("extra", EXTRAS)
def test_id_tokens(extra: str, pair: Pair, oidc: Oidc) -> None:
    """Who someone is, read from the token: audience, issuer, time and signature."""
    options = {k: oidc.url + v if isinstance(v, str) else v for k, v in EXTRAS[extra].items()}
    before, found = oidc.answers["/token"], []
    pair.check(set_up(oidc.options("oidc2", userInfoURL="", extra=options)))
    try:
        for case in ID_TOKENS.values():
            claims = {"email": "token@example.com", "email_verified": True, **case}
            oidc.give_id_token(oidc.id_token(**claims))
            found += pair.compare(
                come("oidc2"), q(f"{MEMBERS}/truncate", "DELETE", who="superuser")
            )
        for nonsense in (
            "",
            "x.y.z",
            "x",
            oidc.id_token()[:-4] + "AAAA" if extra != "bare" else "x",
        ):
            oidc.give_id_token(nonsense)
            found += pair.compare(come("oidc2"))
    finally:
        oidc.answers["/token"] = before
        pair.check(set_up(oidc.options()))

    assert found == []
