"""
Letters and what they lead to: verification, password reset, e-mail change, alerts, trials.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.data.seed import PASSWORD
from tests.parity.post import LONG, STAFF, SUPER, USERS, Post, forms, malformed, tag
from tests.scenario import Scenario, as_each, q

if TYPE_CHECKING:
    from tests.postbox import Letter

pytestmark = pytest.mark.parity


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
        *(make(tag(kind)) for own, make in CONFIRM.items() for kind in kinds if kind != own),
        *(
            make(tag(kind), url)
            for kind, make in CONFIRM.items()
            for url in (STAFF, SUPER, "/api/collections/posts", "/api/collections/nope")
        ),
        *(
            q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": tag(kind)})
            for kind in kinds
        ),
        *(make(tag(kind) + "x") for kind, make in CONFIRM.items()),
        post.state(user),
    )


@pytest.mark.parametrize("first", CONFIRM)
def test_each_token_is_good_once(first: str, post: Post) -> None:
    """What a token does, and what that does to the others."""
    user = post.user()
    letter_tokens(post, user)
    post.check(
        CONFIRM[first](tag(first)),
        post.state(user),
        q(f"{USERS}/auth-refresh", "POST", headers={"Authorization": "{me}"}),
        *(make(tag(kind)) for kind, make in CONFIRM.items()),
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
        CONFIRM[kind](tag(kind)),
        post.state(user),
    )


@pytest.mark.parametrize("kind", CONFIRM)
def test_tokens_of_the_deleted(kind: str, post: Post) -> None:
    """A token of a record that is gone is no good."""
    user = post.user()
    letter_tokens(post, user)
    post.check(
        q(f"{USERS}/records/{user['id']}", "DELETE", who="superuser"),
        CONFIRM[kind](tag(kind)),
    )


def test_letters_are_not_repeated(post: Post) -> None:
    """The same letter goes once in two minutes; verified records get none."""
    user, verified = post.user(), post.user(verified=True)
    for name in ("request-verification", "request-password-reset"):
        ask = q(f"{USERS}/{name}", "POST", {"email": user["email"]})
        post.check(ask)
        post.letters(1)
        time.sleep(1)  # until the reference has noted that it went
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
            *(make(tag(kind)) for kind, make in CONFIRM.items()),
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


NOCASE = [
    "CREATE UNIQUE INDEX `idx_email_users` ON `users` (`email` COLLATE NOCASE) WHERE `email` != ''",
    "CREATE UNIQUE INDEX `idx_key_users` ON `users` (`tokenKey`)",
    "CREATE UNIQUE INDEX `idx_username_users` ON `users` (`username` COLLATE NOCASE) WHERE `username` != ''",
]


def test_addresses_in_any_case(post: Post) -> None:
    """Where the index ignores case, so do letters; one may change the case of one's own address."""
    user, other = post.user(), post.user()
    before = post.pair.ours.client("superuser").must("GET", USERS)["indexes"]
    post.check(q(USERS, "PATCH", {"indexes": NOCASE}, "superuser", look_at=()))
    try:
        post.login(user)
        ask = {"headers": {"Authorization": "{me}"}}
        post.check(
            q(f"{USERS}/request-verification", "POST", {"email": user["email"].upper()}),
            q(f"{USERS}/request-email-change", "POST", {"newEmail": other["email"].upper()}, **ask),
            q(f"{USERS}/request-email-change", "POST", {"newEmail": user["email"]}, **ask),
        )
        post.keep("verification")
        own = {"newEmail": user["email"].replace("flow", "Flow")}
        post.check(q(f"{USERS}/request-email-change", "POST", own, **ask))
        post.keep("change")
        post.check(confirm_verification("{verification}"))
        # NOTE: the reference sends that letter too, but then takes the record for someone else
        done = post.pair.ours.client().post(
            f"{USERS}/confirm-email-change",
            {"token": post.pair.ours.saved["change"], "password": PASSWORD},
        )

        assert done.status == 204
    finally:
        post.check(q(USERS, "PATCH", {"indexes": before}, "superuser", look_at=()))


def test_shorter_passwords(post: Post) -> None:
    """How long a new password must be is the field's to say."""
    fields = post.pair.ours.client("superuser").must("GET", USERS)["fields"]
    changed = [{**f, "min": 5} if f["name"] == "password" else f for f in fields]
    post.check(q(USERS, "PATCH", {"fields": changed}, "superuser", look_at=()))
    try:
        user = post.user()
        letter_tokens(post, user)
        post.check(confirm_reset("{reset}", password="1234"), confirm_reset("{reset}", password="12345"))  # fmt: skip
    finally:
        post.check(q(USERS, "PATCH", {"fields": fields}, "superuser", look_at=()))


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
