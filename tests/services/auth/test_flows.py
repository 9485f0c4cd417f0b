"""
Codes and tokens that come by letter: each is good once, however many try, and for its owner only.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import jwt as pyjwt
import pytest
from pocketbase_server.core.errors import (
    AppError,
    BadRequestError,
    ForbiddenError,
    TooManyRequestsError,
    ValidationErrors,
)
from pocketbase_server.core.records.auth import password_hash, token_key
from pocketbase_server.core.records.auth_refs import AUTH_ORIGINS, MFAS, OTPS, new_ref, refs_of
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.services.auth import mfa, otp
from pocketbase_server.services.auth.email_change import (
    ChangeForm,
    confirm_email_change,
    request_email_change,
)
from pocketbase_server.services.auth.impersonate import LONGEST, impersonate
from pocketbase_server.services.auth.otp import request_otp
from pocketbase_server.services.auth.otp_login import OtpForm, auth_with_otp
from pocketbase_server.services.auth.password_login import PasswordForm, auth_with_password
from pocketbase_server.services.auth.password_reset import (
    ResetForm,
    confirm_password_reset,
    request_password_reset,
)
from pocketbase_server.services.auth.tokens import AUTH, new_auth_token, record_by_token
from pocketbase_server.services.auth.verification import (
    confirm_verification,
    request_verification,
)
from pocketbase_server.services.mail.messages import MailError

from tests.services.auth.conftest import PASSWORD

EMAIL = "user@example.com"
REQUEST = RequestInfo(method="POST", ip="127.0.0.1")
MANY = 20


def options(app, **changed):
    users = app.collections.find("users").clone()
    users.set_options(changed)
    app.collections.save(users)


def token_in(letter) -> str:
    return re.search(r"confirm-[a-z-]+/([\w.-]+)", letter.html)[1]


def code_in(letter) -> str:
    return re.search(r"<strong>(\d+)</strong>", letter.html)[1]


def at_once(act) -> list[BaseException | None]:
    """Return what became of many doing the same at the same time."""
    with ThreadPoolExecutor(MANY) as callers:
        return [job.exception() for job in [callers.submit(act) for _ in range(MANY)]]


def now(app, user):
    return app.records.find("users", user.id)


def ask_otp(app, email=EMAIL):
    return request_otp(app, "users", lambda: REQUEST, lambda: email)["otpId"]


def use_otp(app, otp_id, code, place="users"):
    return auth_with_otp(app, place, lambda: REQUEST, lambda: OtpForm(otp_id, code))


def login(app, password=PASSWORD, email=EMAIL):
    form = PasswordForm(email, password)
    return auth_with_password(app, "users", lambda: REQUEST, lambda: form)


@pytest.fixture
def otps(app):
    """Switch one-time passwords on."""
    options(app, otp={"enabled": True}, authAlert={"enabled": False})


# -- one-time passwords


@pytest.mark.parametrize("verified", [False, True])
def test_a_code_is_good_once_however_many_try(app, add, letters, otps, verified):
    user = add("users", EMAIL, verified=verified)
    otp_id = ask_otp(app)
    (letter,) = letters()
    app.attempts.take = lambda _: True
    outcomes = at_once(lambda: use_otp(app, otp_id, code_in(letter)))

    assert outcomes.count(None) == 1
    assert all(str(error) == "Invalid or expired OTP." for error in outcomes if error)
    assert refs_of(app, OTPS, user) == []
    assert now(app, user).get("verified")


def test_the_first_code_ends_what_was_known_before(app, user, letters, otps):
    """
    Whoever registered an address that is not theirs loses password and tokens.
    """
    before, attacker = password_hash(now(app, user)), new_auth_token(now(app, user))
    otp_id = ask_otp(app)
    (letter,) = letters()

    assert letter.to[0].address == EMAIL
    assert app.records.get(OTPS, otp_id).get("sentTo") == EMAIL
    answer = use_otp(app, otp_id, code_in(letter))

    assert record_by_token(app, answer.body["token"], AUTH).id == user.id
    assert record_by_token(app, attacker, AUTH) is None
    assert password_hash(now(app, user)) != before
    with pytest.raises(BadRequestError):
        login(app)


def test_guessing_is_limited_by_code_not_by_caller(app, user, letters, otps):
    otp_id = ask_otp(app)
    (letter,) = letters()
    for n in range(5):
        request = replace(REQUEST, ip=f"10.0.0.{n}")
        form = OtpForm(otp_id, "wrong")
        with pytest.raises(BadRequestError):
            auth_with_otp(app, "users", lambda r=request: r, lambda f=form: f)
    with pytest.raises(TooManyRequestsError):
        use_otp(app, otp_id, code_in(letter))


def test_an_address_nobody_has_looks_the_same(app, user, letters, otps):
    known, unknown = ask_otp(app), ask_otp(app, "nobody@example.com")

    assert re.fullmatch(r"[a-z0-9]{15}", unknown)
    assert len(known) == len(unknown)
    assert len(letters()) == 1
    assert len(refs_of(app, OTPS, user)) == 1
    with pytest.raises(BadRequestError):
        use_otp(app, unknown, "12345678")


def test_a_code_that_could_not_be_sent_is_gone(app, user, letters, otps):
    @app.hooks.mailer_send()
    def fail(event):
        raise MailError("no")

    otp_id = ask_otp(app)
    letters()

    assert app.records.get(OTPS, otp_id) is None


def test_handlers_may_deliver_in_another_way(app, user, letters, otps):
    """
    A code that did not go by letter says nothing about the address.
    """
    seen = {}

    @app.hooks.mailer_record_otp_send("users")
    def by_pigeon(event):
        seen.update(event.meta)

    otp_id = ask_otp(app)

    assert letters() == []
    assert seen["otpId"] == otp_id
    use_otp(app, otp_id, seen["otp"])

    assert not now(app, user).get("verified")


def test_expired_codes_and_sessions_are_deleted(app, user, letters, otps):
    fresh, old = ask_otp(app), ask_otp(app)
    letters()
    sessions = [new_ref(app, MFAS, user) for _ in range(2)]
    for session in sessions:
        session.set("method", "otp")
        app.records.create(session)
    past = "2020-01-01 00:00:00.000Z"
    app.data.run("UPDATE _otps SET created = ? WHERE id = ?", (past, old))
    app.data.run("UPDATE _mfas SET created = ? WHERE id = ?", (past, sessions[0].id))
    otp.delete_expired(app)
    mfa.delete_expired(app)

    assert [code.id for code in refs_of(app, OTPS, user)] == [fresh]
    assert [session.id for session in refs_of(app, MFAS, user)] == [sessions[1].id]


# -- tokens by letter


@pytest.fixture
def tokens(app, user, letters):
    """Return a token of each kind."""
    request_verification(app, "users", lambda: REQUEST, lambda: EMAIL)
    verification = letters()
    request_password_reset(app, "users", lambda: REQUEST, lambda: EMAIL)
    reset = letters()
    caller = now(app, user)
    request = replace(REQUEST, auth=caller)
    request_email_change(app, caller, lambda: request, lambda: "new@example.com")
    change = letters()
    found = {"verification": verification, "reset": reset, "change": change}
    return {name: token_in(letter) for name, (letter,) in found.items()}


def verify(app, token, place="users"):
    confirm_verification(app, place, lambda: REQUEST, lambda: token)


def reset(app, token, place="users"):
    form = ResetForm(token, "another-one", "another-one")
    confirm_password_reset(app, place, lambda: REQUEST, lambda: form)


def change(app, token, place="users"):
    confirm_email_change(app, place, lambda: REQUEST, lambda: ChangeForm(token, PASSWORD))


USES = {"verification": verify, "reset": reset, "change": change}


@pytest.mark.parametrize("kind", ["reset", "change"])
def test_a_token_is_good_once_however_many_try(kind, app, user, tokens):
    updates = []
    app.hooks.record_after_update_success("users")(lambda e: (updates.append(1), e.next()))
    outcomes = at_once(lambda: USES[kind](app, tokens[kind]))

    assert outcomes.count(None) == 1
    assert all(isinstance(error, ValidationErrors) for error in outcomes if error)
    assert updates == [1]


def test_verifying_changes_a_record_once_however_many_try(app, user, tokens):
    """
    COMPAT: a second confirmation is answered like the first, but does nothing.
    """
    updates = []
    app.hooks.record_after_update_success("users")(lambda e: (updates.append(1), e.next()))

    assert at_once(lambda: verify(app, tokens["verification"])) == [None] * MANY
    assert updates == [1]


@pytest.mark.parametrize("kind", USES)
def test_no_token_does_anothers_work(kind, app, user, tokens, add):
    """
    Wrong type, wrong collection, tampered, expired, of a deleted record: all refused.
    """
    claims = pyjwt.decode(tokens[kind], options={"verify_signature": False})
    key = token_key(now(app, user)) + user.collection.auth.verification_token.secret
    forged = [
        pyjwt.encode(claims, "", "none"),
        pyjwt.encode(claims, "guessed", "HS256"),
        pyjwt.encode({**claims, "exp": 1}, key, "HS256"),
        pyjwt.encode({**claims, "id": "other"}, key, "HS256"),
        tokens[kind] + "A",
        new_auth_token(now(app, user)),
        *(token for name, token in tokens.items() if name != kind),
    ]
    for token in forged:
        with pytest.raises(ValidationErrors):
            USES[kind](app, token)
    with pytest.raises(AppError):
        USES[kind](app, tokens[kind], "_superusers")
    app.records.delete(now(app, user))
    with pytest.raises(ValidationErrors):
        USES[kind](app, tokens[kind])


def test_a_reset_ends_everything_else(app, user, tokens):
    begun = new_ref(app, MFAS, user)
    begun.set("method", "otp")
    app.records.create(begun)
    login(app)
    session = new_auth_token(now(app, user))
    reset(app, tokens["reset"])

    assert record_by_token(app, session, AUTH) is None
    assert [refs_of(app, name, user) for name in (MFAS, OTPS, AUTH_ORIGINS)] == [[], [], []]
    assert now(app, user).get("verified")
    assert login(app, "another-one").is_complete
    for kind in ("reset", "change"):
        with pytest.raises(ValidationErrors):
            USES[kind](app, tokens[kind])


def test_a_reset_verifies_only_the_address_it_was_sent_to(app, user, tokens):
    # NOTE: past the hooks, which would end the token
    app.data.run("UPDATE users SET email = 'other@example.com'")
    reset(app, tokens["reset"])

    assert not now(app, user).get("verified")


def test_a_changed_address_is_verified_and_signs_out(app, user, tokens):
    session = new_auth_token(now(app, user))
    change(app, tokens["change"])
    changed = now(app, user)

    assert (changed.get("email"), changed.get("verified")) == ("new@example.com", True)
    assert record_by_token(app, session, AUTH) is None


def test_handlers_see_the_flows(app, user, letters):
    """
    Every flow runs inside its request hook; a handler that stops it stops the letter.
    """
    seen = []
    for name in (
        "record_request_verification_request",
        "record_request_password_reset_request",
        "record_request_email_change_request",
    ):
        hook = getattr(app.hooks, name)
        hook.bind(lambda e: seen.append((e.record.id, e.details.get("newEmail"))), "users")
    request_verification(app, "users", lambda: REQUEST, lambda: EMAIL)
    request_password_reset(app, "users", lambda: REQUEST, lambda: EMAIL)
    request_email_change(app, user, lambda: REQUEST, lambda: "new@example.com")

    assert letters() == []
    assert seen == [(user.id, None), (user.id, None), (user.id, "new@example.com")]


def test_a_letter_that_failed_may_be_asked_for_again(app, user, letters):
    def fail(event):
        raise MailError("no")

    app.hooks.mailer_send.bind(fail, id="fail")
    request_verification(app, "users", lambda: REQUEST, lambda: EMAIL)
    letters()
    app.hooks.mailer_send.unbind("fail")
    request_verification(app, "users", lambda: REQUEST, lambda: EMAIL)

    assert len(letters()) == 1
    request_verification(app, "users", lambda: REQUEST, lambda: EMAIL)

    assert letters() == []


def test_a_new_address_hears_when_it_cannot_be_written_to(app, user):
    @app.hooks.mailer_send()
    def fail(event):
        raise MailError("no")

    with pytest.raises(BadRequestError, match="Failed to request email change"):
        request_email_change(app, user, lambda: REQUEST, lambda: "new@example.com")


# -- alerts


def test_an_alert_that_failed_comes_with_the_next_sign_in(app, user, letters):
    def sign_in(agent):
        request = replace(REQUEST, read_headers=lambda: {"user_agent": agent}, _headers=None)
        form = PasswordForm(EMAIL, PASSWORD)
        auth_with_password(app, "users", lambda: request, lambda: form)

    def fail(event):
        raise MailError("no")

    sign_in("one")

    assert letters() == []
    app.hooks.mailer_send.bind(fail, id="fail")
    sign_in("two")
    letters()

    assert len(refs_of(app, AUTH_ORIGINS, user)) == 1
    app.hooks.mailer_send.unbind("fail")
    sign_in("<b>two</b>" + "x" * 300)
    (letter,) = letters()

    assert "&lt;b&gt;two&lt;/b&gt;xxx" in letter.html
    assert "x" * 200 not in letter.html
    assert len(refs_of(app, AUTH_ORIGINS, user)) == 2


# -- impersonation


def test_impersonation_gives_a_token_that_is_not_renewed(app, user):
    options(app, authRule="verified = true")

    def claims(duration):
        answer = impersonate(app, "users", user.id, lambda: REQUEST, lambda: duration)
        token = answer.body["token"]

        assert record_by_token(app, token, AUTH).id == user.id
        return pyjwt.decode(token, options={"verify_signature": False})

    assert claims(60)["refreshable"] is False
    assert claims(60)["exp"] < claims(0)["exp"] < claims(LONGEST * 2)["exp"]
    with pytest.raises(ValidationErrors):
        impersonate(app, "users", user.id, lambda: REQUEST, lambda: -1)


# -- two methods


def test_a_session_needs_the_other_method_once(app, user, letters):
    """
    Code after password: of many who name one session, one gets through.
    """
    options(app, otp={"enabled": True}, mfa={"enabled": True}, authAlert={"enabled": False})
    session = login(app).body["mfaId"]
    codes = [ask_otp(app) for _ in range(5)]
    plain = [code_in(letter) for letter in letters()]
    request = replace(REQUEST, body={"mfaId": session})

    def finish(pair):
        auth_with_otp(app, "users", lambda: request, lambda: OtpForm(*pair))

    by_id = {app.records.get(OTPS, c).id: c for c in codes}
    pairs = [(c, p) for c in by_id for p in plain if app.passwords.verify(p, password_hash(app.records.get(OTPS, c)))]  # fmt: skip
    with ThreadPoolExecutor(5) as callers:
        outcomes = [job.exception() for job in [callers.submit(finish, p) for p in pairs]]

    assert len(pairs) == 5
    assert outcomes.count(None) == 1
    assert all(isinstance(error, BadRequestError) for error in outcomes if error)


def test_codes_must_be_allowed(app, user):
    with pytest.raises(ForbiddenError):
        ask_otp(app)
    with pytest.raises(ForbiddenError):
        use_otp(app, "x", "y")
