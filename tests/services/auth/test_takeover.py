"""
Whoever registers an address that is not theirs has lost the account once its owner comes.

The promise, tried in every order of what the two can do: when the owner of an address has proved it in
any way (letter, one-time password, provider, password reset), the attacker has no way in and gets none.
The one exception is hers to make: she confirms, by letter, a registration that was not hers. Then a
password reset still ends the attacker's password and tokens.
"""

from __future__ import annotations

import copy
import os
import re
from dataclasses import dataclass, field, replace

import pytest
from pocketbase_server.core.errors import AppError
from pocketbase_server.core.records.auth import email, is_verified
from pocketbase_server.core.records.auth_refs import EXTERNAL_AUTHS
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.services.auth.email_change import (
    ChangeForm,
    confirm_email_change,
    request_email_change,
)
from pocketbase_server.services.auth.oauth2 import auth_with_oauth2
from pocketbase_server.services.auth.oauth2_form import OAuth2Form
from pocketbase_server.services.auth.otp import request_otp
from pocketbase_server.services.auth.otp_login import OtpForm, auth_with_otp
from pocketbase_server.services.auth.password_login import PasswordForm, auth_with_password
from pocketbase_server.services.auth.password_reset import (
    ResetForm,
    confirm_password_reset,
    request_password_reset,
)
from pocketbase_server.services.auth.providers import PROVIDERS
from pocketbase_server.services.auth.providers.base import AuthUser, Token
from pocketbase_server.services.auth.providers.oidc import Oidc
from pocketbase_server.services.auth.tokens import AUTH, record_by_token
from pocketbase_server.services.auth.verification import confirm_verification, request_verification
from pocketbase_server.services.record_crud import make_record, update_record

VICTIM, ELSEWHERE, ATTACKER = "victim@example.com", "moved@example.com", "attacker@example.com"
HIS, HIS_NEXT, HERS, HERS_NEXT = "attacker1", "attacker2", "owner1234", "owner5678"
PEOPLE = {
    "owner": AuthUser("owner", email=VICTIM),
    "attacker": AuthUser("attacker", email="other@example.com"),
    "pretender": AuthUser("pretender"),
}
REQUEST = RequestInfo(method="POST", ip="127.0.0.1")
DEEPER = int(os.environ.get("TAKEOVER_DEEPER", "0"))
"""Further steps, for when there is time: what the first ones lead to soon repeats itself."""


class Fake(Oidc):
    """Whose code is the name of who comes back."""

    def fetch_token(self, code, verifier, redirect_url):
        return Token(code)

    def fetch_user(self, token):
        return replace(PEOPLE[token.access])


@dataclass
class Knowledge:
    """What each of the two has in hand, and what the owner has done."""

    tokens: set[str] = field(default_factory=set)
    """Auth tokens of the attacker."""
    changes: set[str] = field(default_factory=set)
    """Letters to the attacker that give a record his address."""
    letters: set[str] = field(default_factory=set)
    """Letters to the owner that confirm her address."""
    owned: str = ""
    """The record that the owner has made hers."""
    hers: str = ""
    """A token of hers."""
    password: str = ""
    """Her password, when she has set one."""
    has_confirmed_his: bool = False
    """She confirmed a registration that was the attacker's."""
    only_links: bool = False
    """… but has reset the password since."""


