"""
Schemathesis plays through the OpenAPI document: no server errors, and every answer is as described.

The examples are the same in every run; what schemathesis makes up is half of the time led to things
that exist, so that more than refusals is seen.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from scripts import servers
from scripts.http_client import Client
from tests.data.seed import PASSWORD, f
from tests.parity.multipart import FORM, body, image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Launch

schemathesis = pytest.importorskip("schemathesis")

OPEN = dict.fromkeys(("listRule", "viewRule", "createRule", "updateRule", "deleteRule"), "")
COLLECTION = {
    "name": "things",
    "type": "base",
    **OPEN,
    "fields": [
        f("text", "t"),
        f("editor", "ed"),
        f("number", "n"),
        f("number", "whole", onlyInt=True),
        f("bool", "b"),
        f("email", "e"),
        f("url", "u"),
        f("date", "d"),
        f("select", "one", values=["a", "b"], maxSelect=1),
        f("select", "many", values=["a", "b"], maxSelect=2),
        f("json", "j"),
        f("file", "file", maxSelect=1),
        f("file", "files", maxSelect=3),
        f("relation", "user", collectionId="_pb_users_auth_", maxSelect=1),
        f("geoPoint", "place"),
        f("autodate", "created", onCreate=True),
        f("text", "hushed", hidden=True),
    ],
}
VIEW = {
    "name": "seen",
    "type": "view",
    "listRule": "",
    "viewRule": "",
    "viewQuery": "SELECT id, t, (n * 2) AS twice, j FROM things",
}
USER = "user00000000001"
THING, OTHER = "thing0000000001", "thing0000000002"
THINGS, PEOPLE = {"collection": "things", "id": THING}, {"collection": "users", "id": USER}

LEFT_OUT = {
    "GET /api/realtime": "the answer has no end",
    "POST /api/backups/{key}/restore": "the server starts anew",
}
TWINS = re.compile("/_(mfas|externalAuths|authOrigins)/")
"""Collections of which one, `_otps`, stands for all."""
LAST = (
    "PATCH /api/collections/{collection}",
    "DELETE /api/collections/things/records/{id}",
    "DELETE",
    "PUT /api/collections/import",
    "PATCH /api/settings",
)
"""After these little is left to ask for; in this order."""
LOGIN = {"identity": "u@example.com", "password": PASSWORD}
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/collections": {"name": "more", "type": "base", "fields": [f("text", "t")]},
    "POST /api/collections/meta/dry-run-view": {"query": "SELECT id, j FROM things"},
    "POST /api/collections/users/auth-with-password": LOGIN,
    "POST /api/collections/users/request-otp": {"email": "u@example.com"},
    "POST /api/collections/{collection}/impersonate/{id}": {"duration": 60},
    "POST /api/batch": {
        "requests": [
            {"method": "POST", "url": "/api/collections/things/records", "body": {"id": OTHER}},
            {"method": "DELETE", "url": f"/api/collections/things/records/{OTHER}"},
        ]
    },
    "POST /api/sql": {"query": "SELECT id, j, NULL AS x FROM things"},
    "PUT /api/collections/{collection}/anonymous": {"enabled": True},
}
"""Bodies with which something succeeds."""
TIMES = int(os.environ.get("SCHEMATHESIS_TIMES", "1"))
MODES = {"POSITIVE": 6 * TIMES, "NEGATIVE": 3 * TIMES}
"""Bodies and parameters as described, and not so; with the number of examples."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, ours_command: list[str]) -> Path:
    """Return a small data directory with something of every kind."""
    data = tmp_path_factory.mktemp("described") / "pb_data"
    servers.make_superuser(ours_command, data)
    with servers.Server(ours_command, data) as server:
        root = Client(server.port).login(servers.EMAIL, servers.PASSWORD)
        root.must("PATCH", "/api/collections/users", {**OPEN, "otp": {"enabled": True}})
        for collection in (COLLECTION, VIEW):
            root.must("POST", "/api/collections", collection)
        person = {"id": USER, "email": "u@example.com", "password": PASSWORD, "verified": True}
        person["passwordConfirm"] = PASSWORD
        root.must("POST", "/api/collections/users/records", person)
        parts = body(("id", THING), ("t", "x"), ("user", USER), ("file", "a.png", image("PNG")))
        assert root.ask("POST", "/api/collections/things/records", parts, FORM).status == 200
        root.must("PATCH", "/api/settings", {"batch": {"enabled": True}})
        root.must("POST", "/api/backups", {"name": "one.zip"})
    return data


