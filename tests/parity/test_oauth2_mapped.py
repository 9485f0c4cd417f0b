"""
OAuth2: what a provider says of people goes into the fields that the collection names, on both servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.parity.oauth2 import MEMBERS, PASSWORD, come, numbers, set_up, with_members
from tests.scenario import Pair, q

if TYPE_CHECKING:
    from tests.oidc import Oidc

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def pair(reference: Any, ours: Any, oidc: Oidc) -> Pair:
    """Return both servers, with members."""
    return with_members(Pair(reference, ours), oidc)


MAPPED = [
    ({"id": "foreign", "name": "title", "username": "handle", "avatarURL": "picture"}, {"preferred_username": "fits"}, {}),
    ({"username": "handle"}, {"preferred_username": "UPPER 1"}, {}),
    ({"username": "handle"}, {"preferred_username": "farfartoolong"}, {}),
    ({"username": "handle"}, {"preferred_username": "fits"}, {}),
    ({"username": "handle"}, {"preferred_username": "Fits"}, {}),
    ({"username": "handle"}, {"preferred_username": ""}, {}),
    ({"name": "title", "username": "handle"}, {"preferred_username": "mapped"}, {"title": "own", "handle": "own"}),
    ({"name": "title", "username": "handle"}, {"preferred_username": "again"}, {"title": "", "handle": ""}),
    ({"name": "nope", "username": "nope"}, {"preferred_username": "any"}, {}),
    ({"avatarURL": "picture"}, {"picture": "not a url"}, {}),
    ({"name": "handle"}, {"name": "Not Fit"}, {}),
    ({"name": "email"}, {"name": "other@example.com"}, {}),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MAPPED)))
def test_mapped_fields(number: int, pair: Pair, oidc: Oidc) -> None:
    """What the provider says goes into the fields that the collection names."""
    mapped, said, data = MAPPED[number]
    oidc.user(
        f"mapped{number}",
        f"mapped{number}@example.com",
        **{"name": "Name", "picture": "https://p/x.png", **said},
    )
    pair.check(set_up(oidc.options(), mapped=mapped), come(createData=data), come())


@pytest.mark.parametrize("rule", ["title:isset = true", "handle:isset = true", "title = ''"])
def test_rules_see_what_is_mapped(rule: str, pair: Pair, oidc: Oidc) -> None:
    """What the provider says, and be it nothing, counts as said in the body."""
    mapped = {"name": "title", "username": "handle"}
    more = {"createRule": f"@request.body.{rule}"}
    pair.check(set_up(oidc.options(), mapped=mapped, **more))
    for said in ({}, {"name": "Name"}, {"preferred_username": "fits"}, {"name": ""}):
        number = next(numbers)
        oidc.user(f"seen{number}", f"seen{number}@example.com", **said)
        pair.check(come())
    pair.check(set_up(oidc.options(), mapped={}, createRule=""))


# -- fields of every kind

KINDS: dict[str, dict[str, Any]] = {
    "text": {"min": 3, "max": 8},
    "number": {},
    "bool": {},
    "email": {},
    "url": {},
    "editor": {},
    "date": {},
    "select": {"values": ["user00000000001", "5"], "maxSelect": 1},
    "json": {},
    "file": {"maxSelect": 1},
    "relation": {"collectionId": "_pb_users_auth_", "maxSelect": 1},
    "geoPoint": {},
}
SAID = ("Name", "5", "a@b.co", "https://b.co", "user00000000001", "true", "2024-01-01", "", "[1]")


@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_user_names_in_fields_of_every_kind(
    kind: str, unique: bool, pair: Pair, oidc: Oidc
) -> None:
    """A name that a text cannot be, or that somebody has, is left out; other fields may refuse it."""
    body = {
        "name": "crew",
        "type": "auth",
        "createRule": "",
        "fields": [PASSWORD, {"name": "nick", "type": kind, **KINDS[kind]}],
    }
    index = "CREATE UNIQUE INDEX `idx_nick_crew` ON `crew` (`nick`) WHERE `nick` NOT IN ('', 0)"
    oauth2 = {"enabled": True, "providers": [oidc.options()], "mappedFields": {"username": "nick"}}
    body |= {
        "indexes": [index] if unique else [],
        "oauth2": oauth2,
        "authAlert": {"enabled": False},
    }
    crew = "/api/collections/crew"
    pair.check(q("/api/collections?fields=name", "POST", body, who="superuser"))
    for said in SAID:
        for _ in range(1 + unique):
            number = next(numbers)
            oidc.user(f"kind{number}", f"kind{number}@example.com", preferred_username=said)
            pair.check(come(url=crew))
    pair.check(q(crew, "DELETE", who="superuser"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["id", "name", "avatarURL"])
def test_other_words_in_fields_of_every_kind(what: str, kind: str, pair: Pair, oidc: Oidc) -> None:
    """Ids, names and addresses of pictures are taken as if the caller had said them."""
    field = {"name": "nick", "type": kind, **KINDS[kind]}
    fields = pair.ours.client("superuser").must("GET", MEMBERS)["fields"]
    kept = [f for f in fields if f["name"] != "nick"]
    pair.check(set_up(oidc.options(), mapped={what: "nick"}, fields=[*kept, field]))
    for said in ("Name", "7", "https://127.0.0.1:1/x.png"):
        number = next(numbers)
        oidc.user(f"{number}", f"other{number}@example.com", name=said, picture=said)
        pair.check(come(), come())
    pair.check(set_up(oidc.options(), mapped={}, fields=kept))
