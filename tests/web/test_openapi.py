"""
The OpenAPI document: valid, complete, up to date, and discreet.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pocketbase_server.web.openapi.operations import LEFT_OUT, OPERATIONS
from pocketbase_server.web.routes import ROUTES

from scripts.http_client import Client

JSON = "/openapi/json"


@pytest.fixture(scope="module")
def everything(ours) -> dict[str, Any]:
    return ours.client("superuser").must("GET", JSON)


@pytest.fixture(scope="module")
def public(ours) -> dict[str, Any]:
    return ours.client().must("GET", JSON)


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_references, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*(_references(value) for value in node.values()))


@pytest.mark.parametrize("who", ["guest", "superuser"])
def test_valid(who, ours):
    """
    An independent validator finds nothing wrong.
    """
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(ours.client(who).must("GET", JSON))


def test_references_lead_somewhere(everything, public):
    """
    Every reference is to something in the document, and operation ids are given once.
    """
    for document in (everything, public):
        for reference in _references(document):
            node = document
            for part in reference.removeprefix("#/").split("/"):
                node = node[part]
        ids = [op["operationId"] for path in document["paths"].values() for op in path.values()]

        assert len(ids) == len(set(ids))


def test_every_built_in_route_is_described():
    """
    A new route gets its row in the table, except pages.
    """
    known = {(route.method, route.path) for route in ROUTES}
    silent = {
        key
        for key in known - set(OPERATIONS)
        if key[1] not in LEFT_OUT and "/openapi/" not in key[1]
    }

    assert not silent
    assert not set(OPERATIONS) - known


def test_collections_appear_as_they_are(everything, public):
    """
    A schema for each collection; superusers see all of it, others what they may use.
    """
    posts = everything["components"]["schemas"]["record.posts"]["properties"]

    assert posts["collectionName"] == {"const": "posts"}
    assert "/api/collections/_superusers/records" in everything["paths"]
    assert "/api/collections/_superusers/records" not in public["paths"]
    assert "/api/settings" not in public["paths"]
    assert "password" not in public["components"]["schemas"]["record.users"]["properties"]
    assert "tokenKey" not in everything["components"]["schemas"]["form.users"]["properties"]


def test_it_follows_the_collections(ours):
    """
    A new collection is in the next answer.
    """
    root = ours.client("superuser")
    body = {"name": "described", "type": "base", "listRule": "", "fields": []}
    root.must("POST", "/api/collections", body)
    paths = ours.client().must("GET", JSON)["paths"]

    assert list(paths["/api/collections/described/records"]) == ["get"]
    root.must("PATCH", "/api/collections/described", {"listRule": None})

    assert "/api/collections/described/records" not in ours.client().must("GET", JSON)["paths"]


def test_yaml_says_the_same(ours, public):
    """
    The same document in both forms.
    """
    answer = ours.client().get("/openapi/yaml")

    assert answer.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(answer.body) == ours.client().must("GET", JSON)


def test_the_page_needs_nothing_else(ours):
    """
    The page and its files come from here, and refer to nothing outside.
    """
    for name in ("html", "viewer.js", "viewer.css"):
        answer = ours.client().get(f"/openapi/{name}")

        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not re.search(r"https?://", answer.text)
    assert ours.client().get("/openapi/nope").status == 404


def test_version(ours):
    """
    Anybody may know which version answers.
    """
    answer = ours.client().must("GET", "/api/version")

    assert set(answer) == {"version", "buildCommit", "buildTime"}


PROGRAM = """
from pocketbase_server import PocketBase
app = PocketBase()

@app.route("GET", "/hello/{name}")
def hello(event):
    event.text(200, "hello")

app.start()
"""


def test_own_routes_are_described(tmp_path, launch):
    """
    Routes of a program are in the document, under the names it gave them.
    """
    import sys

    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    side = launch([sys.executable, str(program)])
    found = Client(side.server.port).must("GET", JSON)["paths"]["/hello/{name}"]["get"]

    assert found["parameters"][0]["name"] == "name"
    assert found["tags"] == ["custom"]
