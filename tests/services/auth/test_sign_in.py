"""
Signing in: who gets through, what is remembered, what can be used once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pocketbase_server.core.errors import AppError, BadRequestError, ForbiddenError
from pocketbase_server.core.records.auth_refs import AUTH_ORIGINS, MFAS, new_ref, refs_of
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.services.auth.identity import ignores_case, record_by_identity
from pocketbase_server.services.auth.password_login import PasswordForm, auth_with_password
from pocketbase_server.services.auth.refresh import refresh_auth
from pocketbase_server.services.auth.tokens import AUTH, new_static_token, record_by_token

from tests.services.auth.conftest import PASSWORD

EMAIL = "user@example.com"
REQUEST = RequestInfo(method="POST", ip="127.0.0.1", context="password")


def coming_from(agent: str, **body) -> RequestInfo:
    return replace(REQUEST, body=body, read_headers=lambda: {"user_agent": agent}, _headers=None)


def login(app, identity=EMAIL, password=PASSWORD, request=REQUEST, field=""):
    form = PasswordForm(identity, password, field)
    return auth_with_password(app, "users", lambda: request, lambda: form)


def options(app, **changed):
    users = app.collections.find("users").clone()
    users.set_options(changed)
    app.collections.save(users)


def test_the_answer_holds_record_and_token(app, user):
    answer = login(app)
    shown = answer.body["record"].export()

    assert answer.is_complete
    assert list(answer.body) == ["record", "token"]
    assert shown["email"] == EMAIL
    assert "tokenKey" not in shown and "password" not in shown
    assert record_by_token(app, answer.body["token"], AUTH).id == user.id


@pytest.mark.parametrize(
    ("identity", "password", "field"),
    [(EMAIL, "wrong", ""), ("nobody@example.com", PASSWORD, ""), ("USER@example.com", PASSWORD, ""),
     (" " + EMAIL, PASSWORD, ""), (EMAIL, PASSWORD + " ", ""), ("%", PASSWORD, ""), (EMAIL, "", "email")],
)  # fmt: skip
def test_others_fail_alike(app, user, identity, password, field):
    with pytest.raises(AppError):
        login(app, identity, password, field=field)
    assert refs_of(app, AUTH_ORIGINS, user) == []


def test_handlers_see_and_may_change_who_signs_in(app, user, add):
    other = add("users", "other@example.com")
    seen = []

    @app.hooks.record_auth_with_password_request("users")
    def swap(event):
        seen.append((event.identity, event.password, event.record and event.record.id))
        event.record = event.record and app.records.get("users", other.id)
        event.next()

    @app.hooks.record_auth_request("users")
    def mark(event):
        seen.append((event.auth_method, bool(event.token)))
        event.meta = {"by": "handler"}
        event.next()

    answer = login(app)

    assert answer.body["record"].id == other.id
    assert answer.body["meta"] == {"by": "handler"}
    assert seen == [(EMAIL, PASSWORD, user.id), ("password", True)]


def test_a_handler_that_does_not_go_on_keeps_everyone_out(app, user):
    app.hooks.record_auth_with_password_request.bind(lambda event: None)

    assert login(app).body is None
    assert refs_of(app, AUTH_ORIGINS, user) == []


def test_the_last_five_places_are_remembered(app, user):
    for n in range(7):
        login(app, request=coming_from(f"agent {n}"))
    login(app, request=coming_from("agent 6"))
    kept = refs_of(app, AUTH_ORIGINS, user)

    assert len(kept) == 5
    assert len({origin.get("fingerprint") for origin in kept}) == 5


def test_no_place_is_remembered_when_alerts_are_off(app, user):
    options(app, authAlert={"enabled": False})
    login(app)

    assert refs_of(app, AUTH_ORIGINS, user) == []


def test_locked_and_unfit_collections(app, user):
    options(app, authRule="verified = true")
    with pytest.raises(ForbiddenError, match="collection requirements"):
        login(app)
    options(app, authRule=None)
    with pytest.raises(ForbiddenError, match="collection requirements"):
        login(app)
    options(app, authRule="", passwordAuth={"enabled": False})
    with pytest.raises(ForbiddenError, match="not configured"):
        login(app)


# -- second factor


@pytest.fixture
def session(app, user):
    """Return a session that another method has begun."""
    options(app, otp={"enabled": True}, mfa={"enabled": True, "duration": 600})
    begun = new_ref(app, MFAS, user)
    begun.set("method", "otp")
    app.records.create(begun)
    return begun


def test_the_first_method_begins_a_session(app, user, session):
    answer = login(app)
    begun = app.records.get(MFAS, answer.body["mfaId"])

    assert not answer.is_complete
    assert list(answer.body) == ["mfaId"]
    assert (begun.get("recordRef"), begun.get("method")) == (user.id, "password")


def test_a_session_is_good_once_however_many_try(app, user, session):
    request = coming_from("x", mfaId=session.id)
    with ThreadPoolExecutor(10) as callers:
        jobs = [callers.submit(login, app, request=request) for _ in range(10)]
        outcomes = [job.exception() for job in jobs]

    assert outcomes.count(None) == 1
    assert all(isinstance(error, BadRequestError) for error in outcomes if error is not None)


def test_a_session_of_someone_else_is_refused_and_stays(app, session, add):
    add("users", "other@example.com")
    with pytest.raises(BadRequestError, match=r"^Invalid MFA session\.$"):
        login(app, "other@example.com", request=coming_from("x", mfaId=session.id))

    assert app.records.get(MFAS, session.id) is not None


def test_an_old_session_is_refused_and_gone(app, session):
    app.data.run("UPDATE _mfas SET created = '2020-01-01 00:00:00.000Z'")
    with pytest.raises(BadRequestError, match="expired"):
        login(app, request=coming_from("x", mfaId=session.id))

    assert app.records.get(MFAS, session.id) is None


# -- identities


def test_identity_fields_are_tried_in_turn_addresses_first(app, user, add):
    users = app.collections.find("users").clone()
    users.indexes.append(
        "CREATE UNIQUE INDEX `by_name` ON `users` (`name` COLLATE NOCASE) WHERE `name` != ''"
    )
    users.set_options({"passwordAuth": {"identityFields": ["name", "email"]}})
    app.collections.save(users)
    users = app.collections.find("users")
    named = add("users", "named@example.com", name="Someone")
    impostor = add("users", "impostor@example.com", name=EMAIL)
    wearer = add("users", "wearer@example.com", name="free@example.com")

    def found(identity, field=""):
        record = record_by_identity(app, users, identity, field)
        return record and record.id

    assert ignores_case(users, "name")
    assert not ignores_case(users, "email")
    assert found("SOMEONE") == named.id
    assert found(EMAIL) == user.id
    assert found(EMAIL, "name") == impostor.id
    assert found("FREE@example.com") == wearer.id
    assert found("Someone", "email") is None
    assert found("NAMED@example.com") is None


def test_an_identity_is_found_by_index(app, user):
    plans = app.data.all(
        "EXPLAIN QUERY PLAN SELECT `id` FROM `users` WHERE `email` = ? AND `email` != '' LIMIT 1",
        ("x",),
    )

    assert "USING INDEX" in plans[0][3]


# -- refresh


def test_refreshing_gives_a_new_token_or_the_same_static_one(app, user):
    static = new_static_token(user, 60)
    request = replace(REQUEST, auth=user)

    assert refresh_auth(app, user, request, static).body["token"] == static
    assert refresh_auth(app, user, request, login(app).body["token"]).body["token"] != static


def test_refreshing_obeys_the_auth_rule(app, user):
    token = login(app).body["token"]
    options(app, authRule="verified = true")

    assert record_by_token(app, token, AUTH) is None
    user = app.records.find("users", user.id)
    with pytest.raises(ForbiddenError):
        refresh_auth(app, user, replace(REQUEST, auth=user), token)
