"""
OAuth2: both servers send people to providers, take them back and link them in the same way.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.contract.test_provider_contract import EMAILS, SAMPLES
from tests.oidc import EC_KEY, Oidc
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

USERS = "/api/collections/users"
MEMBERS = "/api/collections/members"
RANDOM = (
    r'(?<="state":")\w+|(?<="codeVerifier":")[\w-]+|(?<="codeChallenge":")[\w-]+|(?<=[?&]state=)\w+'
    r'|(?<=code_challenge=)[\w-]+|(?<="logo":")(?:[^"\\]|\\.)*'
)
numbers = count(1)


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any, oidc: Oidc) -> Pair:
    """Return both servers, each with an auth collection where an address is optional."""
    pair = Pair(reference, ours)
    fields = [
        {"name": "email", "type": "email", "system": True, "required": False},
        {
            "name": "password",
            "type": "password",
            "system": True,
            "hidden": True,
            "required": True,
            "min": 8,
            "cost": 4,
        },
        {"name": "title", "type": "text"},
        {"name": "handle", "type": "text", "max": 10, "pattern": "^[a-z]+$"},
        {"name": "picture", "type": "url"},
        {"name": "foreign", "type": "text"},
    ]
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    members = {"name": "members", "type": "auth", "fields": fields, **rules}
    pair.check(
        q("/api/collections?fields=name", "POST", members, who="superuser"), set_up(oidc.options())
    )
    return pair


def set_up(
    *providers: dict[str, Any], url: str = MEMBERS, mapped: Any = None, **more: Any
) -> Scenario:
    oauth2 = {"enabled": True, "providers": list(providers)}
    if mapped is not None:
        oauth2["mappedFields"] = {"id": "", "name": "", "username": "", "avatarURL": "", **mapped}
    return q(f"{url}?fields=oauth2.enabled", "PATCH", {"oauth2": oauth2, **more}, who="superuser")


def come(
    provider: Any = "oidc",
    url: str = MEMBERS,
    who: str = "guest",
    headers: Any = None,
    **more: Any,
) -> Scenario:
    """Return the sign-in; a new record gets an id that is the same on both sides."""
    data = more.pop("createData", {})
    if isinstance(data, dict):
        data = {"id": member(next(numbers) + 5000), **data}
    body = {
        "provider": provider,
        "code": "CODE",
        "codeVerifier": "V" * 43,
        "redirectURL": "https://app/cb",
        "createData": data,
        **more,
    }
    return q(f"{url}/auth-with-oauth2", "POST", body, who=who, headers=headers or {})


def register(number: int, email: str, password: str = "1234567890", **more: Any) -> Scenario:
    body = {
        "id": member(number),
        "email": email,
        "password": password,
        "passwordConfirm": password,
        **more,
    }
    return q(f"{MEMBERS}/records", "POST", body, who="superuser")


def log_in(email: str, password: str = "1234567890", **more: Any) -> Scenario:
    return q(
        f"{MEMBERS}/auth-with-password", "POST", {"identity": email, "password": password}, **more
    )


def member(number: int) -> str:
    return f"member{number:09d}"


def links() -> Scenario:
    return q(
        "/api/collections/_externalAuths/records?sort=providerId&fields=provider,providerId,recordRef",
        who="superuser",
    )


def everybody() -> Scenario:
    return q(
        f"{MEMBERS}/records?sort=email&fields=id,email,verified,title,handle,foreign,picture",
        who="superuser",
    )


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


MAPPED = [
    ({"id": "foreign", "name": "title", "username": "handle", "avatarURL": "picture"}, {"preferred_username": "fits"}, {}),
    ({"username": "handle"}, {"preferred_username": "UPPER 1"}, {}),
    ({"username": "handle"}, {"preferred_username": "farfartoolong"}, {}),
    ({"username": "handle"}, {"preferred_username": "fits"}, {}),
    ({"username": "handle"}, {"preferred_username": "Fits"}, {}),
    ({"username": "handle"}, {"preferred_username": ""}, {}),
    ({"name": "title", "username": "handle"}, {"preferred_username": "mapped"}, {"title": "own", "handle": "own"}),
    ({"name": "title", "username": "handle"}, {"preferred_username": "again"}, {"title": "", "handle": ""}),
    ({"name": "nope", "username": "nope"}, {"preferred_username": "any"}, {}),
    ({"avatarURL": "picture"}, {"picture": "not a url"}, {}),
    ({"name": "handle"}, {"name": "Not Fit"}, {}),
    ({"name": "email"}, {"name": "other@example.com"}, {}),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MAPPED)))
def test_mapped_fields(number: int, pair: Pair, oidc: Oidc) -> None:
    """What the provider says goes into the fields that the collection names."""
    mapped, said, data = MAPPED[number]
    oidc.user(
        f"mapped{number}",
        f"mapped{number}@example.com",
        **{"name": "Name", "picture": "https://p/x.png", **said},
    )
    pair.check(set_up(oidc.options(), mapped=mapped), come(createData=data), come())


@pytest.mark.parametrize("rule", ["title:isset = true", "handle:isset = true", "title = ''"])
def test_rules_see_what_is_mapped(rule: str, pair: Pair, oidc: Oidc) -> None:
    """What the provider says, and be it nothing, counts as said in the body."""
    mapped = {"name": "title", "username": "handle"}
    more = {"createRule": f"@request.body.{rule}"}
    pair.check(set_up(oidc.options(), mapped=mapped, **more))
    for said in ({}, {"name": "Name"}, {"preferred_username": "fits"}, {"name": ""}):
        number = next(numbers)
        oidc.user(f"seen{number}", f"seen{number}@example.com", **said)
        pair.check(come())
    pair.check(set_up(oidc.options(), mapped={}, createRule=""))


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


# -- the way back

REDIRECTS = [
    q("/api/oauth2-redirect"),
    q("/api/oauth2-redirect?state=x&code=1"),
    q("/api/oauth2-redirect?state=x&code=1&error=no"),
    q("/api/oauth2-redirect?state=https://evil.example.com/&code=1"),
    q("/api/oauth2-redirect", "HEAD"),
    q("/api/oauth2-redirect", "PUT", {}),
    *(
        q("/api/oauth2-redirect", "POST", body, headers={"Content-Type": kind})
        for body, kind in (
            ("state=x&code=1", "application/x-www-form-urlencoded"),
            ('{"state":"x"}', "application/json"),
            ("{bad", "application/json"),
            ("x", "text/plain"),
        )
    ),
]


@pytest.mark.parametrize("scenario", REDIRECTS, ids=str)
def test_redirects_that_fail(scenario: Scenario, pair: Pair) -> None:
    """Nobody is sent anywhere but to our own page."""
    pair.check(scenario)


# -- Apple's secret

APPLE = "/api/settings/apple/generate-client-secret"
SECRETS: list[dict[str, Any]] = [
    {},
    {"clientId": "", "teamId": "x", "keyId": "x" * 11, "privateKey": "x", "duration": -1},
    {"clientId": "c", "teamId": "x" * 10, "keyId": "x" * 10, "privateKey": "x", "duration": 15777001},
    {"clientId": "c", "teamId": "é" * 5, "keyId": "x" * 10, "privateKey": "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----", "duration": "5"},
    {"duration": 1.5},
    {"duration": True},
    {"clientId": 5},
]  # fmt: skip


@pytest.mark.parametrize("body", SECRETS, ids=str)
def test_apple_secret(body: dict[str, Any], pair: Pair) -> None:
    """What makes no secret is refused alike."""
    pair.check(*(q(APPLE, "POST", body, who=who) for who in ("superuser", "alice", "guest")))


def _keys() -> dict[str, str]:
    right, wrong, rsa_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65537, 2048),
    )
    pem = _pem(right)
    return {
        "right": pem,
        "another curve": _pem(wrong),
        "RSA": _pem(rsa_key),
        "on one line": pem.replace("\n", ""),
        "other line ends": pem.replace("\n", "\r\n"),
    }


def _pem(key: Any) -> str:
    kind = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, kind, plain), "ascii")


def test_keys_for_apples_secret(pair: Pair) -> None:
    """Only a key of the right kind, in the right form, signs; the others are refused alike."""
    form = {"clientId": "c", "teamId": "x" * 10, "keyId": "y" * 10, "duration": 60}
    blur = r'"secret":"[^"]+"'
    pair.check(
        *(
            q(APPLE, "POST", {**form, "privateKey": key}, who="superuser", name=name, blur=blur)
            for name, key in _keys().items()
        ),
        *(
            q(APPLE, "POST", "{}", who="superuser", headers={"Content-Type": kind})
            for kind in ("text/plain", "APPLICATION/JSON", "")
        ),
    )
