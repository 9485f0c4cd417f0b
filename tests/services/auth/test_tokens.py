"""
Tokens: what is in them, whom they sign in, and everything that must not sign anyone in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from types import SimpleNamespace

import jwt
import pytest
from pocketbase_server.core.collections.auth_options import AuthOptions, TokenOptions
from pocketbase_server.core.collections.model import Collection
from pocketbase_server.core.fields import load_field
from pocketbase_server.core.records.model import Record
from pocketbase_server.services.auth.tokens import (
    AUTH,
    EMAIL_CHANGE,
    FILE,
    PASSWORD_RESET,
    VERIFICATION,
    bare_token,
    new_auth_token,
    new_static_token,
    new_token,
    read_claims,
    record_by_token,
)

TOKEN_KEY = "k" * 50
SECRET = "a" * 50


def collection(name: str) -> Collection:
    made = Collection(id=f"pbc_{name}", name=name, type="auth", auth=AuthOptions())
    made.fields = [load_field({"type": "text", "name": n, "id": n}) for n in ("id", "tokenKey")]
    made.auth.auth_token = TokenOptions(SECRET, 432000)
    made.auth.file_token = TokenOptions("f" * 50, 180)
    made.auth.verification_token = TokenOptions("v" * 50, 86400)
    made.auth.password_reset_token = TokenOptions("r" * 50, 1800)
    made.auth.email_change_token = TokenOptions("e" * 50, 1800)
    return made


def record(of: Collection, record_id: str, key: str = TOKEN_KEY) -> Record:
    return Record(of, {"id": record_id, "tokenKey": key})


class FakeApp:
    """Two auth collections, one of posts, and their records."""

    def __init__(self) -> None:
        users, staff = collection("users"), collection("staff")
        posts = Collection(id="pbc_posts", name="posts")
        self.users = users
        self.known = {users.id: users, "users": users, staff.id: staff, posts.id: posts}
        self.rows = {
            (users.id, "u1"): record(users, "u1"),
            (users.id, "keyless"): record(users, "keyless", ""),
            (staff.id, "s1"): record(staff, "s1", "s" * 50),
            (posts.id, "u1"): record(posts, "u1"),
        }
        self.collections = SimpleNamespace(get=self.known.get)
        self.records = SimpleNamespace(get=lambda place, one: self.rows.get((place.id, one)))

    @property
    def user(self) -> Record:
        return self.rows[self.users.id, "u1"]


@pytest.fixture
def app() -> FakeApp:
    return FakeApp()


def forge(claims, *, header=None, key=TOKEN_KEY + SECRET, digest=hashlib.sha256, raw=None) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"} if header is None else header).encode())
    text = f"{head}.{part(raw if raw is not None else json.dumps(claims).encode())}"
    return (
        f"{text}.{part(hmac.new(key.encode(), text.encode(), digest).digest() if digest else b'')}"
    )


def claims(**more):
    made = {
        "id": "u1",
        "type": "auth",
        "collectionId": "pbc_users",
        "exp": int(time.time()) + 3600,
        "refreshable": True,
        **more,
    }
    return {key: value for key, value in made.items() if value is not ...}


# -- making


@pytest.mark.parametrize(
    ("make", "expected", "seconds", "secret"),
    [
        (new_auth_token, {"type": AUTH, "refreshable": True}, 432000, SECRET),
        (new_static_token, {"type": AUTH, "refreshable": False}, 432000, SECRET),
        (lambda r: new_static_token(r, 100), {"type": AUTH, "refreshable": False}, 100, SECRET),
        (lambda r: new_token(r, FILE), {"type": FILE}, 180, "f" * 50),
        (
            lambda r: new_token(r, VERIFICATION, email="a@b.co"),
            {"type": VERIFICATION, "email": "a@b.co"},
            86400,
            "v" * 50,
        ),
        (
            lambda r: new_token(r, PASSWORD_RESET, email="a@b.co"),
            {"type": PASSWORD_RESET, "email": "a@b.co"},
            1800,
            "r" * 50,
        ),
        (
            lambda r: new_token(r, EMAIL_CHANGE, email="a@b.co", newEmail="c@d.co"),
            {"type": EMAIL_CHANGE, "email": "a@b.co", "newEmail": "c@d.co"},
            1800,
            "e" * 50,
        ),
    ],
)
def test_a_token_says_who_until_when_and_nothing_else(app, make, expected, seconds, secret):
    token = make(app.user)
    said = jwt.decode(token, TOKEN_KEY + secret, algorithms=["HS256"])
    until = said.pop("exp")

    assert said == {"id": "u1", "collectionId": "pbc_users", **expected}
    assert abs(until - time.time() - seconds) < 60
    assert token.startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.")


def test_claims_are_sorted_as_the_reference_prints_them(app):
    payload = new_auth_token(app.user).split(".")[1]
    names = list(json.loads(base64.urlsafe_b64decode(payload + "==")))

    assert names == ["collectionId", "exp", "id", "refreshable", "type"]


# -- reading


@pytest.mark.parametrize(
    "good",
    [
        claims(),
        claims(exp=...),
        claims(exp=0),
        claims(exp=int(time.time()) + 3600.5),
        claims(refreshable=...),
        claims(collectionId="users"),
        claims(aud="x", iss=5, sub=7),
        claims(iat=1, nbf=1),
    ],
)
def test_a_good_token_gives_its_record(app, good):
    assert record_by_token(app, forge(good), AUTH) is app.user
    assert record_by_token(app, forge(good)) is app.user


@pytest.mark.parametrize(
    "bad",
    [
        claims(exp=int(time.time()) - 1),
        claims(exp=int(time.time())),
        claims(exp=-5),
        claims(exp=str(int(time.time()) + 3600)),
        claims(exp=None),
        claims(exp=True),
        claims(exp=1e300),
        claims(exp=[1]),
        claims(nbf=int(time.time()) + 50000),
        claims(iat=int(time.time()) + 50000),
        claims(iat="x"),
        claims(nbf=None),
        claims(id=...),
        claims(id=5),
        claims(id=""),
        claims(id="U1"),
        claims(id="keyless"),
        claims(id="deleted"),
        claims(type=...),
        claims(type="file"),
        claims(type="other"),
        claims(type=["auth"]),
        claims(collectionId=...),
        claims(collectionId=5),
        claims(collectionId="pbc_missing"),
        claims(collectionId="pbc_staff", id="s1"),
        claims(collectionId="pbc_staff"),
        claims(collectionId="pbc_posts"),
    ],
)
def test_bad_claims_sign_nobody_in(app, bad):
    assert record_by_token(app, forge(bad), AUTH) is None


def _good() -> str:
    return forge(claims())


@pytest.mark.parametrize(
    "make",
    [
        lambda: forge(claims(), header={"alg": "none"}, digest=None),
        lambda: forge(claims(), header={"alg": "none"}),
        lambda: forge(claims(), header={"alg": "hs256"}),
        lambda: forge(claims(), header={"alg": "HS384"}, digest=hashlib.sha384),
        lambda: forge(claims(), header={"alg": "HS512"}, digest=hashlib.sha512),
        lambda: forge(claims(), header={"alg": "RS256"}),
        lambda: forge(claims(), header={}),
        lambda: forge(claims(), header=["HS256"]),
        lambda: forge(claims(), key=SECRET),
        lambda: forge(claims(), key=TOKEN_KEY),
        lambda: forge(claims(), key=""),
        lambda: forge(claims(), key="s" * 50 + SECRET),
        lambda: forge(None, raw=b"[1]"),
        lambda: forge(None, raw=b"{"),
        lambda: forge(None, raw=b""),
        lambda: forge(None, raw=json.dumps(claims()).encode() + b" x"),
        lambda: _good() + "=",
        lambda: _good() + ".x",
        lambda: _good().rpartition(".")[0] + ".",
        lambda: _good().rpartition(".")[0],
        lambda: _good()[:-2],
        lambda: "é" + _good(),
        lambda: _good() + "é",
        lambda: "",
        lambda: "..",
        lambda: "a.b.c",
        lambda: "\x00",
        lambda: "x" * 1_000_000,
        lambda: forge(claims(filler="x" * 10_000)),
    ],
)
def test_forged_and_broken_tokens_sign_nobody_in(app, make):
    assert record_by_token(app, make(), AUTH) is None


def test_only_the_wanted_types_are_good(app):
    token = new_token(app.user, FILE)

    assert record_by_token(app, token) is app.user
    assert record_by_token(app, token, FILE) is app.user
    assert record_by_token(app, token, AUTH) is None
    assert record_by_token(app, token, AUTH, VERIFICATION) is None


def test_a_token_dies_with_its_key_secret_or_record(app):
    token = new_auth_token(app.user)
    assert record_by_token(app, token, AUTH) is app.user

    app.user.values["tokenKey"] = "n" * 50
    assert record_by_token(app, token, AUTH) is None
    app.user.values["tokenKey"] = TOKEN_KEY
    assert record_by_token(app, token, AUTH) is app.user

    app.users.auth.auth_token = TokenOptions("other", 432000)
    assert record_by_token(app, token, AUTH) is None
    app.users.auth.auth_token = TokenOptions(SECRET, 432000)
    del app.rows["pbc_users", "u1"]
    assert record_by_token(app, token, AUTH) is None


def test_a_token_that_was_good_ends_in_time(app, monkeypatch):
    token = new_static_token(app.user, 10)
    assert record_by_token(app, token, AUTH) is app.user

    later = time.time() + 11
    monkeypatch.setattr("pocketbase_server.services.auth.tokens.time.time", lambda: later)
    assert record_by_token(app, token, AUTH) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [("abc", "abc"), ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER abc", "abc"),
     ("Bearer  abc", " abc"), ("Basic abc", "Basic abc"), ("", "")],
)  # fmt: skip
def test_bearer_may_stand_before_the_token(header, expected):
    assert bare_token(header) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("true", True), (1, True), (None, False), (..., False)],
)
def test_refreshable_is_read_leniently(value, expected):
    assert read_claims(forge(claims(refreshable=value))).is_refreshable is expected