class World:
    """What an attacker and the owner of an address can do; a step tells whether it did anything."""

    def __init__(self, app) -> None:
        self.app = app
        self.known = Knowledge()

    # -- what both have in common

    def _try(self, act):
        try:
            return act()
        except AppError:
            return None

    def _record(self):
        return self.app.records.first_by("users", "email", VICTIM)

    def _users(self):
        return self.app.collections.find("users")

    def _sent(self, pattern=r"confirm-[a-z-]+/([\w.-]+)"):
        sent = self.app.mailer.transport().sent
        found = [re.search(pattern, letter.html)[1] for letter in sent]
        sent.clear()
        return found

    def _register(self, password):
        body = {"email": VICTIM, "password": password, "passwordConfirm": password}
        made = self._try(lambda: make_record(self.app, self._users(), replace(REQUEST, body=body)))
        return made is not None

    def _log_in(self, password, mfa_id="", address=VICTIM):
        request = replace(REQUEST, body={"mfaId": mfa_id} if mfa_id else {})
        form = PasswordForm(address, password)
        answer = self._try(
            lambda: auth_with_password(self.app, "users", lambda: request, lambda: form)
        )
        return {} if answer is None else answer.body

    def _come(self, who, caller=None, mfa_id="", **create_data):
        request = replace(REQUEST, context="oauth2", auth=caller)
        request = replace(request, body={"mfaId": mfa_id} if mfa_id else {})
        form = OAuth2Form("oidc", who, "verifier", "https://app/cb", create_data)
        answer = self._try(
            lambda: auth_with_oauth2(self.app, "users", lambda: form, lambda: request)
        )
        return {} if answer is None else answer.body

    # -- the attacker

    def _keep(self, answer):
        if "token" in answer:
            self.known.tokens.add(answer["token"])

    def _callers(self):
        found = (record_by_token(self.app, token, AUTH) for token in sorted(self.known.tokens))
        return [record for record in found if record is not None]

    def attacker_registers(self):
        """With her address; he signs in, has the letter sent, and prepares to take the record along."""
        self._register(HIS)
        self._keep(self._log_in(HIS))
        self._try(lambda: request_verification(self.app, "users", lambda: REQUEST, lambda: VICTIM))
        self.known.letters |= set(self._sent())
        self._prepare_change()

    def _prepare_change(self):
        for caller in self._callers():
            self._try(
                lambda c=caller: request_email_change(
                    self.app, c, lambda: REQUEST, lambda: ATTACKER
                )
            )
            self.known.changes |= set(self._sent())

    def attacker_links(self):
        """His own account at the provider, to whatever he is signed in as."""
        for caller in self._callers():
            self._keep(self._come("attacker", caller))

    def attacker_pretends(self):
        """With an account at the provider that has no address, he says that hers is his."""
        self._keep(self._come("pretender", email=VICTIM))

    # -- the owner

    def _own(self, record, password="", token=""):
        known = self.known
        if record is None:
            return
        known.owned = record.id
        known.password, known.hers = password or known.password, token or known.hers

    def owner_registers(self):
        if self._register(HERS):
            self._own(self._record(), HERS, self._log_in(HERS).get("token", ""))
            self._try(
                lambda: request_verification(self.app, "users", lambda: REQUEST, lambda: VICTIM)
            )
            self.known.letters |= set(self._sent())

    def owner_confirms(self):
        """She follows every letter that asks whether the address is hers."""
        for letter in sorted(self.known.letters):
            before = self._record()
            self._try(
                lambda t=letter: confirm_verification(self.app, "users", lambda: REQUEST, lambda: t)
            )
            now = self._record()
            if before is None or now is None or is_verified(before) or not is_verified(now):
                continue
            if self.known.owned != now.id:
                self.known.has_confirmed_his, self.known.only_links = True, False
            self._own(now)

    def owner_comes(self):
        """Through the provider, which vouches for her address."""
        answer = self._come("owner")
        found = record_by_token(self.app, answer.get("token", ""), AUTH) if answer else None
        if found is not None:
            self._own(found, token=answer["token"])
        elif answer:
            self._own(self._record())

    def owner_resets(self):
        self._try(
            lambda: request_password_reset(self.app, "users", lambda: REQUEST, lambda: VICTIM)
        )
        for token in self._sent():
            form = ResetForm(token, HERS_NEXT, HERS_NEXT)
            confirm_password_reset(self.app, "users", lambda: REQUEST, lambda f=form: f)
            self._own(self._record(), HERS_NEXT, self._log_in(HERS_NEXT).get("token", ""))
            self.known.only_links = self.known.has_confirmed_his

    def owner_takes_a_code(self):
        otp_id = request_otp(self.app, "users", lambda: REQUEST, lambda: VICTIM)["otpId"]
        for code in self._sent(r"<strong>(\d+)</strong>"):
            form = OtpForm(otp_id, code)
            answer = auth_with_otp(self.app, "users", lambda: REQUEST, lambda f=form: f).body
            self._own(self._record(), token=answer.get("token", ""))

    def owner_moves(self):
        """Signed in, she takes another address."""
        caller = record_by_token(self.app, self.known.hers, AUTH) if self.known.hers else None
        if caller is None or email(caller) != VICTIM:
            return
        self._try(
            lambda: request_email_change(self.app, caller, lambda: REQUEST, lambda: ELSEWHERE)
        )
        for token in self._sent():
            form = ChangeForm(token, self.known.password)
            self._try(
                lambda f=form: confirm_email_change(self.app, "users", lambda: REQUEST, lambda: f)
            )

    # -- what comes of it

    def way_in(self) -> str:
        """Return how the attacker gets into what the owner has made hers, "" when he does not."""
        known = self.known
        if not known.owned or (known.has_confirmed_his and not known.only_links):
            return ""
        if any(record.id == known.owned for record in self._callers()):
            return "an old token"
        for address in (VICTIM, ELSEWHERE, ATTACKER):
            if self._gets_in_with_a_password(address):
                return f"his password for {address}"
        if self._takes_it_along():
            return "an old letter"
        return "" if known.only_links else self._gets_in_through_the_provider()

    def _is_owned(self, answer):
        found = record_by_token(self.app, answer.get("token", ""), AUTH)
        return found is not None and found.id == self.known.owned

    def _gets_in_with_a_password(self, address):
        for password in (HIS, HIS_NEXT):
            answers = [self._log_in(password, address=address)]
            mfa_id = answers[0].get("mfaId", "")
            if mfa_id:
                answers += [self._come(who, mfa_id=mfa_id) for who in ("attacker", "pretender")]
            if any(map(self._is_owned, answers)):
                return True
        return False

    def _takes_it_along(self):
        for token in sorted(self.known.changes):
            form = ChangeForm(token, HIS)
            self._try(
                lambda f=form: confirm_email_change(self.app, "users", lambda: REQUEST, lambda: f)
            )
        for token in sorted(self.known.tokens):
            caller = record_by_token(self.app, token, AUTH)
            if caller is not None and caller.id == self.known.owned:
                return True
            body = {"oldPassword": HIS, "password": HIS_NEXT, "passwordConfirm": HIS_NEXT}
            request = replace(REQUEST, body=body, auth=caller)
            self._try(lambda r=request: update_record(self.app, self._users(), self.known.owned, r))
        now = self.app.records.get("users", self.known.owned)
        return now is not None and email(now) == ATTACKER

    def _gets_in_through_the_provider(self):
        answers = {who: self._come(who, email=VICTIM) for who in ("attacker", "pretender")}
        return next(
            (f"{who} at the provider" for who, a in answers.items() if self._is_owned(a)), ""
        )

    # -- walking through all orders

    def state(self):
        """Return what there is and what is still worth something, but for times."""
        users = self.app.data.all(
            "SELECT id, email, password, tokenKey, verified FROM users ORDER BY id"
        )
        links = self.app.data.all("SELECT recordRef, providerId FROM _externalAuths ORDER BY 1, 2")
        known = self.known
        good = [self._good(known.tokens), self._good(known.changes), self._good(known.letters)]
        flags = (known.has_confirmed_his, known.only_links)
        return users, links, good, known.owned, known.password, self._good({known.hers}), flags

    def _good(self, tokens):
        return {found.id for token in tokens if (found := record_by_token(self.app, token))}

    def orders(self, depth, path=()):
        """Yield every order of *depth* steps that have an effect, and what it leads to."""
        for step in STEPS:
            before, known = self.state(), copy.deepcopy(self.known)
            self.app.data.run("SAVEPOINT step")
            getattr(self, step)()
            if self.state() != before:
                self.app.data.run("SAVEPOINT attempt")
                after = copy.deepcopy(self.known)
                yield (*path, step), self.way_in()
                self.app.data.run("ROLLBACK TO attempt")
                self.app.data.run("RELEASE attempt")
                self.app.mailer.transport().sent.clear()
                self.known = after
                if depth > 1:
                    yield from self.orders(depth - 1, (*path, step))
            self.app.data.run("ROLLBACK TO step")
            self.app.data.run("RELEASE step")
            self.known = known


