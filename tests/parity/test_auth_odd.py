"""
Odd input to everything that signs people in: values of other kinds, foreign text, too much, too little.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.oidc import Oidc
from tests.parity.post import JSON, USERS
from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

VALUES: list[Any] = [
    None, "", " ", "\t\n", 0, 1, -1, 1.5, 1e300, True, False, [], [""], ["x", "y"], [None], {}, {"a": 1},
    "x" * 255, "x" * 256, "é" * 127 + "x", "é" * 128, "é" * 200, "日" * 90, "x" * 6000, "😀", "\u0000", "a\u0000b",
    "\u202e\ufeff\u200b", "null", "%", "_", "'", '"', "\\", "{:x}", "@request.auth.id", "1 OR 1=1",
]  # fmt: skip
RAW = ('"\\ud800"', '"\\udc00\\ud800"', "12345678901234567890123", '"\\u0000"', "01", "tru")
ADDRESSES: list[Any] = [
    "a@b", "a@b.c", "a@b.co", "a@b.co ", " a@b.co", "a@b.co\n", "A@B.CO", "a b@c.de", "a@b@c.de", "ä@ö.de", "a@ö.de",
    "a@xn--nda.de", "a@[127.0.0.1]", "a@127.0.0.1", '"a b"@c.de', "a+b@c.de", ".a@c.de", "a.@c.de", "a..b@c.de",
    "a@-c.de", "a@c-.de", "a@c..de", "a@.de", "a@c.d", "a@c.123", "a@c_d.de", "<a@c.de>", "Ann <a@c.de>",
    "a@c.de,b@c.de", "a@c.de\r\nBcc: x@y.zz", "a@" + "b" * 63 + ".de", "a@" + "b" * 64 + ".de", "a" * 64 + "@c.de",
    "a" * 65 + "@c.de", "a@" + "b." * 120 + "de", "a@c.de\u0000", "a@ⓒ.de", "\uff41@c.de", "😀@c.de", "a@c。de",
    "NOBODY@example.com", "alice@EXAMPLE.com",
]  # fmt: skip
LOGIN = {"identity": "ann", "password": PASSWORD}
CODE = {"provider": "oidc", "code": "c", "codeVerifier": "v", "redirectURL": "https://app/cb"}
RESET = {"token": "x", "password": "longenough", "passwordConfirm": "longenough"}
FORMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "auth-with-password": ("identity password identityField", LOGIN, "guest"),
    "auth-with-oauth2": (
        "provider code codeVerifier redirectURL redirectUrl createData mfaId",
        CODE,
        "guest",
    ),
    "request-otp": ("email", {}, "guest"),
    "auth-with-otp": ("otpId password mfaId", {"otpId": "x", "password": "y"}, "guest"),
    "request-verification": ("email", {}, "guest"),
    "confirm-verification": ("token", {}, "guest"),
    "request-password-reset": ("email", {}, "guest"),
    "confirm-password-reset": ("token password passwordConfirm", RESET, "guest"),
    "request-email-change": ("newEmail", {}, "alice"),
    "confirm-email-change": ("token password", {"token": "x", "password": "y"}, "guest"),
    "impersonate/user00000000001": ("duration", {}, "superuser"),
    "impersonate/nope": ("duration", {}, "superuser"),
}


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any) -> Iterator[Pair]:
    """Return both servers, with every way to sign in open, and a provider that knows nobody."""
    provider = Oidc()
    provider.answers["/token"] = (400, {"error": "invalid_grant"})
    options: dict[str, Any] = {
        "otp": {"enabled": True},
        "oauth2": {"enabled": True, "providers": [provider.options()]},
    }
    pair = Pair(reference, ours)
    # NOTE: no letter may leave this machine
    nowhere = {"smtp": {"enabled": True, "host": "127.0.0.1", "port": 1, "tls": False}}
    # NOTE: a cheap password, as there is a lot of signing in here
    fields = ours.client("superuser").must("GET", USERS)["fields"]
    options["fields"] = [{**f, "cost": 4} if f["name"] == "password" else f for f in fields]
    secret = {"password": PASSWORD, "passwordConfirm": PASSWORD}
    ann = {"id": "ann000000000001", "email": "ann@example.com", "username": "ann", **secret}
    pair.check(
        q("/api/settings?fields=smtp.port", "PATCH", nowhere, who="superuser"),
        q(f"{USERS}?fields=otp.enabled", "PATCH", options, who="superuser"),
        q(f"{USERS}/records", "POST", ann, who="superuser"),
    )
    yield pair
    provider.close()


def cases(action: str) -> list[Scenario]:
    """Return one form with each of its fields in turn being odd."""
    names, base, who = FORMS[action]
    url, odd = f"{USERS}/{action}", []
    for name in names.split():
        values = [*VALUES, *(ADDRESSES if name.lower().endswith("email") else ())]
        odd += [q(url, "POST", {**base, name: value}, who) for value in values]
        odd += [q(url, "POST", _with_raw({**base, name: 0}, raw), who, headers=JSON) for raw in RAW]
        odd.append(q(url, "POST", {k: v for k, v in base.items() if k != name}, who))
    return odd


def _with_raw(body: dict[str, Any], raw: str) -> str:
    return (
        json.dumps(body)[:-2] + raw + "}"
        if list(body.values())[-1] == 0
        else json.dumps(body).replace(": 0", f": {raw}")
    )


@pytest.mark.parametrize("action", FORMS)
def test_odd_values(action: str, pair: Pair) -> None:
    """Whatever stands in a form, both say the same of it."""
    pair.check(*cases(action))


# -- kinds of bodies


def _multipart(fields: dict[str, Any]) -> str:
    head = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return "".join(head.format(k, v) for k, v in fields.items()) + "--b--\r\n"


BODIES: list[Scenario] = [
    q(f"{USERS}/{action}", "POST", body, who, headers={"Content-Type": kind})
    for action, (_, base, who) in FORMS.items()
    for kind, body in (
        ("application/json; charset=utf-8", json.dumps(base)),
        ("application/json;charset=latin1", json.dumps(base)),
        ("application/json", json.dumps([base])),
        ("application/json", json.dumps({"a": base})),
        ("application/json", json.dumps({k.upper(): v for k, v in base.items()})),
        ("application/json", json.dumps({f"_{k[0]}-{k[1:]}": v for k, v in base.items()})),
        ("application/json", json.dumps({**base, **{k.title(): v for k, v in base.items()}})),
        ("application/json", json.dumps(base) + json.dumps(base)),
        ("application/json", "\ufeff" + json.dumps(base)),
        ("application/json", "null"),
        ("application/json", " "),
        ("application/vnd.api+json", json.dumps(base)),
        ("text/json", json.dumps(base)),
        ("text/plain", json.dumps(base)),
        ("application/x-www-form-urlencoded", "&".join(f"{k}={v}" for k, v in base.items())),
        (
            "application/x-www-form-urlencoded",
            "&".join(f"{k}=first&{k}={v}" for k, v in base.items()),
        ),
        ("application/x-www-form-urlencoded", "&".join(f"{k}[]={v}" for k, v in base.items())),
        (
            "application/x-www-form-urlencoded",
            "&".join(f"{k.upper()}={v}" for k, v in base.items()),
        ),
        ("application/x-www-form-urlencoded", "identity=%zz&email=%ff&token=%00"),
        (
            "application/x-www-form-urlencoded",
            '@jsonPayload={"identity":"alice","password":"1234567890"}',
        ),
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=b", _multipart(base)),
        ("multipart/form-data; boundary=b", _multipart({"@jsonPayload": json.dumps(base)})),
        ("multipart/form-data; boundary=b", _multipart(base)[:-6]),
        ("", json.dumps(base)),
    )
]


@pytest.mark.parametrize("action", FORMS)
def test_kinds_of_bodies(action: str, pair: Pair) -> None:
    """A form may come in every kind of body, and is refused in the same ones."""
    # NOTE: two forms answer `null` with a fault of the server there
    nulls = action in {"confirm-password-reset", "request-email-change"}
    mine = (b for b in BODIES if b.url == f"{USERS}/{action}")
    pair.check(*(b for b in mine if not nulls or b.body != "null"))


REDIRECTS: list[dict[str, Any]] = [
    {"redirecturl": "https://x"},
    {"redirect_url": "https://x"},
    {"redirectURL": "https://x", "redirectUrl": "https://y"},
    {"redirectURL": "", "redirectUrl": "https://y"},
    {"redirectURL": "https://x", "redirecturl": "https://y"},
    {"createdata": {"a": 1}},
    {"create_data": {"a": 1}, "createData": {}},
    {"createData": None},
]


@pytest.mark.parametrize("more", REDIRECTS, ids=str)
def test_names_that_are_unclear(more: dict[str, Any], pair: Pair) -> None:
    """Which field a name of a form means."""
    pair.check(q(f"{USERS}/auth-with-oauth2", "POST", {"provider": "oidc", "code": "c", **more}))


# -- accounts

RECORDS = f"{USERS}/records"
NEW = {
    "id": "odd000000000001",
    "email": "odd@example.com",
    "password": PASSWORD,
    "passwordConfirm": PASSWORD,
}
ANN = f"{RECORDS}/ann000000000001"


def _account(name: str, value: Any) -> dict[str, Any]:
    return {**NEW, name: value, **({"passwordConfirm": value} if name == "password" else {})}


@pytest.mark.parametrize("who", ["guest", "superuser"])
@pytest.mark.parametrize("name", ["email", "verified", "emailVisibility", "tokenKey", "password"])
def test_odd_accounts(name: str, who: str, pair: Pair) -> None:
    """Accounts made with odd values are refused, or are what they should be."""
    values = [*VALUES, *(ADDRESSES if name == "email" else ())]
    shown = "fields=id,email,verified,emailVisibility"
    pair.check(
        *(
            step
            for value in values
            for step in (
                q(f"{RECORDS}?{shown}", "POST", _account(name, value), who),
                q(f"{RECORDS}/{NEW['id']}", "DELETE", who="superuser"),
            )
        )
    )


@pytest.mark.parametrize(
    "name", ["email", "verified", "password", "passwordConfirm", "oldPassword"]
)
def test_odd_changes(name: str, pair: Pair) -> None:
    """What people say of themselves, oddly; the last word is their password again."""
    secret = {"password": "x" * 9, "passwordConfirm": "x" * 9}
    base = {"email": {}, "verified": {}, "oldPassword": secret}.get(
        name, {**secret, "oldPassword": PASSWORD}
    )
    pair.check(q(f"{USERS}/auth-with-password", "POST", LOGIN, save={"ann": "token"}))
    mine = {"headers": {"Authorization": "{ann}"}}
    pair.check(*(q(ANN, "PATCH", {**base, name: value}, **mine) for value in VALUES))
    again = {"password": PASSWORD, "passwordConfirm": PASSWORD, "email": "ann@example.com"}
    pair.check(q(ANN, "PATCH", again, who="superuser"))
