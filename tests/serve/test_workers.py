"""Several workers are one server: what one of them has changed, the next request finds everywhere."""

from __future__ import annotations

import pytest

from scripts import servers
from scripts.http_client import Client


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("workers") / "pb_data"
    command = servers.ours_command()
    servers.make_superuser(command, data)
    with servers.Server(command, data, args=("--workers=2", "--no-expand-all")) as server:
        yield server


def clients(server, count=12):
    """Clients on connections of their own, which the system spreads over the workers."""
    token = Client(server.port).login(servers.EMAIL, servers.PASSWORD).token
    return [Client(server.port, token) for _ in range(count)]


def test_collections_are_there_at_once(server):
    many = clients(server)
    for n in range(10):
        made = many[0].ask("POST", "/api/collections", {"name": f"c{n}", "type": "base"})
        assert made.status == 200
        seen = {c.ask("GET", f"/api/collections/c{n}/records").status for c in many}
        assert seen == {200}


def test_rules_hold_at_once(server):
    many = clients(server)
    many[0].ask("POST", "/api/collections", {"name": "r", "type": "base", "listRule": ""})
    guests = [Client(server.port) for _ in range(12)]
    for rule, status in ((None, 403), ("", 200)) * 5:
        many[0].ask("PATCH", "/api/collections/r", {"listRule": rule})
        seen = {guest.ask("GET", "/api/collections/r/records").status for guest in guests}
        assert seen == {status}


def test_deleted_collections_are_gone_at_once(server):
    many = clients(server)
    for n in range(5):
        many[0].ask("POST", "/api/collections", {"name": f"d{n}", "type": "base"})
        many[1].ask("DELETE", f"/api/collections/d{n}")
        seen = {c.ask("GET", f"/api/collections/d{n}/records").status for c in many}
        assert seen == {404}