STEPS = [name for name in vars(World) if name.startswith(("attacker_", "owner_"))]
OPTIONS = {
    "one method": (4, {}),
    "two methods": (3, {"mfa": {"enabled": True}}),
    "two methods of the verified": (3, {"mfa": {"enabled": True, "rule": "verified = true"}}),
    "two methods of others": (3, {"mfa": {"enabled": True, "rule": "name = 'zz'"}}),
    "no passwords": (4, {"passwordAuth": {"enabled": False}}),
}


@pytest.fixture
def world(app, monkeypatch):
    """Return an application in which letters are sent at once, and again as often as they are asked for."""
    monkeypatch.setitem(PROVIDERS, "oidc", Fake)
    monkeypatch.setattr(app.mailer, "send_later", lambda act, *_: act())
    monkeypatch.setattr(app.mailer.throttle, "take", lambda *_: True)
    monkeypatch.setattr(app.attempts, "take", lambda _: True)
    # NOTE: the threads for passwords have little priority, and all there is here waits for them
    monkeypatch.setattr(app.passwords, "_run", lambda job: job())
    users = app.collections.find("users").clone()
    provider = {"name": "oidc", "clientId": "client", "clientSecret": "secret"}
    options = {"oauth2": {"enabled": True, "providers": [provider]}, "otp": {"enabled": True}}
    users.set_options({**options, "authAlert": {"enabled": False}})
    users.field("password").cost = 4
    app.collections.save(users)
    return World(app)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_attacker_never_keeps_access(world, name):
    depth, options = OPTIONS[name]
    users = world.app.collections.find("users").clone()
    users.set_options(options)
    world.app.collections.save(users)
    with world.app.data.transaction():
        found = dict(world.orders(depth + DEEPER))

    assert {order: way for order, way in found.items() if way} == {}
    assert len(found) > 20
    assert world.known == Knowledge()


