"""
Every OAuth2 provider keeps the room's promises: a full answer is understood, a wrong one refused.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from pocketbase_server.core.collections.auth_options import Provider
from pocketbase_server.core.collections.auth_validate import PROVIDERS as ALLOWED
from pocketbase_server.kit.http import HttpAnswer
from pocketbase_server.services.auth import providers
from pocketbase_server.services.auth.oauth2_methods import all_providers
from pocketbase_server.services.auth.providers import PROVIDERS
from pocketbase_server.services.auth.providers.base import (
    AuthUser,
    Facts,
    OAuth2Provider,
    ProviderError,
    Token,
    parse_token,
)

ROOM = Path(providers.__file__).parent
ORDER = [
    "apple", "google", "microsoft", "yandex", "facebook", "instagram2", "github", "gitlab", "bitbucket",
    "gitee", "gitea", "discord", "twitter", "kakao", "vk", "linear", "notion", "monday", "lark", "box",
    "spotify", "trakt", "twitch", "patreon", "strava", "wakatime", "livechat", "mailcow", "planningcenter",
    "oidc", "oidc2", "oidc3",
]  # fmt: skip

PIC = "https://pictures.example.com/a.png"
OIDC_USER = {"sub": "u1", "name": "Ann", "preferred_username": "ann", "picture": PIC, "email": "ann@example.com", "email_verified": True}  # fmt: skip
ALL = ("Ann", "ann", "ann@example.com", PIC)

SAMPLES = {
    # name: (what the provider says, (name, username, email, picture), path of the id, path of what vouches for the address)
    "apple": ({"sub": "u1", "email": "ann@example.com", "email_verified": "true"}, ("", "", "ann@example.com", ""), "sub", "email_verified"),
    "google": ({"sub": "u1", "name": "Ann", "picture": PIC, "email": "ann@example.com", "email_verified": True}, ("Ann", "", "ann@example.com", PIC), "sub", "email_verified"),
    "microsoft": ({"id": "u1", "displayName": "Ann", "mail": "ann@example.com"}, ("Ann", "", "ann@example.com", ""), "id", ""),
    "yandex": ({"id": "u1", "login": "ann", "real_name": "Ann", "default_email": "ann@example.com", "is_avatar_empty": False, "default_avatar_id": "1/2"}, ("Ann", "ann", "ann@example.com", "https://avatars.yandex.net/get-yapic/1/2/islands-200"), "id", ""),
    "facebook": ({"id": "u1", "name": "Ann", "email": "ann@example.com", "picture": {"data": {"url": PIC}}}, ("Ann", "", "ann@example.com", PIC), "id", ""),
    "instagram2": ({"user_id": "u1", "name": "Ann", "username": "ann", "profile_picture_url": PIC}, ("Ann", "ann", "", PIC), "user_id", ""),
    "github": ({"id": 7, "login": "ann", "name": "Ann", "email": "other@example.com", "avatar_url": PIC}, ALL, "id", ""),
    "gitlab": ({"id": 7, "username": "ann", "name": "Ann", "email": "ann@example.com", "avatar_url": PIC, "confirmed_at": "2020-01-01T00:00:00Z"}, ALL, "id", "confirmed_at"),
    "bitbucket": ({"uuid": "u1", "username": "ann", "display_name": "Ann", "account_status": "active", "links": {"avatar": {"href": PIC}}}, ALL, "uuid", ""),
    "gitee": ({"id": 7, "login": "ann", "name": "Ann", "email": "", "avatar_url": PIC}, ALL, "id", ""),
    "gitea": ({"id": 7, "login": "ann", "full_name": "Ann", "email": "other@example.com", "avatar_url": PIC, "active": True}, ALL, "id", ""),
    "discord": ({"id": "u1", "username": "ann", "discriminator": "7", "avatar": "abc", "email": "ann@example.com", "verified": True}, ("ann#7", "ann", "ann@example.com", "https://cdn.discordapp.com/avatars/u1/abc.png"), "id", "verified"),
    "twitter": ({"data": {"id": "u1", "name": "Ann", "username": "ann", "profile_image_url": PIC, "confirmed_email": "ann@example.com"}}, ALL, "data.id", ""),
    "kakao": ({"id": 7, "properties": {"nickname": "ann", "profile_image": PIC}, "kakao_account": {"email": "ann@example.com", "is_email_verified": True, "is_email_valid": True}}, ("", "ann", "ann@example.com", PIC), "id", "kakao_account.is_email_verified"),
    "vk": ({"response": [{"id": 7, "first_name": "Ann", "last_name": "", "screen_name": "ann", "photo_max": PIC}]}, ALL, "response.0.id", ""),
    "linear": ({"data": {"viewer": {"id": "u1", "displayName": "ann", "name": "Ann", "email": "ann@example.com", "avatarUrl": PIC, "active": True}}}, ALL, "data.viewer.id", ""),
    "notion": ({"bot": {"owner": {"user": {"id": "u1", "name": "Ann", "avatar_url": PIC, "person": {"email": "ann@example.com"}}}}}, ("Ann", "", "ann@example.com", PIC), "bot.owner.user.id", ""),
    "monday": ({"data": {"me": {"id": "u1", "enabled": True, "name": "Ann", "email": "ann@example.com", "is_verified": True, "photo_small": PIC}}}, ("Ann", "", "ann@example.com", PIC), "data.me.id", "data.me.is_verified"),
    "lark": ({"data": {"union_id": "u1", "name": "Ann", "avatar_url": PIC, "email": "ann@example.com"}}, ("Ann", "", "", PIC), "data.union_id", ""),
    "box": ({"id": "u1", "name": "Ann", "login": "ann@example.com", "avatar_url": PIC, "status": "active"}, ("Ann", "", "ann@example.com", PIC), "id", ""),
    "spotify": ({"id": "u1", "display_name": "Ann", "images": [{"url": PIC}], "email": "ann@example.com"}, ("Ann", "", "", PIC), "id", ""),
    "trakt": ({"user": {"username": "ann", "name": "Ann", "ids": {"uuid": "u1"}, "images": {"avatar": {"full": PIC}}}}, ("Ann", "ann", "", PIC), "user.ids.uuid", ""),
    "twitch": ({"data": [{"id": "u1", "login": "ann", "display_name": "Ann", "profile_image_url": PIC, "email": "ann@example.com"}]}, ALL, "data.0.id", ""),
    "patreon": ({"data": {"id": "u1", "attributes": {"full_name": "Ann", "vanity": "ann", "email": "ann@example.com", "image_url": PIC, "is_email_verified": True}}}, ALL, "data.id", "data.attributes.is_email_verified"),
    "strava": ({"id": 7, "firstname": "Ann", "lastname": "Lee", "username": "ann", "profile": PIC}, ("Ann Lee", "ann", "", PIC), "id", ""),
    "wakatime": ({"data": {"id": "u1", "display_name": "Ann", "username": "ann", "email": "ann@example.com", "is_email_confirmed": True, "photo": PIC}}, ("Ann", "ann", "ann@example.com", ""), "data.id", "data.is_email_confirmed"),
    "livechat": ({"account_id": "u1", "name": "Ann", "email": "ann@example.com", "email_verified": True, "avatar_url": PIC}, ("Ann", "", "ann@example.com", PIC), "account_id", "email_verified"),
    "mailcow": ({"id": "u1", "username": "ann@example.com", "full_name": "Ann", "email": "ann@example.com", "active": 1}, ("Ann", "ann", "ann@example.com", ""), "id", ""),
    "planningcenter": ({"data": {"id": "u1", "attributes": {"name": "Ann", "avatar": PIC, "status": "active"}}}, ("Ann", "", "", PIC), "data.id", ""),
    **dict.fromkeys(("oidc", "oidc2", "oidc3"), (OIDC_USER, ALL, "sub", "email_verified")),
}  # fmt: skip

ACTIVE_ONLY = {
    "bitbucket": "account_status",
    "gitea": "active",
    "linear": "data.viewer.active",
    "monday": "data.me.enabled",
    "box": "status",
    "mailcow": "active",
    "planningcenter": "data.attributes.status",
}
GITHUB_EMAILS = [{"email": "old@example.com", "primary": False, "verified": True}, {"email": "ann@example.com", "primary": True, "verified": True}]  # fmt: skip
EMAILS = {
    "bitbucket": {"values": [{"email": "old@example.com", "is_primary": False, "is_confirmed": True}, {"email": "ann@example.com", "is_primary": True, "is_confirmed": True}]},
    "gitee": [{"email": "ann@example.com", "state": "confirmed", "scope": ["primary"]}],
    "github": GITHUB_EMAILS,
    "gitea": GITHUB_EMAILS,
}  # fmt: skip
TOKEN = Token("AT", raw={"email": "ann@example.com"})


def answer(value, status=200) -> HttpAnswer:
    return HttpAnswer(status, "application/json", json.dumps(value).encode())


def make(name: str, emails=None, monkeypatch=None) -> OAuth2Provider:
    provider = PROVIDERS[name](Provider(name=name, client_id="client", client_secret="secret"))
    if monkeypatch is not None:
        found = emails if isinstance(emails, HttpAnswer) else answer(emails or EMAILS.get(name, []))
        monkeypatch.setattr(provider, "ask", lambda *_: found, raising=False)
    return provider


def without(sample, path: str, value=None):
    changed = copy.deepcopy(sample)
    *way, last = path.split(".")
    at = changed
    for step in way:
        at = at[int(step) if step.isdecimal() else step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return changed


def test_the_table_is_complete_and_in_order():
    files = {path.stem for path in ROOM.glob("*.py")} - {"__init__", "base"}

    assert list(PROVIDERS) == ORDER
    assert files == set(PROVIDERS) == set(ALLOWED) == set(SAMPLES)
    assert all(name == provider.name for name, provider in PROVIDERS.items())


def test_all_have_a_name_and_a_logo():
    for shown in all_providers():
        assert shown["displayName"]
        assert shown["logo"].startswith("<svg") and "script" not in shown["logo"]


@pytest.mark.parametrize("name", ORDER)
def test_urls(name):
    provider = make(name)
    url = provider.authorization_url("the state", "the challenge")

    assert "state=the+state" in url and "client_id=client" in url and "response_type=code" in url
    assert "code_challenge=the+challenge" in url
    assert "code_challenge" not in provider.authorization_url("the state")
    if name not in {"mailcow", "oidc", "oidc2", "oidc3"}:
        assert provider.auth_url.startswith("https://") and provider.token_url.startswith(
            "https://"
        )


@pytest.mark.parametrize("name", ORDER)
def test_a_full_answer_is_understood(name, monkeypatch):
    raw, expected, _, _ = SAMPLES[name]
    user = make(name, monkeypatch=monkeypatch).user(Facts(raw), TOKEN)

    assert user.id in {"u1", "7"}
    assert (user.name, user.username, user.email, user.avatar_url) == expected


@pytest.mark.parametrize("name", ORDER)
def test_without_an_id_there_is_none(name, monkeypatch):
    raw, _, path, _ = SAMPLES[name]
    user = make(name, monkeypatch=monkeypatch).user(Facts(without(raw, path)), TOKEN)

    assert user.id == ""


@pytest.mark.parametrize("name", [name for name in ORDER if SAMPLES[name][3]])
def test_an_address_counts_only_when_it_is_verified(name, monkeypatch):
    raw, _, _, path = SAMPLES[name]
    provider = make(name, monkeypatch=monkeypatch)
    empty = "" if name == "gitlab" else False

    assert provider.user(Facts(without(raw, path)), TOKEN).email == ""
    assert provider.user(Facts(without(raw, path, empty)), TOKEN).email == ""


@pytest.mark.parametrize("name", EMAILS)
def test_addresses_asked_for_apart(name, monkeypatch):
    raw = SAMPLES[name][0]

    def email_of(found):
        return make(name, found, monkeypatch).user(Facts(raw), TOKEN).email

    unverified = json.dumps(EMAILS[name]).replace("true", "false").replace("confirmed", "x")
    assert email_of(answer(json.loads(unverified))) == ""
    assert email_of(answer({"message": "no"}, 403)) == ""


@pytest.mark.parametrize(("name", "path"), ACTIVE_ONLY.items())
def test_only_active_users(name, path, monkeypatch):
    raw = SAMPLES[name][0]
    provider = make(name, monkeypatch=monkeypatch)
    with pytest.raises(ProviderError, match="not active"):
        provider.user(Facts(without(raw, path)), TOKEN)


@pytest.mark.parametrize("name", ORDER)
def test_nonsense_is_refused(name, monkeypatch):
    raw, _, path, _ = SAMPLES[name]
    provider = make(name, monkeypatch=monkeypatch)
    for wrong in (5.5, ["u1"], {"id": 1}, True):
        with pytest.raises(ProviderError):
            provider.user(Facts(without(raw, path, wrong)), TOKEN)
    with pytest.raises(ProviderError):
        provider.user(Facts([raw]), TOKEN)


# -- tokens


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "application/json", b'{"access_token":"AT","expires_in":"60"}'),
        (200, "application/json; charset=utf-8", b'{"access_token":"AT","token_type":"Bearer"}'),
        (201, "application/x-www-form-urlencoded", b"access_token=AT&token_type=bearer"),
        (200, "text/plain; charset=utf-8", b"access_token=AT"),
        (200, "text/html", b'{"access_token":"AT"}'),
    ],
)
def test_tokens(status, kind, body):
    token = parse_token(HttpAnswer(status, kind, body))

    assert token.authorization == "Bearer AT"


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (400, "application/json", b'{"access_token":"AT"}'),
        (200, "application/json", b'{"error":"x","access_token":"AT"}'),
        (200, "application/json", b'{"access_token":5}'),
        (200, "application/json", b'{"access_token":""}'),
        (200, "application/json", b"[]"),
        (200, "application/json", b"{"),
        (200, "text/plain", b"nonsense"),
        (200, "", b""),
    ],
)
def test_no_tokens(status, kind, body):
    with pytest.raises(ProviderError):
        parse_token(HttpAnswer(status, kind, body))


def test_odd_expiries_do_not_matter():
    for odd in ("x", -5, 1e300, None, [], "9" * 40):
        assert parse_token(answer({"access_token": "AT", "expires_in": odd})).expiry is None


def test_an_unknown_kind_of_token_is_passed_on():
    assert Token("AT", "MAC").authorization == "MAC AT"


def test_export_has_both_spellings():
    shown = AuthUser("u1", avatar_url=PIC).export()

    assert shown["avatarURL"] == shown["avatarUrl"] == PIC
    assert shown["expiry"] == ""
