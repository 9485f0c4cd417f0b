"""Both servers on copies of the odd data directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts import servers
from scripts.http_client import Client
from tests.data import odd
from tests.data.seed import PASSWORD
from tests.scenario import Pair, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


def open_pair(
    tmp_path_factory: pytest.TempPathFactory, reference_command: list[str], ours_command: list[str]
) -> Iterator[Pair]:
    """Give the pair, and end it afterwards."""
    data = tmp_path_factory.mktemp("odd") / "pb_data"
    servers.make_superuser(reference_command, data)
    quiet = ("--automigrate=false",)
    with servers.Server(reference_command, data, quiet) as server:
        root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        odd.seed_odd(root)
        tokens = {"superuser": root.token}
        for name in odd.PEOPLE:
            login = Client(server.port).login(f"{name}@example.com", PASSWORD, "users")
            tokens[name] = login.token
    odd.make_odd(data)
    sides = []
    for command, args in ((reference_command, quiet), (ours_command, ())):
        copy = tmp_path_factory.mktemp("side") / "pb_data"
        odd.copy(data, copy)
        sides.append(Side(servers.Server(command, copy, args).start(), tokens))
    yield Pair(*sides)
    for side in sides:
        side.close()
