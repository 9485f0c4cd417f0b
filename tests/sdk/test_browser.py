"""
The SDK's all-in-one OAuth2 flow as people see it: an app's page, the provider's window, and back.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

from tests.e2e.browser import Browser, find_chromium
from tests.oidc import Oidc
from tests.sdk.conftest import HERE, SDK

if TYPE_CHECKING:
    from tests.scenario import Side

pytestmark = [pytest.mark.sdk, pytest.mark.e2e]

CONSENT = b"""<!doctype html><title>A provider</title><link rel="icon" href="data:,">
<a id="allow">Allow</a> <a id="deny">Deny</a>
<script>
const asked = new URLSearchParams(location.search);
const back = (more) => asked.get("redirect_uri") + "?" + new URLSearchParams({ state: asked.get("state"), ...more });
document.getElementById("allow").href = back({ code: "CODE" });
document.getElementById("deny").href = back({ error: "access_denied" });
</script>"""


@pytest.fixture(scope="module")
def browser(sdk: Path) -> Iterator[Browser]:
    """Return a running Chromium; skip, saying so, where none is installed."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is installed: apt-get install chromium, or set CHROMIUM")
    with Browser(program) as running:
        yield running


@pytest.fixture
def oidc() -> Iterator[Oidc]:
    """Return a provider that asks people whether they agree."""
    provider = Oidc()
    provider.answers["/auth"] = (200, CONSENT, "text/html")
    yield provider
    provider.close()


@pytest.fixture(params=["ours", "reference"])
def app(request: pytest.FixtureRequest, oidc: Oidc) -> Side:
    """Return a server that serves the app's page, with the provider set up."""
    side: Side = request.getfixturevalue(request.param)
    oauth2 = {"oauth2": {"enabled": True, "providers": [oidc.options(pkce=True)]}}
    side.client("superuser").must("PATCH", "/api/collections/users", oauth2)
    public = side.server.home / "pb_public"
    shutil.copy(HERE / "oauth2.html", public / "app.html")
    shutil.copy(SDK / "dist" / "pocketbase.umd.js", public)
    return side


def sign_in(browser: Browser, app: Side, oidc: Oidc, choice: str) -> dict[str, Any]:
    """Click, choose in the provider's window, and return what became of it."""
    browser.open(f"{app.server.url}/app.html")
    browser.value("window.pb.authStore.clear()")
    browser.click("#sign-in")
    browser.in_window(f"{oidc.url}/auth", f"document.getElementById({choice!r}).click()")
    browser.wait("window.outcome !== null")
    return dict(browser.value("window.outcome"))


def test_signing_in(browser: Browser, app: Side, oidc: Oidc) -> None:
    """The first time makes a record, the second finds it; the window closes by itself."""
    oidc.user("browser", "browser@example.com")
    first = sign_in(browser, app, oidc, "allow")
    browser.wait_alone()
    second = sign_in(browser, app, oidc, "allow")
    browser.wait_alone()

    assert first == {"id": first["id"], "isNew": True, "valid": True}
    assert second == {"id": first["id"], "isNew": False, "valid": True}
    record = app.client("superuser").must("GET", f"/api/collections/users/records/{first['id']}")
    assert (record["email"], record["verified"]) == ("browser@example.com", True)
    assert browser.faults == []


def test_the_codes_are_bound_to_who_asked(browser: Browser, app: Side, oidc: Oidc) -> None:
    """The verifier that the server sends fits the challenge that the browser carried."""
    oidc.user("bound", "bound@example.com")
    sign_in(browser, app, oidc, "allow")
    browser.wait_alone()
    asked = next(dict(parse_qsl(s["query"])) for s in oidc.seen if s["path"] == "/auth")
    (sent,) = oidc.forms()
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()

    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert asked["redirect_uri"] == sent["redirect_uri"] == f"{app.server.url}/api/oauth2-redirect"


def test_refusing(browser: Browser, app: Side, oidc: Oidc) -> None:
    """Who does not agree is not signed in, and the app hears why."""
    outcome = sign_in(browser, app, oidc, "deny")

    assert "access_denied" in outcome["error"]
    assert not browser.value("window.pb.authStore.isValid")
    assert oidc.forms() == []
    browser.close_windows()
