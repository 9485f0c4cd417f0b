"""
Relations expanded without being asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from scripts.http_client import Client

C = "/api/collections"
OPEN = {"listRule": "", "viewRule": "", "createRule": "", "updateRule": ""}


@pytest.fixture(scope="module")
def side(launch, ours_command):
    made = launch(ours_command, args=("--expand-all",))
    root = made.client("superuser")

    def collection(name: str, *fields: Any, **more: Any) -> str:
        body = {"name": name, "type": "base", "fields": list(fields), **OPEN, **more}
        return root.must("POST", C, body)["id"]

    def to(name: str, target: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "type": "relation", "collectionId": target, "maxSelect": 1, **more}

    text = {"name": "name", "type": "text"}
    org = collection("ea_orgs", text)
    locked = collection("ea_locked", text, viewRule=None)
    person = collection(
        "ea_people", text, to("org", org), to("hid", org, hidden=True), to("key", locked)
    )
    post = collection("ea_posts", text, to("author", person), to("editors", person, maxSelect=5))
    fields = root.must("GET", f"{C}/{post}")["fields"]
    root.must("PATCH", f"{C}/{post}", {"fields": [*fields, to("next", post)]})
    for name, values in {
        "ea_orgs": {"id": "org000000000001"},
        "ea_locked": {"id": "locked000000001"},
        "ea_people": {"id": "person000000001", "org": "org000000000001", "hid": "org000000000001", "key": "locked000000001"},
        "ea_posts": {"id": "post00000000001", "author": "person000000001", "editors": ["person000000001"]},
    }.items():  # fmt: skip
        root.must("POST", f"{C}/{name}/records", values)
    two = {"id": "post00000000002", "next": "post00000000001", "author": "person000000001"}
    root.must("POST", f"{C}/ea_posts/records", two)
    root.must("PATCH", f"{C}/ea_posts/records/post00000000001", {"next": "post00000000002"})
    return made


def _expand(record: dict[str, Any], *names: str) -> Any:
    for name in names:
        record = record.get("expand", {}).get(name, {})
    return record


@pytest.fixture
def guest(side) -> Client:
    return side.client()


def test_view_is_expanded_level_by_level(guest):
    """
    Relations of relations too; circles end; what is hidden or locked stays so.
    """
    post = guest.must("GET", f"{C}/ea_posts/records/post00000000001")

    assert _expand(post, "author", "org")["id"] == "org000000000001"
    assert post["expand"]["editors"][0]["expand"]["org"]["id"] == "org000000000001"
    assert set(_expand(post, "author")["expand"]) == {"org"}
    assert _expand(post, "next")["id"] == "post00000000002"
    assert _expand(post, "next", "next") == {}


def test_superusers_see_everything(side):
    """
    Locked collections and hidden relations are expanded for superusers.
    """
    post = side.client("superuser").must("GET", f"{C}/ea_posts/records/post00000000001")

    assert set(_expand(post, "author")["expand"]) == {"org", "hid", "key"}


def test_lists_and_writes_are_expanded(guest):
    """
    Pages, and the answers to creating and changing a record.
    """
    page = guest.must("GET", f"{C}/ea_posts/records?sort=id")
    made = guest.must("POST", f"{C}/ea_posts/records", {"author": "person000000001"})
    changed = guest.must("PATCH", f"{C}/ea_posts/records/{made['id']}", {"name": "x"})

    assert _expand(page["items"][0], "next")["id"] == "post00000000002"
    assert _expand(page["items"][1], "next")["id"] == "post00000000001"
    assert _expand(made, "author", "org")["id"] == _expand(changed, "author", "org")["id"]


def test_a_request_may_say_what_it_wants(guest):
    """
    With `expand`, even an empty one, only that is expanded; without relations nothing is added.
    """
    asked = guest.must("GET", f"{C}/ea_posts/records/post00000000001?expand=author")
    none = guest.must("GET", f"{C}/ea_posts/records/post00000000001?expand=")
    plain = guest.must("GET", f"{C}/ea_orgs/records/org000000000001")

    assert set(asked["expand"]) == {"author"}
    assert "expand" not in _expand(asked, "author")
    assert "expand" not in none
    assert "expand" not in plain


def test_it_is_on_unless_switched_off(launch, ours_command):
    """
    The switch has both forms.
    """
    side = launch(ours_command, args=("--expand-all=false",))

    assert side.client().get("/api/health").status == 200
