"""
A provider, and an auth collection on both servers that people come to from it.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.scenario import Pair, Scenario, q

if TYPE_CHECKING:
    from tests.oidc import Oidc

USERS = "/api/collections/users"
MEMBERS = "/api/collections/members"
numbers = count(1)
PASSWORD = {
    "name": "password",
    "type": "password",
    "system": True,
    "hidden": True,
    "required": True,
    "min": 8,
    "cost": 4,
}
"""The field, cheap to hash for."""


def with_members(pair: Pair, oidc: Oidc) -> Pair:
    """Return both servers, each with an auth collection where an address is optional."""
    fields = [
        {"name": "email", "type": "email", "system": True, "required": False},
        PASSWORD,
        {"name": "title", "type": "text"},
        {"name": "handle", "type": "text", "max": 10, "pattern": "^[a-z]+$"},
        {"name": "picture", "type": "url"},
        {"name": "foreign", "type": "text"},
    ]
    rules = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
    members = {"name": "members", "type": "auth", "fields": fields, **rules}
    pair.check(
        q("/api/collections?fields=name", "POST", members, who="superuser"), set_up(oidc.options())
    )
    return pair


def set_up(
    *providers: dict[str, Any], url: str = MEMBERS, mapped: Any = None, **more: Any
) -> Scenario:
    oauth2 = {"enabled": True, "providers": list(providers)}
    if mapped is not None:
        oauth2["mappedFields"] = {"id": "", "name": "", "username": "", "avatarURL": "", **mapped}
    return q(f"{url}?fields=oauth2.enabled", "PATCH", {"oauth2": oauth2, **more}, who="superuser")


def come(
    provider: Any = "oidc",
    url: str = MEMBERS,
    who: str = "guest",
    headers: Any = None,
    **more: Any,
) -> Scenario:
    """Return the sign-in; a new record gets an id that is the same on both sides."""
    data = more.pop("createData", {})
    if isinstance(data, dict):
        data = {"id": member(next(numbers) + 5000), **data}
    body = {
        "provider": provider,
        "code": "CODE",
        "codeVerifier": "V" * 43,
        "redirectURL": "https://app/cb",
        "createData": data,
        **more,
    }
    return q(f"{url}/auth-with-oauth2", "POST", body, who=who, headers=headers or {})


def register(number: int, email: str, password: str = "1234567890", **more: Any) -> Scenario:
    body = {
        "id": member(number),
        "email": email,
        "password": password,
        "passwordConfirm": password,
        **more,
    }
    return q(f"{MEMBERS}/records", "POST", body, who="superuser")


def log_in(email: str, password: str = "1234567890", **more: Any) -> Scenario:
    return q(
        f"{MEMBERS}/auth-with-password", "POST", {"identity": email, "password": password}, **more
    )


def member(number: int) -> str:
    return f"member{number:09d}"


def links() -> Scenario:
    return q(
        "/api/collections/_externalAuths/records?sort=providerId&fields=provider,providerId,recordRef",
        who="superuser",
    )


def everybody() -> Scenario:
    return q(
        f"{MEMBERS}/records?sort=email&fields=id,email,verified,title,handle,foreign,picture",
        who="superuser",
    )
