"""
What the reference does not have: the paths of before 0.23, and anonymous sign-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts import servers
from scripts.http_client import Client
from tests.data.seed import PASSWORD

if TYPE_CHECKING:
    from tests.scenario import Side

ROOT = {"identity": servers.EMAIL, "password": servers.PASSWORD}
USERS = "/api/collections/users"


@pytest.fixture
def root(ours: Side) -> Client:
    """Return a client that speaks as a superuser."""
    return ours.client("superuser")


def test_old_admins_sign_in(ours: Side) -> None:
    """Old clients find `admin` beside `record`, and the token works."""
    answer = ours.client().ask("POST", "/api/admins/auth-with-password", ROOT)
    body = answer.json()

    assert answer.status == 200
    assert set(body) == {"admin", "record", "token"}
    assert body["admin"] == {"avatar": 0, **body["record"]}
    assert body["admin"]["email"] == servers.EMAIL
    old = Client(ours.server.port, body["token"])

    assert old.must("POST", "/api/admins/auth-refresh")["admin"]["id"] == body["admin"]["id"]
    assert (
        ours.client().post("/api/admins/auth-with-password", {**ROOT, "password": "x"}).status
        == 400
    )
    assert "admin" not in ours.client().must("POST", "/api/collections/_superusers/auth-with-password", ROOT)  # fmt: skip


def test_old_admins_are_records(ours: Side, root: Client) -> None:
    """List, create, view, change and delete; for superusers only."""
    body = {"email": "old@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
    made = root.must("POST", "/api/admins", body)
    url = f"/api/admins/{made['id']}"

    assert made["collectionName"] == "_superusers"
    assert made["id"] in {item["id"] for item in root.must("GET", "/api/admins")["items"]}
    assert root.must("PATCH", url, {"email": "older@example.com"})["email"] == "older@example.com"
    assert root.must("GET", f"{url}?fields=email") == {"email": "older@example.com"}
    for client in (ours.client(), ours.client("alice")):
        assert [client.get(path).status for path in ("/api/admins", url)] == [403, 403]
        assert client.post("/api/admins", body).status == 403
        assert client.delete(url).status == 403
    assert root.delete(url).status == 204
    assert root.get(url).status == 404


@pytest.mark.parametrize(
    "path",
    ["/api/admins/", "/api/adminsx", "/api/admins/a/b", "/api/admins/auth-with-password/x", "/api/admins/auth-with-otp"],
)  # fmt: skip
def test_nothing_else_moved(ours: Side, path: str) -> None:
    assert ours.client().ask("POST", path, {}).status in {404, 405}


def test_old_paths_are_limited_like_new_ones(ours: Side, root: Client) -> None:
    """A limit on the present action or path holds for the old one too."""
    for label in (
        "_superusers:authWithPassword",
        "/api/collections/_superusers/auth-with-password",
    ):
        rules = [{"label": label, "duration": 60, "maxRequests": 2, "audience": ""}]
        root.must("PATCH", "/api/settings", {"rateLimits": {"enabled": True, "rules": rules}})
        try:
            asked = [
                ours.client().post("/api/admins/auth-with-password", ROOT).status for _ in range(3)
            ]
        finally:
            root.must("PATCH", "/api/settings", {"rateLimits": {"enabled": False}})

        assert asked[-1] == 429, asked


def test_anonymous(ours: Side, root: Client) -> None:
    """Off; allowed by a superuser; used; upgraded; off again."""
    guest = ours.client()

    assert guest.post(f"{USERS}/auth-anonymous").status == 403
    assert guest.ask("PUT", f"{USERS}/anonymous", {"enabled": True}).status == 401
    assert ours.client("alice").ask("PUT", f"{USERS}/anonymous", {"enabled": True}).status == 403
    assert root.ask("PUT", f"{USERS}/anonymous", {"enabled": "yes"}).status == 400
    assert root.ask("PUT", "/api/collections/posts/anonymous", {"enabled": True}).status == 404
    assert root.must("PUT", f"{USERS}/anonymous", {"enabled": True}) == {"enabled": True}
    assert root.must("GET", f"{USERS}/anonymous") == {"enabled": True}
    assert guest.must("GET", f"{USERS}/auth-methods")["anonymous"] == {"enabled": True}
    signed_in = guest.must("POST", f"{USERS}/auth-anonymous")
    someone = Client(ours.server.port, signed_in["token"])
    url = f"{USERS}/records/{signed_in['record']['id']}"

    assert someone.must("PATCH", url, {"name": "Nobody"})["name"] == "Nobody"
    form = {"email": "became@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}

    assert guest.post(f"{USERS}/upgrade-anonymous", form).status == 401
    assert ours.client("alice").post(f"{USERS}/upgrade-anonymous", form).status == 400
    assert ours.client("erin").post(f"{USERS}/upgrade-anonymous", form).status == 403
    assert someone.post(f"{USERS}/upgrade-anonymous", {}).status == 400
    upgraded = someone.must("POST", f"{USERS}/upgrade-anonymous", form)

    assert upgraded["record"]["id"] == signed_in["record"]["id"]
    assert upgraded["record"]["name"] == "Nobody"
    assert someone.ask("POST", f"{USERS}/auth-refresh").status == 401
    assert Client(ours.server.port).login("became@example.com", PASSWORD, "users").token
    assert root.must("PUT", f"{USERS}/anonymous", {"enabled": False}) == {"enabled": False}
    assert guest.post(f"{USERS}/auth-anonymous").status == 403


@pytest.mark.parity
def test_the_reference_opens_what_anonymous_sign_in_left(
    launch: object, ours_command: list[str], reference_command: list[str]
) -> None:
    """Our side tables are no obstacle for the way back."""
    mine = launch(ours_command)  # type: ignore[operator]
    mine.client("superuser").must("PUT", f"{USERS}/anonymous", {"enabled": True})
    signed_in = mine.client().must("POST", f"{USERS}/auth-anonymous")
    mine.server.stop()
    theirs = launch(reference_command, mine.data)  # type: ignore[operator]
    refreshed = Client(theirs.server.port, signed_in["token"]).must("POST", f"{USERS}/auth-refresh")

    assert refreshed["record"]["id"] == signed_in["record"]["id"]
    assert theirs.client("superuser").must("PATCH", USERS, {"listRule": None})["listRule"] is None