class Visitor:
    """One kind of caller on a server of its own."""

    def __init__(self, server: servers.Server, token: str) -> None:
        self.url = server.url
        self.client = Client(server.port, token)
        self.headers = {"Authorization": token} if token else {}
        self.session = requests.Session()
        self.statuses: Counter[int] = Counter()
        self.turn = itertools.cycle([True, False])
        thing = self.client.must("GET", f"/api/collections/things/records/{THING}")
        self.known = {**THINGS, "key": "one.zip", "name": thing["file"]}
        self.file_token = self.client.post("/api/files/token").value.get("token", "")

    def operations(self) -> list[Any]:
        """Return what the document describes for this caller, destructive operations last."""
        document = self.client.must("GET", "/openapi/json")
        found = [one.ok() for one in schemathesis.openapi.from_dict(document).get_all_operations()]
        kept = (one for one in found if one.label not in LEFT_OUT and not TWINS.search(one.label))
        return sorted(kept, key=_when)

    def problems(self, operation: Any) -> Iterator[str]:
        """Try an operation in all modes and tell what was not as described."""
        for mode, examples in MODES.items():
            try:
                self._play(operation, schemathesis.GenerationMode[mode], examples)
            except Unsatisfiable:  # there is nothing that could be wrong
                assert mode == "NEGATIVE", operation.label
            except (AssertionError, ExceptionGroup) as ex:
                yield f"{operation.label} ({mode}): {ex!r} {getattr(ex, 'exceptions', '')}"

    def _play(self, operation: Any, mode: Any, examples: int) -> None:
        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def play(case: Any) -> None:
            self._lead(case)
            answer = case.call(
                base_url=self.url, session=self.session, headers=self.headers, timeout=servers.LIMIT
            )
            self.statuses[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        play()

    def _lead(self, case: Any) -> None:
        """Every second time ask for what exists, in a way that may succeed."""
        if not next(self.turn):
            return
        label, path = case.operation.label, case.path_parameters or {}
        is_of_people = re.search(r"/users|/impersonate|/anonymous", label)
        known = {**self.known, **(PEOPLE if is_of_people else {})}
        path.update({name: known[name] for name in path if name in known})
        if label in BODIES:
            case.body, case.media_type = BODIES[label], "application/json"
        if label == "GET /api/backups/{key}":
            case.query = {"token": self.file_token}


CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


def _when(operation: Any) -> int:
    label = operation.label
    return next(
        (n + 1 for n, part in enumerate(LAST) if part in (label, operation.method.upper())), 0
    )


@pytest.mark.parametrize("who", ["guest", "user", "superuser"])
def test_answers_are_as_described(
    who: str, prepared: Path, launch: Launch, ours_command: list[str], tmp_path: Path, record_property: Any
) -> None:  # fmt: skip
    """Whoever asks for whatever is described gets what is described."""
    data = shutil.copytree(prepared, tmp_path / "pb_data")
    side = launch(ours_command, data)
    visitor = Visitor(side.server, _token(who, side.server.port))
    operations = visitor.operations()
    problems = [text for one in operations for text in visitor.problems(one)]
    print(len(operations), visitor.statuses)
    record_property("answers", dict(visitor.statuses))

    assert problems == [], "\n\n".join(problems)
    assert visitor.statuses.total() > 5 * len(operations)
    assert visitor.statuses[200] > len(operations) / 2, "little but refusals was seen"
    assert "Traceback" not in side.server.log


def _token(who: str, port: int) -> str:
    people = {
        "user": ("u@example.com", PASSWORD, "users"),
        "superuser": (servers.EMAIL, servers.PASSWORD),
    }
    return Client(port).login(*people[who]).token if who in people else ""
