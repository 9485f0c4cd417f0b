"""
Forms of every way to sign in, and one-time passwords.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.parity.post import FORM, LONG, STAFF, SUPER, USERS, Post, forms, malformed
from tests.scenario import Scenario, as_each, q

pytestmark = pytest.mark.parity


def places(action: str, body: Any = None) -> list[Scenario]:
    """Ask it of collections that cannot have it."""
    return [
        scenario
        for name in ("nope", "posts", "stats", "_mfas", "_superusers", "pbc_3142635823")
        for scenario in as_each(
            q(f"/api/collections/{name}/{action}", "POST", body or {}), "guest", "alice"
        )
    ]


ADDRESSES = (
    {},
    {"email": ""},
    {"email": None},
    {"email": 5},
    {"email": ["a@example.com"]},
    {"email": "bad"},
    {"email": " alice@example.com"},
    {"email": LONG},
    {"email": "nobody@example.com"},
    {"email": "\r\nBcc: x@example.com"},
    {"email": "a@example.com\r\nBcc: x@example.com"},
)
TABLES: dict[str, list[Scenario]] = {
    "request-otp": [
        *places("request-otp", {"email": "a@example.com"}),
        *malformed(f"{USERS}/request-otp"),
        *forms(f"{USERS}/request-otp", *ADDRESSES),
        q(f"{USERS}/request-otp", "POST", "email=nobody@example.com", headers=FORM),
        q(f"{USERS}/request-otp?fields=x", "POST", {"email": "nobody@example.com"}),
        q(f"{STAFF}/request-otp", "POST", {"email": "a@example.com"}),
    ],
    "auth-with-otp": [
        *places("auth-with-otp"),
        *malformed(f"{USERS}/auth-with-otp"),
        *forms(
            f"{USERS}/auth-with-otp",
            {},
            {"otpId": "x"},
            {"password": "x"},
            {"otpId": "x", "password": "x"},
            {"otpId": "x" * 255, "password": "y" * 71},
            {"otpId": "x" * 256, "password": "y" * 72},
            {"otpId": "", "password": ""},
            {"otpId": 5, "password": "1"},
            {"otpId": "x", "password": 12345678},
            *[{"otpId": "never", "password": "1"}] * 7,
        ),
    ],
    "request-verification": [
        *places("request-verification", {"email": "root@example.com"}),
        *malformed(f"{USERS}/request-verification"),
        *forms(f"{USERS}/request-verification", *ADDRESSES),
    ],
    "confirm-verification": [
        *places("confirm-verification"),
        *malformed(f"{USERS}/confirm-verification"),
        *forms(
            f"{USERS}/confirm-verification",
            {},
            {"token": ""},
            {"token": "x"},
            {"token": "a.b.c"},
            {"token": 5},
            {"token": ".."},
            {"TOKEN": "x"},
        ),
    ],
    "request-password-reset": [
        *places("request-password-reset", {"email": "nobody@example.com"}),
        *malformed(f"{USERS}/request-password-reset"),
        *forms(f"{USERS}/request-password-reset", *ADDRESSES),
    ],
    "confirm-password-reset": [
        *places("confirm-password-reset"),
        *malformed(f"{USERS}/confirm-password-reset"),
        *forms(
            f"{USERS}/confirm-password-reset",
            {},
            {"token": "x"},
            {"token": "x", "password": "short", "passwordConfirm": "short"},
            {"token": "x", "password": "longenough", "passwordConfirm": "other"},
            {"token": "x", "password": "longenough", "passwordConfirm": "longenough"},
            {"token": "x", "password": "", "passwordConfirm": "other"},
            {"token": "x", "password": "y" * 255, "passwordConfirm": "y" * 255},
            {"token": "x", "password": "y" * 256, "passwordConfirm": "y" * 256},
            {"token": "x", "password": "ääääääää", "passwordConfirm": "ääääääää"},
            {"token": "x", "password": "äääääää", "passwordConfirm": "äääääää"},
            {"token": 1, "password": 1, "passwordConfirm": 1},
        ),
    ],
    "request-email-change": [
        *places("request-email-change", {"newEmail": "new@example.com"}),
        *malformed(f"{USERS}/request-email-change"),
        *malformed(f"{USERS}/request-email-change", "alice"),
        *forms(
            f"{USERS}/request-email-change",
            {},
            {"newEmail": ""},
            {"newEmail": "bad"},
            {"newEmail": "alice@example.com"},
            {"newEmail": "bob@example.com"},
            {"newEmail": LONG},
            {"newEmail": 5},
            {"newEmail": "a@example.com\r\nBcc: x@example.com"},
            who="alice",
        ),
        q(f"{USERS}/request-email-change", "POST", {"newEmail": "x@example.com"}, "erin"),
        q(f"{STAFF}/request-email-change", "POST", {"newEmail": "x@example.com"}, "alice"),
        q(f"{USERS}/request-email-change", "POST", {"newEmail": "x@example.com"}, "superuser"),
        q(f"{SUPER}/request-email-change", "POST", {"newEmail": "x@example.com"}, "superuser"),
        q("/api/collections/nope/request-email-change", "POST", {}, "superuser"),
    ],
    "confirm-email-change": [
        *places("confirm-email-change"),
        *malformed(f"{USERS}/confirm-email-change"),
        *forms(
            f"{USERS}/confirm-email-change",
            {},
            {"token": "x"},
            {"password": "x"},
            {"token": "x", "password": "y" * 100},
            {"token": "x", "password": "y" * 101},
            {"token": "", "password": ""},
            {"token": 1, "password": 1},
        ),
    ],
    "impersonate": [
        *as_each(
            q(f"{USERS}/impersonate/user00000000001", "POST"), "guest", "alice", "erin", "superuser"
        ),
        *malformed(f"{USERS}/impersonate/user00000000001", "superuser"),
        *(
            q(f"/api/collections/{name}/impersonate/user00000000001", "POST", {}, who)
            for name in ("nope", "posts", "stats", "staff", "_superusers")
            for who in ("guest", "superuser")
        ),
        *forms(
            f"{USERS}/impersonate/user00000000001",
            {},
            {"duration": 0},
            {"duration": 100},
            {"duration": -1},
            {"duration": None},
            {"duration": "5"},
            {"duration": "x"},
            {"duration": 1.5},
            {"duration": 5.0},
            {"duration": True},
            {"duration": [5]},
            {"duration": 10**30},
            {"DURATION": 60},
            who="superuser",
        ),
        q(f"{USERS}/impersonate/user00000000001?fields=record.email&expand=organization", "POST", {}, "superuser"),
        q(f"{USERS}/impersonate/user00000000001?fields=record.expand.organization.id&expand=organization", "POST", {}, "superuser"),
        q(f"{USERS}/impersonate/user00000000001", "POST", "duration=7", "superuser", headers=FORM),
        q(f"{USERS}/impersonate/user00000000001", "POST", "duration=x", "superuser", headers=FORM),
        q(f"{USERS}/impersonate/user00000000001", "POST", "duration=1.5", "superuser", headers=FORM),
        q(f"{USERS}/impersonate/user00000000001", "POST", {"duration": 50}, "superuser", save={"as": "token"}),
        q(f"{USERS}/records/user00000000001?fields=email", headers={"Authorization": "{as}"}),
        q(f"{USERS}/auth-refresh?fields=record.email", "POST", headers={"Authorization": "{as}"}),
        q(f"{USERS}/impersonate/user00000000001", "POST", {}, headers={"Authorization": "{as}"}),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_forms(name: str, post: Post) -> None:
    """Forms are refused alike, whoever asks."""
    post.check(*TABLES[name])
    post.letters(0)


# -- one-time passwords


def ask_otp(post: Post, user: dict[str, Any]) -> None:
    """Save id and code of a new one-time password as `otp` and `code`."""
    body = {"email": user["email"]}
    post.check(q(f"{USERS}/request-otp", "POST", body, save={"otp": "otpId"}))
    post.keep("code", "code")


def use_otp(url: str = USERS, code: str = "{code}", **more: Any) -> Scenario:
    return q(f"{url}/auth-with-otp", "POST", {"otpId": "{otp}", "password": code, **more})


def test_otp_verifies_and_drops_the_password(post: Post) -> None:
    """The first sign-in of an unverified record ends what was known of it before."""
    user = post.user()
    post.login(user)
    ask_otp(post, user)
    post.check(
        use_otp(code="00000000"),
        use_otp(STAFF),
        use_otp(),
        use_otp(),
        post.state(user),
        q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{me}"}),
        q(f"{USERS}/auth-with-password", "POST", {"identity": user["email"], "password": PASSWORD}),
    )


def test_otp_of_a_verified_record(post: Post) -> None:
    """A verified record keeps its password and its other codes."""
    user = post.user(verified=True)
    post.login(user)
    ask_otp(post, user)
    post.check(
        use_otp(extra=1),
        q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{me}"}),
        q(f"{USERS}/auth-with-password", "POST", {"identity": user["email"], "password": PASSWORD}),
    )
    ask_otp(post, user)
    post.check(
        q(f"{USERS}/auth-with-otp?fields=record.email,token&expand=organization", "POST", "otpId={otp}&password={code}", headers=FORM),
    )  # fmt: skip


def test_otp_sent_to_another_address(post: Post) -> None:
    """A code verifies the address it was sent to, no other."""
    user = post.user()
    ask_otp(post, user)
    moved = {"email": f"moved-{user['email']}"}
    post.check(q(f"{USERS}/records/{user['id']}", "PATCH", moved, "superuser"), use_otp())
    user["email"] = moved["email"]
    ask_otp(post, user)
    post.check(
        q(
            "/api/collections/_otps/records/{otp}",
            "PATCH",
            {"sentTo": "x@example.com"},
            "superuser",
        ),
        use_otp(),
        post.state(user),
    )


def test_otp_guessing(post: Post) -> None:
    """After five guesses even the right code is refused; asking for too many gives the last one."""
    user = post.user(verified=True)
    ask_otp(post, user)
    post.check(*[use_otp(code=f"{n:08}") for n in range(5)], use_otp(), use_otp())
    body = {"email": user["email"]}
    for _ in range(9):
        post.check(q(f"{USERS}/request-otp", "POST", body, save={"last": "otpId"}))
        post.letters()
    post.check(
        q(f"{USERS}/request-otp", "POST", body, save={"again": "otpId"}),
        q(f"{USERS}/request-otp", "POST", body),
    )
    post.letters(0)

    for side in (post.pair.reference, post.pair.ours):
        assert side.saved["last"] == side.saved["again"]


def test_otp_guessing_goes_on_with_new_codes(post: Post) -> None:
    """A new code gives no new guesses: they are counted by caller and record, good ones too."""
    user, other = post.user(verified=True), post.user(verified=True)
    for guesses in (["x", "x"], ["x", "x"]):
        ask_otp(post, user)
        post.check(*(use_otp(code=code) for code in guesses))
    ask_otp(post, user)
    post.check(use_otp())
    ask_otp(post, user)
    post.check(use_otp(code="x"), use_otp())
    ask_otp(post, other)
    post.check(use_otp(code="x"), use_otp())


def test_guessing_at_what_is_over(post: Post) -> None:
    """Codes that are over, or of records that are gone, are not counted."""
    user, other = post.user(verified=True), post.user(verified=True)
    ask_otp(post, other)
    post.check(
        q(f"{USERS}/records/{other['id']}", "DELETE", who="superuser"),
        *[use_otp(code="x")] * 6,
    )
    ask_otp(post, user)
    post.check(
        q(
            "/api/collections/_otps/records/{otp}",
            "PATCH",
            {"recordRef": "gone00000000001", "collectionRef": "_pb_users_auth_"},
            "superuser",
        ),
        *[use_otp(code="x")] * 6,
    )


def test_otp_and_rules(post: Post) -> None:
    """The auth rule is asked after the code is used up; deleted records cannot sign in."""
    user, other = post.user(), post.user()
    rule = [q(USERS, "PATCH", {"authRule": rule}, "superuser") for rule in ("name = 'zz'", "")]
    ask_otp(post, user)
    post.check(rule[0], use_otp(), post.state(user), rule[1], use_otp())
    ask_otp(post, other)
    post.check(q(f"{USERS}/records/{other['id']}", "DELETE", who="superuser"), use_otp())


def test_otp_as_second_factor(post: Post) -> None:
    """Code and password in either order; neither twice; the code verifies without a new password."""
    user = post.user()
    credentials = {"identity": user["email"], "password": PASSWORD}
    by_password = q(
        f"{USERS}/auth-with-password", "POST", {**credentials, "mfaId": "{mfa}"}, name="password"
    )
    post.check(q(USERS, "PATCH", {"mfa": {"enabled": True}}, "superuser"))
    try:
        ask_otp(post, user)
        first = use_otp()
        post.check(
            Scenario(**{**vars(first), "save": {"mfa": "mfaId"}}),
            post.state(user),
            by_password,
            by_password,
        )
        post.check(
            q(f"{USERS}/auth-with-password", "POST", credentials, save={"mfa": "mfaId"}),
            by_password,
        )
        ask_otp(post, user)
        post.check(use_otp(mfaId="nope"), use_otp(mfaId="{mfa}"))
        ask_otp(post, user)
        post.check(use_otp(mfaId="{mfa}"), use_otp(mfaId="{mfa}"))
        rule = {"enabled": True, "rule": "name = 'zz'"}
        post.check(q(USERS, "PATCH", {"mfa": rule}, "superuser"))
        fresh = post.user()
        ask_otp(post, fresh)
        post.check(use_otp(), post.state(fresh))
        form = {"identity": fresh["email"], "password": PASSWORD}
        asked = [
            side.client().post(f"{USERS}/auth-with-password", form).status
            for side in (post.pair.reference, post.pair.ours)
        ]

        # NOTE: who needs no second method could go on with a password that was never the owner's
        assert asked == [200, 400]
    finally:
        post.check(q(USERS, "PATCH", {"mfa": {"enabled": False, "rule": ""}}, "superuser"))


def test_demands_on_passwords(post: Post) -> None:
    """Passwords that nobody knows need not be what the collection asks of passwords."""
    fields = post.pair.ours.client("superuser").must("GET", USERS)["fields"]
    narrow = {"pattern": "^[0-9]+$", "max": 20}
    changed = [{**f, **narrow} if f["name"] == "password" else f for f in fields]
    post.check(q(USERS, "PATCH", {"fields": changed}, "superuser", look_at=()))
    try:
        digits = {"password": "12345678", "passwordConfirm": "12345678"}
        user, other = post.user(**digits), post.user(**digits)
        ask_otp(post, user)
        post.check(use_otp(), post.state(user))
        off = {"passwordAuth": {"enabled": False, "identityFields": ["email", "username"]}}
        post.check(
            q(USERS, "PATCH", off, "superuser", look_at=()),
            q(f"{USERS}/request-verification", "POST", {"email": other["email"]}),
        )
        post.keep("token")
        post.check(
            q(f"{USERS}/confirm-verification", "POST", {"token": "{token}"}), post.state(other)
        )
    finally:
        on = {"passwordAuth": {"enabled": True, "identityFields": ["email", "username"]}}
        post.check(q(USERS, "PATCH", {"fields": fields, **on}, "superuser", look_at=()))


def test_superusers_with_two_methods(post: Post) -> None:
    """Superusers may need a code too."""
    options = {"otp": {"enabled": True}, "mfa": {"enabled": True}}
    login = {"identity": "root@example.com", "password": "1234567890"}
    post.check(q(SUPER, "PATCH", options, "superuser", look_at=()))
    try:
        post.check(
            q(f"{SUPER}/request-otp", "POST", {"email": "root@example.com"}, save={"otp": "otpId"})
        )
        post.keep("code", "code")
        post.check(
            q(f"{SUPER}/auth-with-password", "POST", login, save={"mfa": "mfaId"}),
            use_otp(SUPER, mfaId="{mfa}"),
        )
    finally:
        off = {"otp": {"enabled": False}, "mfa": {"enabled": False}}
        post.check(q(SUPER, "PATCH", off, "superuser", look_at=()))
