"""
The page at `/_/` in a real browser: it creates the first superuser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import servers
from scripts.http_client import Client

if TYPE_CHECKING:
    from tests.e2e.browser import Browser

pytestmark = pytest.mark.e2e

EMAIL, PASSWORD = "first@example.com", "a-long-password"


@pytest.fixture(scope="module")
def server(
    ours_command: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.Server]:
    data = tmp_path_factory.mktemp("first") / "pb_data"
    with servers.Server(ours_command, data) as running:
        yield running


def _link(server: servers.Server) -> str:
    """The link that a start without superusers prints."""
    return re.search(r"http://\S+/_/#/pbinstall/\S+", server.wait_for("pbinstall/"))[0]


def _fill(browser: Browser, email: str, password: str, again: str) -> None:
    for name, text in (("email", email), ("password", password), ("passwordConfirm", again)):
        browser.type(f"[name={name}]", text)


def test_without_a_link(browser: Browser, server: servers.Server) -> None:
    """Who just looks is told where the API is, and gets no form."""
    browser.open(f"{server.url}/_/")

    assert f"{server.url}/api/" in browser.text()
    assert "superuser upsert" in browser.text()
    assert browser.value("document.querySelector('#install').hidden")


def test_a_wrong_link(browser: Browser, server: servers.Server) -> None:
    """A link that is too old says so."""
    browser.open(f"{server.url}/_/#/pbinstall/eyJhbGciOiJIUzI1NiJ9.e30.x")
    _fill(browser, EMAIL, PASSWORD, PASSWORD)
    browser.press_enter()
    browser.wait("!document.querySelector('#install .error').hidden")

    assert "no longer valid" in browser.text()
    browser.problems.clear()


def test_the_first_superuser(browser: Browser, server: servers.Server, tmp_path: Path) -> None:
    """The printed link opens a form; sent, it makes a superuser who can sign in."""
    browser.open(_link(server))
    browser.screenshot(tmp_path / "form.png")
    _fill(browser, EMAIL, PASSWORD, "something-else")
    browser.click("#install button")
    browser.wait("document.querySelector('#install .error').innerText.includes('differ')")
    _fill(browser, EMAIL, PASSWORD, PASSWORD)
    browser.screenshot(tmp_path / "filled.png")
    browser.click("#install button")
    browser.wait("!document.querySelector('#installed').hidden")
    browser.screenshot(tmp_path / "done.png")

    assert EMAIL in browser.text()
    assert "pbinstall" not in browser.value("location.href")
    root = Client(server.port).login(EMAIL, PASSWORD)
    assert root.must("GET", "/api/collections")["totalItems"] > 4
    assert browser.problems == []


def test_the_link_is_good_once(browser: Browser, server: servers.Server) -> None:
    """Once there is a superuser, the link makes no second one."""
    browser.open(_link(server))
    _fill(browser, "second@example.com", PASSWORD, PASSWORD)
    browser.press_enter()
    browser.wait("!document.querySelector('#install .error').hidden")

    assert "no longer valid" in browser.text()
    with pytest.raises(AssertionError):
        Client(server.port).login("second@example.com", PASSWORD)
