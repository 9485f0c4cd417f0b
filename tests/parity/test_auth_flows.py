"""
Letters and what they lead to: one-time passwords, verification, password reset, e-mail change.

Both servers write to postboxes of their own; what the letters carry goes into the next questions.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.data.seed import PASSWORD
from tests.postbox import Letter, Postbox
from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

USERS = "/api/collections/users"
STAFF = "/api/collections/staff"
SUPER = "/api/collections/_superusers"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LONG = "x" * 250 + "@example.com"


@dataclass
class Post:
    """Both servers with their postboxes."""

    pair: Pair
    boxes: tuple[Postbox, Postbox]
    number: int = field(default=0)

    def check(self, *steps: Scenario) -> None:
        """Ask both all steps."""
        self.pair.check(*steps)

    def letters(self, count: int = 1) -> list[tuple[Letter, Letter]]:
        """Take the letters both servers sent, and insist that they go to the same people."""
        taken = [box.take(count) for box in self.boxes]

        assert len(taken[0]) == len(taken[1]) == count
        assert [one.to for one in taken[0]] == [one.to for one in taken[1]]
        return list(zip(*taken, strict=True))

    def keep(self, name: str, what: str = "token") -> None:
        """Take one letter and save what it carries under a name."""
        ((theirs, ours),) = self.letters()
        for side, letter in ((self.pair.reference, theirs), (self.pair.ours, ours)):
            side.saved[name] = getattr(letter, what)

            assert side.saved[name]

    def user(self, **values: Any) -> dict[str, Any]:
        """Add a user of its own to both."""
        self.number += 1
        body = {
            "id": f"flow{self.number:011}",
            "email": f"flow{self.number}@example.com",
            "password": PASSWORD,
            "passwordConfirm": PASSWORD,
            **values,
        }
        self.check(q(f"{USERS}/records", "POST", body, who="superuser"))
        return body

    def login(self, user: dict[str, Any]) -> None:
        """Save a token of the user as `me`."""
        body = {"identity": user["email"], "password": user["password"]}
        self.check(q(f"{USERS}/auth-with-password", "POST", body, save={"me": "token"}))

    def state(self, user: dict[str, Any]) -> Scenario:
        """Return the question what is stored of a user."""
        return q(f"{USERS}/records/{user['id']}?fields=email,verified", who="superuser")


@pytest.fixture(scope="module")
def post(pair: Pair) -> Iterator[Post]:
    """Return both servers, writing to postboxes."""
    with Postbox() as theirs, Postbox() as ours:
        for side, box in ((pair.reference, theirs), (pair.ours, ours)):
            side.client("superuser").must("PATCH", "/api/settings", box.settings())
            body = {"otp": {"enabled": True}, "authAlert": {"enabled": False}}
            side.client("superuser").must("PATCH", USERS, body)
        yield Post(pair, (theirs, ours))


def forms(url: str, *bodies: Any, who: str = "guest") -> list[Scenario]:
    return [q(url, "POST", body, who=who) for body in bodies]


def places(action: str, body: Any = None) -> list[Scenario]:
    """Ask it of collections that cannot have it."""
    return [
        scenario
        for name in ("nope", "posts", "stats", "_mfas", "_superusers", "pbc_3142635823")
        for scenario in as_each(
            q(f"/api/collections/{name}/{action}", "POST", body or {}), "guest", "alice"
        )
    ]


def malformed(url: str, who: str = "guest") -> list[Scenario]:
    return [
        q(url, "POST", who=who),
        q(url, "POST", [], who=who),
        q(url, "POST", '{"a', who=who, headers=JSON),
        q(url, "POST", "5", who=who, headers=JSON),
        q(url, "POST", "a=b", who=who, headers={"Content-Type": "text/plain"}),
        q(url, "GET", who=who),
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
        post.check(
            use_otp(),
            post.state(fresh),
            q(f"{USERS}/auth-with-password", "POST", {"identity": fresh["email"], "password": PASSWORD}),
        )  # fmt: skip
    finally:
        post.check(q(USERS, "PATCH", {"mfa": {"enabled": False, "rule": ""}}, "superuser"))


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


# -- tokens by letter


def letter_tokens(post: Post, user: dict[str, Any]) -> None:
    """Save one token of each kind: verification, reset, change."""
    post.login(user)
    post.check(q(f"{USERS}/request-verification", "POST", {"email": user["email"]}))
    post.keep("verification")
    post.check(q(f"{USERS}/request-password-reset", "POST", {"email": user["email"]}))
    post.keep("reset")
    change = {"newEmail": f"new-{user['email']}"}
    post.check(
        q(f"{USERS}/request-email-change", "POST", change, headers={"Authorization": "{me}"})
    )
    post.keep("change")


def confirm_verification(token: str, url: str = USERS) -> Scenario:
    return q(f"{url}/confirm-verification", "POST", {"token": token})


def confirm_reset(token: str, url: str = USERS, password: str = "changed-it") -> Scenario:
    body = {"token": token, "password": password, "passwordConfirm": password}
    return q(f"{url}/confirm-password-reset", "POST", body)


def confirm_change(token: str, url: str = USERS, password: str = PASSWORD) -> Scenario:
    return q(f"{url}/confirm-email-change", "POST", {"token": token, "password": password})


CONFIRM = {
    "verification": confirm_verification,
    "reset": confirm_reset,
    "change": confirm_change,
}


def test_wrong_tokens(post: Post) -> None:
    """A token is good for its purpose, collection and record only."""
    user = post.user()
    letter_tokens(post, user)
    kinds = ("verification", "reset", "change", "me")
    post.check(
        *(make("{%s}" % kind) for own, make in CONFIRM.items() for kind in kinds if kind != own),
        *(
            make("{%s}" % kind, url)
            for kind, make in CONFIRM.items()
            for url in (STAFF, SUPER, "/api/collections/posts", "/api/collections/nope")
        ),
        *(
            q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{%s}" % kind})
            for kind in kinds
        ),
        *(make("{%s}x" % kind) for kind, make in CONFIRM.items()),
        post.state(user),
    )


@pytest.mark.parametrize("first", CONFIRM)
def test_each_token_is_good_once(first: str, post: Post) -> None:
    """What a token does, and what that does to the others."""
    user = post.user()
    letter_tokens(post, user)
    post.check(
        CONFIRM[first]("{%s}" % first),
        post.state(user),
        q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{me}"}),
        *(make("{%s}" % kind) for kind, make in CONFIRM.items()),
        post.state(user),
        *(
            q(f"{USERS}/auth-with-password", "POST", {"identity": address, "password": password})
            for address in (user["email"], f"new-{user['email']}")
            for password in (PASSWORD, "changed-it")
        ),
    )


@pytest.mark.parametrize("kind", CONFIRM)
def test_tokens_after_the_address_changed(kind: str, post: Post) -> None:
    """What is left of a token when its record has another address."""
    user = post.user()
    letter_tokens(post, user)
    moved = {"email": f"moved-{user['email']}"}
    post.check(
        q(f"{USERS}/records/{user['id']}", "PATCH", moved, "superuser"),
        CONFIRM[kind]("{%s}" % kind),
        post.state(user),
    )


@pytest.mark.parametrize("kind", CONFIRM)
def test_tokens_of_the_deleted(kind: str, post: Post) -> None:
    """A token of a record that is gone is no good."""
    user = post.user()
    letter_tokens(post, user)
    post.check(
        q(f"{USERS}/records/{user['id']}", "DELETE", who="superuser"),
        CONFIRM[kind]("{%s}" % kind),
    )


def test_letters_are_not_repeated(post: Post) -> None:
    """The same letter goes once in two minutes; verified records get none."""
    user, verified = post.user(), post.user(verified=True)
    for name in ("request-verification", "request-password-reset"):
        ask = q(f"{USERS}/{name}", "POST", {"email": user["email"]})
        post.check(ask)
        post.letters(1)
        time.sleep(0.1)
        post.check(ask, ask)
        post.letters(0)
    post.check(q(f"{USERS}/request-verification", "POST", {"email": verified["email"]}))
    post.letters(0)


def test_new_passwords(post: Post) -> None:
    """Passwords that the field refuses leave the token good."""
    user = post.user()
    letter_tokens(post, user)
    post.check(
        confirm_reset("{reset}", password="y" * 72),
        confirm_reset("{reset}", password="short"),
        confirm_reset("{reset}", password="y" * 71),
        confirm_reset("{reset}", password="another-one"),
    )


def test_without_passwords(post: Post) -> None:
    """Where passwords do not sign in, they are not reset."""
    user = post.user()
    letter_tokens(post, user)
    off = {"passwordAuth": {"enabled": False, "identityFields": ["email", "username"]}}
    post.check(q(USERS, "PATCH", off, "superuser", look_at=()))
    try:
        post.check(
            q(f"{USERS}/request-password-reset", "POST", {"email": user["email"]}),
            q(f"{USERS}/request-password-reset", "POST", {}),
            q(f"{USERS}/request-verification", "POST", {"email": ""}),
            *(make("{%s}" % kind) for kind, make in CONFIRM.items()),
            post.state(user),
        )
    finally:
        on = {"passwordAuth": {"enabled": True, "identityFields": ["email", "username"]}}
        post.check(q(USERS, "PATCH", on, "superuser", look_at=()))


def test_new_address_taken_meanwhile(post: Post) -> None:
    """An address that someone else took since cannot be confirmed until it is free again."""
    user = post.user()
    letter_tokens(post, user)
    other = post.user(email=f"new-{user['email']}")
    post.check(
        confirm_change("{change}"),
        confirm_change("{change}", password="wrong"),
        q(f"{USERS}/records/{other['id']}", "DELETE", who="superuser"),
        confirm_change("{change}"),
        post.state(user),
    )


def test_superuser_reset(post: Post) -> None:
    """Superusers reset their passwords too."""
    body = {
        "id": "super0000000009",
        "email": "second@example.com",
        "password": PASSWORD,
        "passwordConfirm": PASSWORD,
    }
    post.check(
        q(f"{SUPER}/records", "POST", body, "superuser"),
        q(f"{SUPER}/request-password-reset", "POST", {"email": "second@example.com"}),
    )
    post.keep("reset")
    login = {"identity": "second@example.com", "password": "changed-it"}
    post.check(
        confirm_reset("{reset}"),
        confirm_reset("{reset}", SUPER),
        confirm_reset("{reset}", SUPER),
        q(f"{SUPER}/auth-with-password", "POST", login),
        q(f"{SUPER}/records/super0000000009", "DELETE", who="superuser"),
    )


# -- alerts, bad servers, trials


def test_alerts(post: Post) -> None:
    """The first place is silent, each new one is told about, an old one is not."""
    user = post.user(verified=True)
    body = {"identity": user["email"], "password": PASSWORD}

    def login(agent: str) -> Scenario:
        return q(f"{USERS}/auth-with-password", "POST", body, headers={"User-Agent": agent})

    post.check(q(USERS, "PATCH", {"authAlert": {"enabled": True}}, "superuser"))
    try:
        post.check(login("one"))
        post.letters(0)
        for agent in ("two", "<b>three</b>", "x" * 500):
            post.check(login(agent))
            ((theirs, ours),) = post.letters()

            assert theirs.message["subject"] == ours.message["subject"]
            assert agent[:50] in ours.part("plain")
            assert "<b>" not in ours.part("html")
        post.check(login("two"))
        post.letters(0)
        origins = f"/api/collections/_authOrigins/records?filter=recordRef='{user['id']}'"
        post.check(q(f"{origins}&fields=totalItems", who="superuser"))
        post.check(login("six"), q(f"{origins}&fields=totalItems", who="superuser"))
        post.letters(1)
    finally:
        post.check(q(USERS, "PATCH", {"authAlert": {"enabled": False}}, "superuser"))


TRIALS = [
    *malformed("/api/settings/test/email", "superuser"),
    *as_each(q("/api/settings/test/email", "POST", {}), "guest", "alice"),
    *forms(
        "/api/settings/test/email",
        {},
        {"email": "bad", "template": "x"},
        {"email": LONG, "template": "otp"},
        {"email": "a@example.com", "template": "otp", "collection": "nope"},
        {"email": "a@example.com", "template": "otp", "collection": "posts"},
        {"email": 5},
        who="superuser",
    ),
]


@pytest.mark.parametrize(("number", "scenario"), list(enumerate(TRIALS)))
def test_trial_forms(number: int, scenario: Scenario, post: Post) -> None:
    """Trying letters out is for superusers, with a form."""
    post.check(scenario)


@pytest.mark.parametrize(
    "letter", ["verification", "password-reset", "email-change", "otp", "login-alert"]
)
@pytest.mark.parametrize("collection", ["", "users"])
def test_trials(letter: str, collection: str, post: Post) -> None:
    """Every letter can be tried out."""
    body = {"email": "try@example.com", "template": letter, "collection": collection}
    post.check(q("/api/settings/test/email", "POST", body, "superuser"))
    ((theirs, ours),) = post.letters()

    assert theirs.message["subject"] == ours.message["subject"]
    assert bool(theirs.token) == bool(ours.token)
    assert ("123456" in theirs.part("plain")) == ("123456" in ours.part("plain"))
    assert ("TEST_IP" in theirs.part("plain")) == ("TEST_IP" in ours.part("plain"))


PLACEHOLDERS = (
    "{APP_NAME}|{APP_URL}|{APP_URL}/x|{RECORD:name}|{RECORD:email}|{RECORD:id}|{RECORD:verified}"
    "|{RECORD:created}|{RECORD:organization}|{RECORD:password}|{RECORD:tokenKey}|{RECORD:nope}"
    "|{RECORD:collectionName}|{RECORD: name}|{record:name}|{OTP}|{OTP_ID}|{ALERT_INFO}|{NOPE}|{TOKEN"
)


def test_placeholders(post: Post) -> None:
    """Templates are filled in alike; hidden fields never are."""
    user = post.user(name='Ann <b>&"x"\' é')
    template = {
        "subject": "S {APP_NAME} {RECORD:id} {OTP}",
        "body": f"<p>{PLACEHOLDERS}</p>{{TOKEN}}",
    }
    post.check(
        q(USERS, "PATCH", {"resetPasswordTemplate": template}, "superuser", look_at=()),
        q(f"{USERS}/request-password-reset", "POST", {"email": user["email"]}),
    )
    ((theirs, ours),) = post.letters()

    def said(letter: Letter) -> str:
        html = letter.part("html")
        return html[html.index("<p>") : html.index("</p>")].replace("&#x27;", "&#39;").replace("&quot;", "&#34;")  # fmt: skip

    assert said(theirs)[:-40].replace(user["id"], "") != ""
    assert _without_times(said(theirs)) == _without_times(said(ours))
    assert theirs.message["subject"] == ours.message["subject"]


def _without_times(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z", "~", text)


def test_plain_parts(post: Post) -> None:
    """The plain part says what the HTML says."""
    user = post.user()
    body = (
        '<h1>Head</h1><style>a{}</style><script>x</script><div>A<div>B</div></div><p>P <b>bold</b></p>'
        '<ul><li>one</li><li>two</li></ul><p><a href="http://x.y/?a=1&amp;b=2">link</a></p><p>line<br>two</p>'
        "<p>{TOKEN}</p><p>&lt;tag&gt; &amp; x</p>"
    )  # fmt: skip
    template = {"subject": "S", "body": body}
    post.check(
        q(USERS, "PATCH", {"verificationTemplate": template}, "superuser", look_at=()),
        q(f"{USERS}/request-verification", "POST", {"email": user["email"]}),
    )
    ((theirs, ours),) = post.letters()

    def lines(letter: Letter) -> list[str]:
        return [line.strip()[:30] for line in letter.part("plain").splitlines()]

    assert lines(theirs) == lines(ours)


def test_dead_server(post: Post) -> None:
    """Who asks for a letter does not hear that it failed, but for a changed address."""
    user = post.user()
    post.login(user)
    dead = {"smtp": {"port": 1}}
    post.check(q("/api/settings", "PATCH", dead, "superuser", look_at=(), blur=r'"port":\d+'))
    try:
        post.check(
            q(f"{USERS}/request-verification", "POST", {"email": user["email"]}),
            q(f"{USERS}/request-password-reset", "POST", {"email": user["email"]}),
            q(f"{USERS}/request-otp", "POST", {"email": user["email"]}),
            q(f"{USERS}/request-email-change", "POST", {"newEmail": "n@example.com"}, headers={"Authorization": "{me}"}),
            q("/api/settings/test/email", "POST", {"email": "a@example.com", "template": "otp"}, "superuser", blur=r"Raw error: [^\"]*"),
        )  # fmt: skip
    finally:
        for side, box in zip((post.pair.reference, post.pair.ours), post.boxes, strict=True):
            side.client("superuser").must("PATCH", "/api/settings", box.settings())
    otps = f"/api/collections/_otps/records?filter=recordRef='{user['id']}'&fields=totalItems"
    post.check(q(otps, who="superuser"))
