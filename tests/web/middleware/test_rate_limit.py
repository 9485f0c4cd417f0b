"""
Rate limits on a running server: which requests share a count, whatever worker answers them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from scripts.http_client import Client
from tests.waiting import until_known_everywhere

LIST = "/api/collections/posts/records"


def rule(label, most, audience=""):
    return {"label": label, "audience": audience, "duration": 600, "maxRequests": most}


@pytest.fixture(scope="module")
def workers(launch, ours_command):
    """Return our server with two workers."""
    side = launch(ours_command)
    side.server.stop()
    side.server.args = ("--workers=2",)
    side.server.start()
    return side


def limit(side, *rules, **options):
    body = {"rateLimits": {"enabled": True, "rules": list(rules), **options}}
    side.client("superuser").must("PATCH", "/api/settings", body)


def statuses(port: int, times: int, path: str, **headers: str) -> list[int]:
    client = Client(port, headers=headers)
    found = [client.get(path).status for _ in range(times)]
    client.close()
    return found


def test_workers_share_their_counts(workers):
    limit(workers, rule("/api/health", 60))
    port = workers.server.port
    statuses(port, 4, "/api/collections/nope/auth-methods")
    until_known_everywhere(workers, "rateLimits.enabled", True)
    with ThreadPoolExecutor(6) as pool:
        found = [*pool.map(lambda _: statuses(port, 20, "/api/health"), range(6))]

    assert sum(status == 200 for answers in found for status in answers) == 60
    assert (workers.data / ".rate_limits").is_file()


def test_what_runs_twice_counts_once(ours):
    """Writes of auth records begin on the event loop and move to a thread."""
    limit(ours, rule("users:create", 3))
    client = ours.client()
    body = {"password": "1234567890", "passwordConfirm": "1234567890"}
    found = [
        client.post("/api/collections/users/records", {**body, "email": f"n{i}@example.com"}).status
        for i in range(5)
    ]

    assert found == [200, 200, 200, 429, 429]


def test_nothing_is_limited_when_they_are_off(ours):
    ours.client("superuser").must("PATCH", "/api/settings", {"rateLimits": {"enabled": False}})

    assert set(statuses(ours.server.port, 30, "/api/health")) == {200}
