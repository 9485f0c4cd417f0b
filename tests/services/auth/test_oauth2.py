"""
Signing in through a provider: new records, links, races, and nobody in someone else's account.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from pocketbase_server.core.errors import AppError, BadRequestError
from pocketbase_server.core.records.auth import is_verified, set_password, set_verified
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
from pocketbase_server.services.record_crud import make_record

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


# -- nobody keeps what is someone else's


class World:
    """What an attacker and the owner of an address can do, in any order."""

    def __init__(self, app) -> None:
        self.app = app
        self.tokens: list[str] = []
        self.owned = False
        """Whether the owner of the address has come and made the account hers."""
        self.registered = False

    def record(self):
        return self.app.records.first_by("users", "email", VICTIM)

    def _register(self, password):
        body = {"email": VICTIM, "password": password, "passwordConfirm": password}
        request = RequestInfo(method="POST", body=body)
        try:
            make_record(self.app, self.app.collections.find("users"), request)
        except AppError:
            return False
        return True

    # the attacker

    def attacker_registers(self):
        if self._register("attacker1"):
            self.log_in()

    def log_in(self):
        form = PasswordForm(VICTIM, "attacker1", "")
        request = RequestInfo(method="POST")
        try:
            answer = auth_with_password(self.app, "users", lambda: request, lambda: form)
        except AppError:
            return
        self.tokens.append(answer.body["token"])

    def attacker_links(self):
        for token in [*self.tokens, ""]:
            caller = record_by_token(self.app, token, AUTH) if token else None
            try:
                self.tokens.append(come(self.app, "attacker", caller)["token"])
            except AppError:
                continue

    def attacker_pretends(self):
        try:
            self.tokens.append(come(self.app, "pretender", email=VICTIM)["token"])
        except AppError:
            return

    # the owner

    def owner_registers(self):
        if self._register("owner1234"):
            self.owned = self.registered = True

    def owner_comes(self):
        come(self.app, "victim")
        self.owned = True

    def owner_verifies(self):
        # NOTE: she follows the letter only when it was she who asked for it
        record = self.record()
        if self.registered and record is not None:
            set_verified(record)
            self.app.records.update(record)

    def owner_resets(self):
        record = self.record()
        if record is not None:
            set_password(record, "owner5678")
            set_verified(record)
            self.app.records.update(record)
            self.owned = True

    def attacker_is_out(self):
        record = self.record()
        if not self.owned or record is None:
            return True
        live = [record_by_token(self.app, token, AUTH) for token in self.tokens]
        return (
            can_log_in(self.app, VICTIM, "attacker1") is None
            and all(found is None or found.id != record.id for found in live)
            and "attacker" not in links(self.app, record)
            and "pretender" not in links(self.app, record)
        )


STEPS = [name for name in vars(World) if name.startswith(("attacker_", "owner_"))]
STEPS.remove("attacker_is_out")


@pytest.mark.parametrize("first", STEPS)
def test_the_attacker_never_keeps_access(app, first):
    """In every order of three steps (four, when the attacker comes first)."""
    failures = []
    others = [step for step in STEPS if step != first]
    for order in permutations(others, 3 if first == "attacker_registers" else 2):
        world = World(app)
        for step in (first, *order):
            getattr(world, step)()
        world.log_in()
        if not world.attacker_is_out():
            failures.append((first, *order))
        for record in app.records.find_by_filter("users", ""):
            app.records.delete(record)

    assert failures == []
