"""
The pages that letters lead to, in a real browser: each does what its letter promises.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from scripts.http_client import Client
from tests.postbox import Letter, Postbox

if TYPE_CHECKING:
    from tests.e2e.browser import Browser
    from tests.scenario import Side

pytestmark = pytest.mark.e2e

USERS = "/api/collections/users"
PASSWORD = "a-long-password"


@pytest.fixture(scope="module")
def box(ours: Side) -> Iterator[Postbox]:
    """Return the postbox that the server writes to; its links lead to the server."""
    with Postbox() as box:
        meta = {"meta": {"appURL": ours.server.url}}
        ours.client("superuser").must("PATCH", "/api/settings", {**box.settings(), **meta})
        yield box


class User:
    """Somebody who has registered, and gets letters."""

    def __init__(self, ours: Side, box: Postbox, name: str) -> None:
        self.email = f"{name}@example.com"
        self._ours, self._box = ours, box
        body = {"email": self.email, "password": PASSWORD, "passwordConfirm": PASSWORD}
        made = ours.client("superuser").must("POST", f"{USERS}/records", body)
        self._record = f"{USERS}/records/{made['id']}"

    def ask(self, action: str, **more: str) -> str:
        """Ask for a letter and return its link."""
        client = self._ours.client()
        if more:
            client = Client(self._ours.server.port).login(self.email, PASSWORD, "users")
        client.must("POST", f"{USERS}/{action}", more or {"email": self.email})
        return link(self._box.take(1, 30)[0])

    @property
    def state(self) -> tuple[str, bool]:
        """Return what is stored: address, and whether it is verified."""
        found = self._ours.client("superuser").must("GET", self._record)
        return found["email"], found["verified"]

    def logs_in(self, password: str, email: str = "") -> bool:
        body = {"identity": email or self.email, "password": password}
        return self._ours.client().post(f"{USERS}/auth-with-password", body).status == 200


def link(letter: Letter) -> str:
    """Return where a letter leads."""
    return letter.part("html").split('href="')[1].split('"')[0]


def submit(browser: Browser, page: str, **typed: str) -> None:
    browser.wait(f"!document.getElementById('{page}').hidden")
    for name, text in typed.items():
        browser.type(f"#{page} [name={name}]", text)
    browser.click(f"#{page} button")


def complains(browser: Browser, page: str, text: str) -> None:
    browser.wait(f"document.querySelector('#{page} .error').innerText.includes({text!r})")


def ends(browser: Browser, title: str) -> None:
    browser.wait(f"document.title === {title!r}")

    assert browser.value("location.hash") == ""
    assert browser.faults == []


def test_an_address_is_confirmed(
    ours: Side, box: Postbox, browser: Browser, tmp_path: Path
) -> None:
    """Opening the link confirms nothing yet; the button does; a second time changes nothing."""
    user = User(ours, box, "pages-verify")
    address = user.ask("request-verification")
    browser.open(address)
    browser.wait("!document.getElementById('confirm-verification').hidden")
    browser.screenshot(tmp_path / "verification.png")

    assert user.email in browser.text()
    assert urlsplit(ours.server.url).netloc in browser.text()
    assert user.state == (user.email, False)
    submit(browser, "confirm-verification")
    ends(browser, "Address confirmed")

    assert user.state == (user.email, True)
    browser.open(address)
    submit(browser, "confirm-verification")
    ends(browser, "Address confirmed")

    assert user.logs_in(PASSWORD)


def test_somebody_else_has_registered(
    ours: Side, box: Postbox, browser: Browser, tmp_path: Path
) -> None:
    """Who did not register confirms nothing, and can lock out who did."""
    user = User(ours, box, "pages-stranger")
    browser.open(user.ask("request-verification"))
    browser.wait("!document.getElementById('confirm-verification').hidden")
    browser.click("#stranger")
    browser.wait("!document.getElementById('request-password-reset').hidden")
    browser.screenshot(tmp_path / "stranger.png")
    submit(browser, "request-password-reset")
    ends(browser, "A letter is on its way")

    assert user.state == (user.email, False)
    browser.open(link(box.take(1, 30)[0]))
    submit(
        browser,
        "confirm-password-reset",
        password="the-owners-own",
        passwordConfirm="the-owners-own",
    )
    ends(browser, "Password changed")

    assert user.state == (user.email, True)
    assert [user.logs_in(word) for word in (PASSWORD, "the-owners-own")] == [False, True]


def test_a_password_is_reset(ours: Side, box: Postbox, browser: Browser, tmp_path: Path) -> None:
    """What does not fit is said on the page, and the link stays good; used, it is not."""
    user = User(ours, box, "pages-reset")
    address = user.ask("request-password-reset")
    browser.open(address)
    page = "confirm-password-reset"
    submit(browser, page, password="one-password", passwordConfirm="another-one")
    complains(browser, page, "differ")
    submit(browser, page, password="short", passwordConfirm="short")
    complains(browser, page, "password")
    browser.screenshot(tmp_path / "reset.png")
    submit(browser, page, password="one-password", passwordConfirm="one-password")
    ends(browser, "Password changed")

    assert user.logs_in("one-password")
    browser.open(address)
    submit(browser, page, password="one-password", passwordConfirm="one-password")
    complains(browser, page, "no longer valid")


def test_an_address_is_changed(ours: Side, box: Postbox, browser: Browser, tmp_path: Path) -> None:
    """It takes the password of the account."""
    user = User(ours, box, "pages-change")
    browser.open(user.ask("request-email-change", newEmail="pages-changed@example.com"))
    page = "confirm-email-change"
    submit(browser, page, password="wrong")
    complains(browser, page, "password")
    browser.screenshot(tmp_path / "change.png")

    assert "pages-changed@example.com" in browser.text()
    submit(browser, page, password=PASSWORD)
    ends(browser, "Address changed")

    assert user.logs_in(PASSWORD, "pages-changed@example.com")


def test_a_superuser_resets_a_password(ours: Side, box: Postbox, browser: Browser) -> None:
    """The page works for every auth collection."""
    superusers = "/api/collections/_superusers"
    body = {"email": "forgot@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
    ours.client("superuser").must("POST", f"{superusers}/records", body)
    ours.client().must("POST", f"{superusers}/request-password-reset", {"email": body["email"]})
    browser.open(link(box.take(1, 30)[0]))
    submit(
        browser, "confirm-password-reset", password="one-password", passwordConfirm="one-password"
    )
    ends(browser, "Password changed")

    assert Client(ours.server.port).login(body["email"], "one-password").token


@pytest.mark.parametrize(
    "address",
    ["confirm-verification/", "confirm-verification/x.y.z", "confirm-password-reset/a.bnVsbA.c",
     "confirm-email-change/..%2F..", "confirm-email-change"],
)  # fmt: skip
def test_broken_links(address: str, ours: Side, browser: Browser) -> None:
    """A link that was cut off says so."""
    browser.open(f"{ours.server.url}/_/#/auth/{address}")
    browser.wait("document.title === 'This link does not work'")

    assert browser.faults == []


def test_a_forged_link(ours: Side, browser: Browser) -> None:
    """What a token says is shown as text, and only the server decides whether it is true."""
    claims = '{"collectionId":"users/../../x?","email":"<img src=x onerror=alert(1)>"}'
    browser.open(f"{ours.server.url}/_/")
    browser.value(f"location.hash = '#/auth/confirm-verification/a.' + btoa({claims!r}) + '.c'")
    submit(browser, "confirm-verification")
    complains(browser, "confirm-verification", "no longer valid")

    assert "<img src=x onerror=alert(1)>" in browser.text()


@pytest.mark.parametrize(
    ("end", "title"), [("success", "Signed in"), ("failure", "Signing in has failed")]
)
def test_the_way_back_from_a_provider(end: str, title: str, ours: Side, browser: Browser) -> None:
    """Where providers' ways back end, a person is told what to do."""
    browser.open(f"{ours.server.url}/_/#/auth/oauth2-redirect-{end}")
    browser.wait(f"document.title === {title!r}")

    assert "lose this window" in browser.text()
