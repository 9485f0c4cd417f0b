"""
Servers for the tests: real processes on the loopback address, each on its own copy of one template.

`ours` and `reference` live as long as a test module, so that a table of questions costs one start.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from subprocess import SubprocessError
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from scripts import servers
from scripts.http_client import Client
from scripts.reference import ReferenceUnavailableError
from tests import s3_server
from tests.data import seed
from tests.scenario import Pair, Side

if TYPE_CHECKING:
    from pathlib import Path

# the same examples in every run, however slow the machine is
settings.register_profile(
    "steady",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")

PEOPLE = {"alice": "users", "bob": "users", "carol": "users", "erin": "staff", "frank": "staff"}
Launch = Callable[..., Side]


@dataclass(frozen=True)
class Template:
    """A seeded data directory that nobody serves, and a token of everybody in it."""

    data: Path
    tokens: dict[str, str]

    def copy(self, to: Path) -> Path:
        """Return a fresh copy of the data directory."""
        shutil.copytree(self.data, to)
        return to


def _reference_or_none() -> list[str] | None:
    try:
        return servers.reference_command()
    except (ReferenceUnavailableError, OSError, SubprocessError):
        return None


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3_server.S3Server]:
    """Return a real S3 server with an empty bucket."""
    with s3_server.running(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def reference_command() -> list[str]:
    """Return the command of the reference; skip, saying why, when it cannot be had."""
    try:
        return servers.reference_command()
    except (ReferenceUnavailableError, OSError, SubprocessError) as error:
        pytest.skip(f"the reference is not available: {error}")


@pytest.fixture(scope="session")
def ours_command() -> list[str]:
    """Return the command of the server under test."""
    return servers.ours_command()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return a data directory seeded over HTTP, by the reference when there is one."""
    data = tmp_path_factory.mktemp("template") / "pb_data"
    command = _reference_or_none() or servers.ours_command()
    servers.make_superuser(command, data)
    with servers.Server(command, data, _quiet(command)) as server:
        root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        seed.seed(root)
        tokens = {"superuser": root.token, "bad": "eyJhbGciOiJIUzI1NiJ9.e30.x"}
        for name, collection in PEOPLE.items():
            login = Client(server.port).login(f"{name}@example.com", seed.PASSWORD, collection)
            tokens[name] = login.token
    return Template(data, tokens)


def _quiet(command: list[str]) -> tuple[str, ...]:
    """Keep the reference from writing migration files beside the data."""
    return ("--automigrate=false",) if command == _reference_or_none() else ()


@pytest.fixture(scope="module")
def launch(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launch]:
    """Return a function that serves a copy of the template (or *data* itself) with a command."""
    sides: list[Side] = []

    def start(command: list[str], data: Path | None = None, **options: object) -> Side:
        where = data or template.copy(tmp_path_factory.mktemp("side") / "pb_data")
        args = (*_quiet(command), *options.pop("args", ()))  # type: ignore[misc]
        side = Side(servers.Server(command, where, args, **options), template.tokens)  # type: ignore[arg-type]
        sides.append(side)
        side.server.start()
        return side

    yield start
    for side in sides:
        side.close()


@pytest.fixture(scope="module")
def ours(launch: Launch, ours_command: list[str]) -> Side:
    """Return our server on a copy of the template, shared by the tests of one module."""
    return launch(ours_command)


@pytest.fixture(scope="module")
def reference(launch: Launch, reference_command: list[str]) -> Side:
    """Return the reference on a copy of the template, shared by the tests of one module."""
    return launch(reference_command)


@pytest.fixture(scope="module")
def pair(reference: Side, ours: Side) -> Pair:
    """Return both servers, to be asked the same questions."""
    return Pair(reference, ours)
