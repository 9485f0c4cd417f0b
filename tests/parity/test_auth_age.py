"""
Codes and sessions of two methods end in time, whatever their records say of when they were made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.data.seed import PASSWORD
from tests.parity.post import USERS
from tests.scenario import Scenario, q

if TYPE_CHECKING:
    from tests.parity.post import Post

pytestmark = pytest.mark.parity

MOMENTS = [
    "2020-01-01 00:00:00.000Z",
    "2020-01-01",
    "2099-01-01 00:00:00.000Z",
    "2099-01-01",
    "2099-01-01T00:00:00+02:00",
    "",
    "nonsense",
    "5",
]


def made_at(table: str, moment: str) -> Scenario:
    text = f"UPDATE {table} SET created = '{moment}'"
    return q("/api/sql?fields=affectedRows", "POST", {"query": text}, who="superuser")


def left(table: str) -> Scenario:
    return q(f"/api/collections/{table}/records?fields=recordRef", who="superuser")


def empty(table: str) -> Scenario:
    return q(f"/api/collections/{table}/truncate", "DELETE", who="superuser")


@pytest.mark.parametrize("moment", MOMENTS)
def test_codes(moment: str, post: Post) -> None:
    """A code that is over, or does not tell when it was made, is refused."""
    user = post.user(verified=True)
    post.check(q(f"{USERS}/request-otp", "POST", {"email": user["email"]}, save={"otp": "otpId"}))
    post.keep("code", "code")
    code = {"otpId": "{otp}", "password": "{code}"}
    post.check(
        made_at("_otps", moment),
        q(f"{USERS}/auth-with-otp", "POST", code),
        left("_otps"),
        empty("_otps"),
    )


@pytest.mark.parametrize("moment", MOMENTS)
def test_sessions(moment: str, post: Post) -> None:
    """A session that is over, or does not tell when it began, is refused and gone."""
    user = post.user(verified=True)
    login = {"identity": user["email"], "password": PASSWORD}
    options = f"{USERS}?fields=name"
    post.check(
        q(options, "PATCH", {"mfa": {"enabled": True}}, who="superuser"),
        q(f"{USERS}/auth-with-password", "POST", login, save={"mfa": "mfaId"}),
        q(f"{USERS}/request-otp", "POST", {"email": user["email"]}, save={"otp": "otpId"}),
    )
    post.keep("code", "code")
    code = {"otpId": "{otp}", "password": "{code}", "mfaId": "{mfa}"}
    post.check(
        made_at("_mfas", moment),
        q(f"{USERS}/auth-with-otp", "POST", code),
        left("_mfas"),
        empty("_mfas"),
        q(options, "PATCH", {"mfa": {"enabled": False}}, who="superuser"),
    )
