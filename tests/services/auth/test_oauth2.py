"""
Signing in through a provider: new records, links, races, and nobody in someone else's account.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from pocketbase_server.core.errors import AppError, BadRequestError
from pocketbase_server.core.records.auth import is_verified
from pocketbase_server.core.records.auth_refs import EXTERNAL_AUTHS, refs_of
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.kit.upload import Upload
from pocketbase_server.services.auth import oauth2_records
from pocketbase_server.services.auth.oauth2 import auth_with_oauth2
from pocketbase_server.services.auth.oauth2_form import OAuth2Form
from pocketbase_server.services.auth.oauth2_redirect import AppleNames
from pocketbase_server.services.auth.password_login import PasswordForm, auth_with_password
from pocketbase_server.services.auth.providers import PROVIDERS
from pocketbase_server.services.auth.providers.base import AuthUser, Token
from pocketbase_server.services.auth.providers.oidc import Oidc
from pocketbase_server.services.auth.tokens import AUTH, record_by_token

VICTIM, ATTACKER = "victim@example.com", "attacker@example.com"
PEOPLE = {
    "victim": AuthUser("victim", "Vic", "vic", VICTIM),
    "attacker": AuthUser("attacker", "Att", "att", ATTACKER),
    "pretender": AuthUser("pretender", "Pre", "pre", ""),
    "nobody": AuthUser(""),
}


class Fake(Oidc):
    """Whose code is the name of who comes back."""

    def fetch_token(self, code, verifier, redirect_url):
        return Token(code)

    def fetch_user(self, token):
        known = PEOPLE[token.access]
        return AuthUser(known.id, known.name, known.username, known.email)


@pytest.fixture
def app(app, monkeypatch):
    monkeypatch.setitem(PROVIDERS, "oidc", Fake)
    users = app.collections.find("users").clone()
    provider = {"name": "oidc", "clientId": "client", "clientSecret": "secret"}
    users.set_options(
        {"oauth2": {"enabled": True, "providers": [provider], "mappedFields": {"name": "name"}}}
    )
    users.field("password").cost = 4
    app.collections.save(users)
    return app


def come(app, who: str, caller=None, **create_data):
    request = RequestInfo(method="POST", ip="127.0.0.1", context="oauth2", auth=caller)
    form = OAuth2Form("oidc", who, "verifier", "https://app/cb", create_data)
    return auth_with_oauth2(app, "users", lambda: form, lambda: request).body


def people(app):
    return sorted(r.get("email") for r in app.records.find_by_filter("users", ""))


def links(app, record):
    return [link.get("providerId") for link in refs_of(app, EXTERNAL_AUTHS, record)]


def can_log_in(app, email, password):
    form = PasswordForm(email, password, "")
    request = RequestInfo(method="POST", ip="127.0.0.1")
    try:
        return auth_with_password(app, "users", lambda: request, lambda: form).body["record"].id
    except AppError:
        return None


def test_a_new_record(app):
    answer = come(app, "victim")
    record = answer["record"]

    assert answer["meta"]["isNew"] and is_verified(record) and record.get("name") == "Vic"
    assert record_by_token(app, answer["token"], AUTH).id == record.id
    assert links(app, record) == ["victim"]
    assert not come(app, "victim")["meta"]["isNew"]
    assert people(app) == [VICTIM]


def test_without_an_id_nobody_gets_in(app):
    with pytest.raises(BadRequestError) as caught:
        come(app, "nobody")

    assert "providerId" in caught.value.data
    assert people(app) == []


def test_a_failed_link_leaves_no_record(app, monkeypatch):
    monkeypatch.setattr(oauth2_records, "new_ref", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        come(app, "victim")

    assert people(app) == []


def test_twenty_at_once_make_one_record(app):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: come(app, "victim"), range(20)))

    assert len({a["record"].id for a in answers}) == 1
    assert sum(a["meta"]["isNew"] for a in answers) == 1
    assert links(app, answers[0]["record"]) == ["victim"]


def test_handlers_see_and_change(app):
    seen = []

    def handler(event):
        seen.append((event.details["provider_name"], event.details["is_new_record"]))
        event.details["create_data"]["name"] = "by handler"
        event.next()

    app.hooks.record_auth_with_oauth2_request.bind(handler)

    assert come(app, "victim")["record"].get("name") == "by handler"
    assert seen == [("oidc", True)]


def test_a_handler_may_choose_the_record(app, add):
    other = add("users", "other@example.com")

    def handler(event):
        event.record = other
        event.next()

    app.hooks.record_auth_with_oauth2_request.bind(handler)
    answer = come(app, "victim")

    assert answer["record"].id == other.id and not answer["meta"]["isNew"]
    assert links(app, other) == ["victim"]


def test_an_avatar_becomes_a_file(app, monkeypatch):
    users = app.collections.find("users").clone()
    users.set_options({"oauth2": {"mappedFields": {"avatarURL": "avatar"}}})
    app.collections.save(users)
    picture = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f"
        "0003860180b1e04f0f0000000049454e44ae426082"
    )
    monkeypatch.setitem(PEOPLE, "victim", AuthUser("victim", email=VICTIM))
    monkeypatch.setattr(
        Fake,
        "fetch_user",
        lambda *_: AuthUser("victim", email=VICTIM, avatar_url="https://x/picture.png"),
    )
    monkeypatch.setattr(
        oauth2_records, "fetch_avatar", lambda *_: Upload.from_bytes("picture.png", picture)
    )
    name = come(app, "victim")["record"].get("avatar")

    assert name.startswith("picture_") and name.endswith(".png")
    assert len(list(app.dir.storage.rglob(name))) == 1


def test_a_local_avatar_is_not_fetched(app):
    from pocketbase_server.services.auth.avatars import fetch_avatar

    for url in ("http://127.0.0.1:1/a.png", "file:///etc/passwd", "nonsense", "http://[::1/", ""):
        assert fetch_avatar(app, url) is None


def test_names_from_apple():
    names = AppleNames()
    names.keep("code", '{"name":{"firstName":"Ann","lastName":"Lee"}}')
    for nonsense in ("", "{", "[]", '{"name":5}', '{"name":{}}', "null"):
        names.keep("other", nonsense)

    assert [names.take("code"), names.take("code"), names.take("other")] == ["Ann Lee", "", ""]