def test_the_exception(world):
    """Who confirms a registration that was not hers shares the account, until she resets the password."""
    world.attacker_registers()
    world.owner_confirms()

    assert world.known.has_confirmed_his
    assert "token" in world._log_in(HIS)
    world.owner_resets()

    assert world.way_in() == ""
    assert "token" in world._log_in(HERS_NEXT)


def test_a_link_made_too_late(world, monkeypatch):
    """Who was signed out while the provider was asked links nothing any more."""
    world.attacker_registers()
    fetch_user = Fake.fetch_user

    def meanwhile(provider, token):
        monkeypatch.setattr(Fake, "fetch_user", fetch_user)
        world.owner_resets()
        return fetch_user(provider, token)

    monkeypatch.setattr(Fake, "fetch_user", meanwhile)
    world.attacker_links()

    assert world.known.owned
    assert world.app.records.count(EXTERNAL_AUTHS) == 0
    assert world.way_in() == ""


def test_a_password_set_too_late(world, monkeypatch):
    """Who was signed out while a new password of his was hashed does not set it."""
    world.attacker_registers()
    (caller,) = world._callers()
    body = {"oldPassword": HIS, "password": HIS_NEXT, "passwordConfirm": HIS_NEXT}
    request = replace(REQUEST, body=body, auth=caller)
    passwords = world.app.passwords
    hash_password = passwords.hash

    def meanwhile(plain, cost=0):
        monkeypatch.setattr(passwords, "hash", hash_password)
        world.owner_resets()
        return hash_password(plain, cost)

    monkeypatch.setattr(passwords, "hash", meanwhile)
    with pytest.raises(AppError):
        update_record(world.app, world._users(), caller.id, request)

    assert world.known.owned == caller.id
    assert world.way_in() == ""
