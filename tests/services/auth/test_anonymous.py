"""
Anonymous sign-in: off by default, kept beside everything else, and open to becoming someone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from pocketbase_server.core.errors import BadRequestError, ForbiddenError, ValidationErrors
from pocketbase_server.core.request_info import RequestInfo
from pocketbase_server.services.auth.anonymous import (
    UpgradeForm,
    auth_anonymously,
    is_anonymous,
    set_anonymous,
    upgrade,
)
from pocketbase_server.services.auth.methods import list_auth_methods
from pocketbase_server.services.auth.password_login import PasswordForm, auth_with_password
from pocketbase_server.services.auth.tokens import AUTH, record_by_token

REQUEST = RequestInfo(method="POST", ip="127.0.0.1")
FORM = UpgradeForm("me@example.com", "password-1", "password-1")


def tables(app):
    return {name for (name,) in app.data.all("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.fixture
def allowed(app):
    """Allow it for users."""
    set_anonymous(app, "users", allowed=True)


def test_off_by_default_and_without_trace(app):
    before, stored = tables(app), app.data.all("SELECT * FROM _collections")

    assert "anonymous" not in list_auth_methods(app, "users")
    with pytest.raises(ForbiddenError):
        auth_anonymously(app, "users", REQUEST)
    set_anonymous(app, "users", allowed=False)

    assert tables(app) == before
    set_anonymous(app, "users", allowed=True)

    assert tables(app) - before == {"_anonymousCollections", "_anonymousRecords"}
    assert app.data.all("SELECT * FROM _collections") == stored
    assert list_auth_methods(app, "users")["anonymous"] == {"enabled": True}
    set_anonymous(app, "users", allowed=False)

    assert "anonymous" not in list_auth_methods(app, "users")


def test_superusers_are_never_anonymous(app):
    with pytest.raises(BadRequestError):
        set_anonymous(app, "_superusers", allowed=True)


def test_each_call_is_someone_new(app, allowed):
    answers = [auth_anonymously(app, "users", REQUEST) for _ in range(2)]
    records = [record_by_token(app, answer.body["token"], AUTH) for answer in answers]

    assert records[0].id != records[1].id
    assert all(is_anonymous(app, record) for record in records)
    assert not records[0].get("verified")
    assert answers[0].body["record"].export()["email"].endswith("@anonymous.invalid")


def test_the_auth_rule_leaves_nobody_behind(app, allowed):
    users = app.collections.find("users").clone()
    users.set_options({"authRule": "verified = true"})
    app.collections.save(users)
    with pytest.raises(ForbiddenError):
        auth_anonymously(app, "users", REQUEST)

    assert app.records.count("users") == 0


def test_becoming_someone(app, allowed, add):
    caller = record_by_token(app, auth_anonymously(app, "users", REQUEST).body["token"], AUTH)
    add("users", "taken@example.com")
    with pytest.raises(BadRequestError, match="Failed to upgrade"):
        upgrade(app, caller, REQUEST, UpgradeForm("taken@example.com", "password-1", "password-1"))
    with pytest.raises(ValidationErrors):
        upgrade(app, caller, REQUEST, UpgradeForm("bad", "x", "y"))

    assert is_anonymous(app, caller)
    answer = upgrade(app, caller, REQUEST, FORM)
    known = record_by_token(app, answer.body["token"], AUTH)

    assert known.id == caller.id
    assert (known.get("email"), known.get("verified")) == ("me@example.com", False)
    assert not is_anonymous(app, known)
    form = PasswordForm("me@example.com", "password-1")

    assert auth_with_password(app, "users", lambda: REQUEST, lambda: form).is_complete
    with pytest.raises(BadRequestError, match="not anonymous"):
        upgrade(app, known, REQUEST, FORM)


def test_of_many_upgrades_one_gets_through(app, allowed):
    caller = record_by_token(app, auth_anonymously(app, "users", REQUEST).body["token"], AUTH)

    def attempt(n):
        form = UpgradeForm(f"me{n}@example.com", "password-1", "password-1")
        upgrade(app, caller, REQUEST, form)

    with ThreadPoolExecutor(10) as callers:
        outcomes = [job.exception() for job in [callers.submit(attempt, n) for n in range(10)]]

    assert outcomes.count(None) == 1


def test_others_cannot_be_taken_over(app, allowed, user):
    with pytest.raises(BadRequestError, match="not anonymous"):
        upgrade(app, user, REQUEST, FORM)
